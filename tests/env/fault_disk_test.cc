// What a power cut leaves: the rules at the head of env/fault_disk.h.
#include "env/fault_disk.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <set>

#include "support/seed.h"

namespace cairn {
namespace {

constexpr uint64_t kSector = FaultDisk::kSectorBytes;

// A file with this content whose bytes and name are durable.
FaultDisk::FileId DurableFile(FaultDisk* disk, const std::string& path, std::string_view content) {
  const FaultDisk::FileId file = disk->Create(path).value();
  REQUIRE(disk->Write(file, 0, content).ok());
  disk->Sync(file);
  REQUIRE(disk->SyncDirectory(".").ok());
  return file;
}

// The content after a crash of a copy; "(gone)" without the name.
std::string After(const FaultDisk& disk, const std::string& path, CrashMode mode,
                  uint64_t seed = 0) {
  FaultDisk copy = disk;
  Random random(seed);
  copy.Crash(mode, &random);
  const auto file = copy.Find(path);
  return file.ok() ? copy.data(*file) : "(gone)";
}

// Everything that the file can become, over many seeds.
std::set<std::string> AllOutcomes(const FaultDisk& disk, const std::string& path) {
  CAIRN_TEST_SEED(seed);
  std::set<std::string> outcomes;
  for (uint64_t i = 0; i < 2000; ++i) {
    outcomes.insert(After(disk, path, CrashMode::kRandom, seed + i));
  }
  return outcomes;
}

// All sets of names that may be in "." after a crash, over many seeds, as "a b".
std::set<std::string> AllNames(const FaultDisk& disk, const std::string& directory = ".") {
  CAIRN_TEST_SEED(seed);
  std::set<std::string> outcomes;
  for (uint64_t i = 0; i < 2000; ++i) {
    FaultDisk copy = disk;
    Random random(seed + i);
    copy.Crash(CrashMode::kRandom, &random);
    std::string names;
    for (const std::string& name : copy.List(directory).value()) {
      names += names.empty() ? name : " " + name;
    }
    outcomes.insert(names);
  }
  return outcomes;
}

TEST_CASE("rule 1: synced bytes stay, unsynced ones are lost, kept or anything between") {
  FaultDisk disk;
  const auto file = DurableFile(&disk, "f", "synced");
  REQUIRE(disk.Write(file, 6, "+tail").ok());
  CHECK(disk.data(file) == "synced+tail");
  CHECK(After(disk, "f", CrashMode::kLoseAll) == "synced");
  CHECK(After(disk, "f", CrashMode::kKeepAll) == "synced+tail");
  const auto outcomes = AllOutcomes(disk, "f");
  CHECK(outcomes.contains("synced"));
  CHECK(outcomes.contains("synced+tail"));
  CHECK(outcomes.contains("synced+t"));                    // a length between
  CHECK(outcomes.contains(std::string("synced\0\0", 8)));  // longer, but never written
  for (const std::string& outcome : outcomes) {
    REQUIRE(outcome.starts_with("synced"));
    REQUIRE(outcome.size() <= 11);
  }
  disk.Sync(file);
  CHECK(AllOutcomes(disk, "f") == std::set<std::string>{"synced+tail"});
}

TEST_CASE("rule 1: each unsynced sector is kept or lost by itself, also in the wrong order") {
  FaultDisk disk;
  const auto file = DurableFile(&disk, "f", std::string(4 * kSector, 'o'));
  REQUIRE(disk.Write(file, 0, std::string(4 * kSector, 'n')).ok());
  std::set<std::string> patterns;
  for (const std::string& outcome : AllOutcomes(disk, "f")) {
    REQUIRE(outcome.size() == 4 * kSector);
    std::string pattern;
    for (uint64_t s = 0; s < 4; ++s) {
      const std::string sector = outcome.substr(s * kSector, kSector);
      const size_t new_bytes = std::min(sector.find('o'), sector.size());
      // A torn sector holds a part of the new bytes and then the old ones.
      REQUIRE(sector == std::string(new_bytes, 'n') + std::string(kSector - new_bytes, 'o'));
      pattern += new_bytes == 0 ? 'o' : new_bytes == kSector ? 'n' : 't';
    }
    patterns.insert(pattern);
  }
  CHECK(patterns.contains("oooo"));
  CHECK(patterns.contains("nnnn"));
  CHECK(patterns.contains("nnoo"));
  CHECK(patterns.contains("oonn"));
  CHECK(patterns.contains("nono"));
  CHECK(std::any_of(patterns.begin(), patterns.end(), [](const std::string& pattern) {
    return pattern.find('t') != std::string::npos;
  }));
}

TEST_CASE("rule 1: an unsynced sector may hold any state that it had since the sync") {
  FaultDisk disk;
  const auto file = DurableFile(&disk, "f", "0");
  for (const char* state : {"1", "2", "3"}) REQUIRE(disk.Write(file, 0, state).ok());
  CHECK(AllOutcomes(disk, "f") == std::set<std::string>{"0", "1", "2", "3"});
}

TEST_CASE("rule 1: what a write does not touch is never changed by a crash") {
  FaultDisk disk;
  std::string durable(8 * kSector, '\0');
  for (size_t i = 0; i < durable.size(); ++i) durable[i] = static_cast<char>(i * 31 >> 2);
  const auto file = DurableFile(&disk, "f", durable);
  const uint64_t from = 3 * kSector + 100;
  const uint64_t to = 5 * kSector + 7;
  REQUIRE(disk.Write(file, from, std::string(to - from, 'X')).ok());
  for (const std::string& outcome : AllOutcomes(disk, "f")) {
    REQUIRE(outcome.size() == durable.size());
    REQUIRE(outcome.substr(0, from) == durable.substr(0, from));
    REQUIRE(outcome.substr(to) == durable.substr(to));
  }
}

TEST_CASE("rule 1: cutting a file is durable with the next sync only") {
  FaultDisk disk;
  const auto file = DurableFile(&disk, "f", "123456");
  disk.Resize(file, 3);
  CHECK(disk.data(file) == "123");
  CHECK(After(disk, "f", CrashMode::kLoseAll) == "123456");
  CHECK(After(disk, "f", CrashMode::kKeepAll) == "123");
  for (const std::string& outcome : AllOutcomes(disk, "f")) {
    REQUIRE(std::string("123456").starts_with(outcome));
    REQUIRE(outcome.size() >= 3);
  }
  disk.Sync(file);
  CHECK(After(disk, "f", CrashMode::kLoseAll) == "123");
}

TEST_CASE("rule 2: a synced file whose directory entry is not synced is lost") {
  FaultDisk disk;
  const auto file = disk.Create("f").value();
  REQUIRE(disk.Write(file, 0, "synced").ok());
  disk.Sync(file);
  CHECK(After(disk, "f", CrashMode::kLoseAll) == "(gone)");
  CHECK(After(disk, "f", CrashMode::kKeepAll) == "synced");
  CHECK(AllOutcomes(disk, "f") == std::set<std::string>{"(gone)", "synced"});
  REQUIRE(disk.SyncDirectory(".").ok());
  CHECK(AllOutcomes(disk, "f") == std::set<std::string>{"synced"});
}

TEST_CASE("rule 2: a durable name says nothing about the bytes") {
  FaultDisk disk;
  const auto file = disk.Create("f").value();
  REQUIRE(disk.Write(file, 0, "unsynced").ok());
  REQUIRE(disk.SyncDirectory(".").ok());
  CHECK(After(disk, "f", CrashMode::kLoseAll).empty());
}

TEST_CASE("rule 2: a removal that is not synced may come back") {
  FaultDisk disk;
  DurableFile(&disk, "f", "content");
  REQUIRE(disk.Remove("f").ok());
  CHECK_FALSE(disk.Exists("f"));
  CHECK(After(disk, "f", CrashMode::kLoseAll) == "content");
  CHECK(AllOutcomes(disk, "f") == std::set<std::string>{"(gone)", "content"});
  REQUIRE(disk.SyncDirectory(".").ok());
  CHECK(AllOutcomes(disk, "f") == std::set<std::string>{"(gone)"});
}

TEST_CASE("rule 2: names survive each by itself, and not only in order") {
  FaultDisk disk;
  for (const char* name : {"a", "b", "c"}) REQUIRE(disk.Create(name).ok());
  CHECK(AllNames(disk) == std::set<std::string>{"", "a", "b", "c", "a b", "a c", "b c", "a b c"});
}

TEST_CASE("rule 2: SyncDirectory is for that directory alone") {
  FaultDisk disk;
  REQUIRE(disk.MakeDirectory("d").ok());
  REQUIRE(disk.Create("f").ok());
  REQUIRE(disk.Create("d/g").ok());
  REQUIRE(disk.SyncDirectory("d").ok());
  CHECK(After(disk, "f", CrashMode::kLoseAll) == "(gone)");
  CHECK(After(disk, "d/g", CrashMode::kLoseAll).empty());
}

TEST_CASE("rule 2: a name's history does not come back once a later change of it is durable") {
  FaultDisk disk;
  DurableFile(&disk, "f", "one");
  REQUIRE(disk.Remove("f").ok());
  const auto file = disk.Create("f").value();
  REQUIRE(disk.Write(file, 0, "two").ok());
  disk.Sync(file);
  CHECK(AllOutcomes(disk, "f") == std::set<std::string>{"(gone)", "one", "two"});
  REQUIRE(disk.SyncDirectory(".").ok());
  CHECK(AllOutcomes(disk, "f") == std::set<std::string>{"two"});
}

TEST_CASE("rule 3: a rename leaves the old name, the new one or both, never none") {
  FaultDisk disk;
  DurableFile(&disk, "old", "content");
  REQUIRE(disk.Rename("old", "new").ok());
  CHECK(AllNames(disk) == std::set<std::string>{"old", "new", "new old"});
  REQUIRE(disk.SyncDirectory(".").ok());
  CHECK(AllNames(disk) == std::set<std::string>{"new"});
}

TEST_CASE("rule 3: a rename onto a file leaves one of the two, whole") {
  FaultDisk disk;
  DurableFile(&disk, "CURRENT", "old");
  DurableFile(&disk, "CURRENT.tmp", "new");
  REQUIRE(disk.Rename("CURRENT.tmp", "CURRENT").ok());
  CHECK(disk.data(disk.Find("CURRENT").value()) == "new");
  CHECK(After(disk, "CURRENT", CrashMode::kLoseAll) == "old");
  CHECK(AllOutcomes(disk, "CURRENT") == std::set<std::string>{"old", "new"});
}

TEST_CASE("rule 3: syncing the directory that a file was renamed out of does not lose it") {
  FaultDisk disk;
  REQUIRE(disk.MakeDirectory("from").ok());
  REQUIRE(disk.MakeDirectory("to").ok());
  REQUIRE(disk.Create("from/f").ok());
  REQUIRE(disk.SyncDirectory("from").ok());
  REQUIRE(disk.Create("to/f").ok());  // must not come back over the renamed one
  REQUIRE(disk.Rename("from/f", "to/f").ok());
  const auto renamed = disk.Find("to/f").value();
  REQUIRE(disk.Write(renamed, 0, "x").ok());
  disk.Sync(renamed);
  REQUIRE(disk.SyncDirectory("from").ok());
  CHECK(AllOutcomes(disk, "from/f") == std::set<std::string>{"(gone)"});
  CHECK(AllOutcomes(disk, "to/f") == std::set<std::string>{"x"});
}

TEST_CASE("rule 4: hard links share bytes and durability, not the name's") {
  FaultDisk disk;
  const auto file = DurableFile(&disk, "a", "one");
  REQUIRE(disk.Link("a", "b").ok());
  REQUIRE(disk.Write(file, 0, "two").ok());
  CHECK(disk.data(disk.Find("b").value()) == "two");
  disk.Sync(disk.Find("b").value());
  CHECK(After(disk, "a", CrashMode::kLoseAll) == "two");
  CHECK(After(disk, "b", CrashMode::kLoseAll) == "(gone)");
  REQUIRE(disk.Remove("a").ok());
  REQUIRE(disk.SyncDirectory(".").ok());
  CHECK(After(disk, "b", CrashMode::kLoseAll) == "two");
  CHECK(After(disk, "a", CrashMode::kLoseAll) == "(gone)");
}

TEST_CASE("rule 5: a failed sync drops pages and the next sync does not bring them back") {
  FaultDisk disk;
  Random random(1);
  const auto file = DurableFile(&disk, "f", "old");
  REQUIRE(disk.Write(file, 0, "NEW").ok());
  disk.FailSync(file, CrashMode::kLoseAll, &random);
  CHECK(disk.data(file) == "NEW");  // the page cache still has it
  disk.Sync(file);
  CHECK(AllOutcomes(disk, "f") == std::set<std::string>{"old"});
  REQUIRE(disk.Write(file, 2, "!").ok());
  disk.Sync(file);
  CHECK(AllOutcomes(disk, "f") == std::set<std::string>{"ol!"});
}

TEST_CASE("rule 5: a hole in an appended file, where a failed sync dropped a page") {
  FaultDisk disk;
  Random random(1);
  const auto file = DurableFile(&disk, "f", "");
  REQUIRE(disk.Write(file, 0, "lost").ok());
  disk.FailSync(file, CrashMode::kLoseAll, &random);
  REQUIRE(disk.Write(file, 4, "kept").ok());
  disk.Sync(file);
  CHECK(disk.data(file) == "lostkept");
  CHECK(AllOutcomes(disk, "f") == std::set<std::string>{std::string("\0\0\0\0kept", 8)});
}

TEST_CASE("rule 5: by seed, a part had reached the disk before the sync failed") {
  std::set<std::string> outcomes;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    FaultDisk disk;
    Random random(seed);
    const auto file = DurableFile(&disk, "f", "old");
    REQUIRE(disk.Write(file, 0, "NEW").ok());
    disk.FailSync(file, CrashMode::kRandom, &random);
    outcomes.insert(After(disk, "f", CrashMode::kLoseAll));
  }
  CHECK(outcomes.contains("old"));
  CHECK(outcomes.contains("NEW"));
}

TEST_CASE("rule 6: a directory is there once it is made, and needs its parent") {
  FaultDisk disk;
  CHECK(disk.MakeDirectory("a/b").code() == StatusCode::kNotFound);
  CHECK(disk.MissingDirectories("/a/b/") == std::vector<std::string>{"/a", "/a/b"});
  REQUIRE(disk.MakeDirectory("a").ok());
  REQUIRE(disk.MakeDirectory("a/b").ok());
  CHECK(AllNames(disk) == std::set<std::string>{"a"});
  CHECK(AllNames(disk, "a") == std::set<std::string>{"b"});
}

TEST_CASE("paths are compared without their noise") {
  FaultDisk disk;
  REQUIRE(disk.MakeDirectory("/a").ok());
  REQUIRE(disk.Create("/a/f").ok());
  CHECK(disk.Exists("//a/./f"));
  CHECK(disk.IsDirectory("/a/"));
  CHECK_FALSE(disk.Exists("a/f"));
  CHECK(disk.FilePaths() == std::vector<std::string>{"/a/f"});
}

TEST_CASE("a crash is the same for the same seed") {
  FaultDisk disk;
  const auto file = DurableFile(&disk, "f", std::string(20 * kSector, 'o'));
  for (uint64_t at = 0; at < 30 * kSector; at += 700) {
    REQUIRE(disk.Write(file, at, std::string(900, static_cast<char>('a' + at % 26))).ok());
  }
  for (uint64_t seed = 0; seed < 50; ++seed) {
    REQUIRE(After(disk, "f", CrashMode::kRandom, seed) ==
            After(disk, "f", CrashMode::kRandom, seed));
  }
}

TEST_CASE("space is what named and open files take") {
  FaultDisk disk;
  disk.SetCapacity(1000);
  const auto file = DurableFile(&disk, "f", std::string(600, 'x'));
  CHECK(disk.UsedBytes() == 600);
  CHECK(disk.FreeBytes() == 400);
  const auto other = disk.Create("g").value();
  CHECK(disk.Write(other, 0, std::string(500, 'y')).code() == StatusCode::kNoSpace);
  CHECK(disk.data(other).size() == 400);  // as much as fits
  CHECK(disk.FreeBytes() == 0);
  REQUIRE(disk.Write(file, 0, std::string(600, 'z')).ok());  // in place
  CHECK(disk.Write(file, 599, "zz").code() == StatusCode::kNoSpace);
  disk.Open(file);
  REQUIRE(disk.Link("f", "h").ok());
  REQUIRE(disk.Remove("f").ok());
  CHECK(disk.FreeBytes() == 0);  // "h" has it
  REQUIRE(disk.Remove("h").ok());
  CHECK(disk.FreeBytes() == 0);  // still open
  disk.Close(file);
  CHECK(disk.FreeBytes() == 600);
  disk.SetCapacity(std::nullopt);
  CHECK(disk.FreeBytes() > 1000000000);
}

TEST_CASE("rule 7: a directory's new name or removal may be lost until its parent is synced") {
  FaultDisk disk;
  REQUIRE(disk.MakeDirectory("begun").ok());
  const auto file = disk.Create("begun/f").value();
  REQUIRE(disk.Write(file, 0, "x").ok());
  disk.Sync(file);
  REQUIRE(disk.SyncDirectory("begun").ok());
  REQUIRE(disk.Rename("begun", "whole").ok());
  CHECK(disk.Find("whole/f").ok());
  CHECK(After(disk, "whole/f", CrashMode::kLoseAll) == "(gone)");
  CHECK(After(disk, "begun/f", CrashMode::kLoseAll) == "x");
  CHECK(After(disk, "whole/f", CrashMode::kKeepAll) == "x");
  CHECK(AllNames(disk) == std::set<std::string>{"begun", "whole"});
  REQUIRE(disk.SyncDirectory(".").ok());
  CHECK(AllNames(disk) == std::set<std::string>{"whole"});

  CHECK_FALSE(disk.Remove("whole").ok());
  REQUIRE(disk.Remove("whole/f").ok());
  REQUIRE(disk.Remove("whole").ok());
  CHECK_FALSE(disk.Exists("whole"));
  // With what was not durably gone in it.
  CHECK(After(disk, "whole/f", CrashMode::kLoseAll) == "x");
  CHECK(AllNames(disk) == std::set<std::string>{"", "whole"});
  REQUIRE(disk.SyncDirectory(".").ok());
  CHECK(AllNames(disk) == std::set<std::string>{""});
  CHECK(disk.UsedBytes() == 0);
}

}  // namespace
}  // namespace cairn
