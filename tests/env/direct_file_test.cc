// Reads that go past the kernel's page cache, and reads that take only what is in it.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "env/fault_env.h"
#include "env/posix_env.h"
#include "env/thread_role.h"
#include "support/scratch_directory.h"
#include "support/seed.h"
#include "util/random.h"

namespace cairn {
namespace {

using test::ScratchDirectory;

std::string SomeBytes(size_t size_bytes) {
  std::string bytes(size_bytes, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>((i * 2654435761) >> 7);
  return bytes;
}

void WriteFile(Env& env, const std::string& path, std::string_view bytes) {
  const auto file = env.CreateAppend(path).value();
  REQUIRE(file->Append(bytes).ok());
  REQUIRE(file->Sync().ok());
}

// Asks the kernel to forget what it holds of a file. It need not.
void DropFromPageCache(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY);
  REQUIRE(fd >= 0);
  const int error = ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  ::close(fd);
  REQUIRE(error == 0);
}

// Whether the kernel holds the page of that offset; the question starts no read.
bool InPageCache(const std::string& path, size_t size_bytes, size_t offset) {
  const int fd = ::open(path.c_str(), O_RDONLY);
  REQUIRE(fd >= 0);
  void* const mapped = ::mmap(nullptr, size_bytes, PROT_READ, MAP_SHARED, fd, 0);
  ::close(fd);
  REQUIRE(mapped != MAP_FAILED);
  const size_t page = ::sysconf(_SC_PAGESIZE);
  unsigned char held = 0;
  const int error = ::mincore(static_cast<char*>(mapped) + offset / page * page, 1, &held);
  ::munmap(mapped, size_bytes);
  REQUIRE(error == 0);
  return (held & 1) != 0;
}

void CheckReads(const ReadableFile& file, const std::string& bytes, Random& random) {
  const auto check = [&](uint64_t offset, size_t length) {
    std::string got(length, '?');
    CAPTURE(offset, length);
    REQUIRE(file.Read(offset, length, got.data()).ok());
    REQUIRE((got == bytes.substr(offset, length)));
  };
  CHECK(file.size_bytes() == bytes.size());
  check(0, bytes.size());
  check(bytes.size(), 0);
  check(bytes.size() - 1, 1);
  for (const uint64_t at : {511, 512, 513, 4095, 4096, 4097}) {
    for (const size_t length : {0, 1, 511, 512, 4096, 5000}) check(at, length);
  }
  for (int i = 0; i < 200; ++i) {
    const uint64_t offset = random.Uniform(bytes.size());
    check(offset, random.Uniform(std::min<uint64_t>(bytes.size() - offset, 20000) + 1));
  }
  char buffer[8];
  for (const uint64_t offset : {bytes.size() - 3, bytes.size(), bytes.size() + 5000}) {
    const Status status = file.Read(offset, 4, buffer);
    CHECK(status.code() == StatusCode::kCorruption);
    CHECK(status.message().find(file.path()) != std::string_view::npos);
  }
}

TEST_CASE("a directly opened file gives any range of its bytes") {
  Random random(test::Seed());
  // The end lies within a unit, or on its bound; a read of all takes several pieces.
  const size_t size_bytes = GENERATE(size_t{10000}, size_t{3 << 20}, size_t{(3 << 20) + 77});
  const std::string bytes = SomeBytes(size_bytes);
  SECTION("POSIX") {
    const ScratchDirectory scratch;
    const auto env = NewPosixEnv();
    WriteFile(*env, scratch.File("f"), bytes);
    CheckReads(*env->OpenDirect(scratch.File("f")).value(), bytes, random);
  }
  SECTION("faults") {
    FaultEnv env;
    env.SetDirectReads(GENERATE(true, false));
    WriteFile(env, "f", bytes);
    CheckReads(*env.OpenDirect("f").value(), bytes, random);
  }
}

TEST_CASE("a file that was cut after it was opened directly ends where it ends") {
  const ScratchDirectory scratch;
  const auto env = NewPosixEnv();
  const std::string path = scratch.File("f");
  WriteFile(*env, path, SomeBytes(3 << 20));
  const auto file = env->OpenDirect(path).value();
  REQUIRE(::truncate(path.c_str(), (1 << 20) + 5000) == 0);
  std::string buffer(2 << 20, '?');
  CHECK(file->Read(100, 1 << 20, buffer.data()).ok());
  CHECK(file->Read(0, buffer.size(), buffer.data()).code() == StatusCode::kCorruption);
  CHECK(file->Read(2 << 20, 100, buffer.data()).code() == StatusCode::kCorruption);
}

TEST_CASE("a missing or empty file opened directly is what it is otherwise") {
  const ScratchDirectory scratch;
  const auto env = NewPosixEnv();
  CHECK(env->OpenDirect(scratch.File("none")).status().code() == StatusCode::kNotFound);
  WriteFile(*env, scratch.File("empty"), "");
  CHECK(env->OpenDirect(scratch.File("empty")).value()->size_bytes() == 0);
}

TEST_CASE("where files cannot be read directly they are read as ever") {
  const auto env = NewPosixEnv();
  // Its files have no blocks.
  const auto file = env->OpenDirect("/proc/self/status");
  REQUIRE(file.ok());
  CHECK_FALSE((*file)->direct());
}

TEST_CASE("direct reads leave nothing in the page cache, and do not ask it") {
  const ScratchDirectory scratch;
  const auto env = NewPosixEnv();
  const std::string path = scratch.File("f");
  WriteFile(*env, path, SomeBytes(1 << 20));
  const auto direct = env->OpenDirect(path).value();
  if (!direct->direct()) return;  // not on this file system
  for (int i = 0; i < 100 && InPageCache(path, 1 << 20, 40960); ++i) DropFromPageCache(path);
  REQUIRE_FALSE(InPageCache(path, 1 << 20, 40960));
  std::string buffer(4096, '?');
  REQUIRE(direct->Read(40960, buffer.size(), buffer.data()).ok());
  CHECK(direct->ReadIfCached(40960, buffer.size(), buffer.data()) == CachedRead::kUnsupported);
  CHECK_FALSE(InPageCache(path, 1 << 20, 40960));
}

TEST_CASE("what the kernel has in memory is read without waiting, what it lacks is not") {
  const ScratchDirectory scratch;
  const auto env = NewPosixEnv();
  const std::string path = scratch.File("f");
  const std::string bytes = SomeBytes(1 << 20);
  WriteFile(*env, path, bytes);
  const auto file = env->OpenReadable(path).value();
  std::string buffer(5000, '?');
  MarkLoopThread();  // it may be asked there
  CachedRead result = file->ReadIfCached(3000, buffer.size(), buffer.data());
  UnmarkLoopThread();
  if (result == CachedRead::kUnsupported) return;  // not on this file system
  REQUIRE(result == CachedRead::kRead);
  CHECK((buffer == bytes.substr(3000, buffer.size())));
  CHECK(file->ReadIfCached(bytes.size() - 10, 11, buffer.data()) == CachedRead::kNotInMemory);
  CHECK(file->ReadIfCached(bytes.size() + 10, 1, buffer.data()) == CachedRead::kNotInMemory);
  // The kernel starts to read what it lacks when it is asked without waiting, and on a busy machine
  // that may be there before it answers: once in a hundred times it must not be.
  for (int attempt = 0; attempt < 100 && result == CachedRead::kRead; ++attempt) {
    DropFromPageCache(path);
    result = file->ReadIfCached(500000, 100, buffer.data());
  }
  CHECK(result == CachedRead::kNotInMemory);
}

TEST_CASE("the fault env's page cache holds what it is told to") {
  FaultEnv env(test::Seed());
  const std::string bytes = SomeBytes(10000);
  WriteFile(env, "f", bytes);
  const auto file = env.OpenReadable("f").value();
  const auto hits = [&] {
    int count = 0;
    for (int i = 0; i < 1000; ++i) {
      std::string buffer(77, '?');
      if (file->ReadIfCached(i, buffer.size(), buffer.data()) != CachedRead::kRead) continue;
      ++count;
      REQUIRE(buffer == bytes.substr(i, buffer.size()));
    }
    return count;
  };
  CHECK(hits() == 0);
  env.SetPageCache(100);
  CHECK(hits() == 1000);
  env.SetPageCache(30);
  const int some = hits();
  CHECK(some > 200);
  CHECK(some < 400);
  env.SetPageCache(100);
  char byte;
  // Faults and flips reach it; what fails is left to Read.
  env.AddFault({.kind = OpKind::kRead});
  CHECK(file->ReadIfCached(0, 1, &byte) == CachedRead::kNotInMemory);
  REQUIRE(env.Corrupt("f", 5, 0x40).ok());
  REQUIRE(file->ReadIfCached(5, 1, &byte) == CachedRead::kRead);
  CHECK(byte == static_cast<char>(bytes[5] ^ 0x40));
  CHECK(file->ReadIfCached(9999, 2, &byte) == CachedRead::kNotInMemory);
  env.SetPageCache(std::nullopt);
  CHECK(file->ReadIfCached(0, 1, &byte) == CachedRead::kUnsupported);
  env.SetPageCache(100);
  CHECK(env.OpenDirect("f").value()->ReadIfCached(0, 1, &byte) == CachedRead::kUnsupported);
}

}  // namespace
}  // namespace cairn
