// What env/env.h promises, over every Env.
#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>

#include "env/env.h"
#include "env/fault_env.h"
#include "env/posix_env.h"
#include "support/scratch_directory.h"

namespace cairn {
namespace {

struct OnPosix {
  test::ScratchDirectory scratch;
  std::unique_ptr<Env> owned = NewPosixEnv();
  Env& env = *owned;
  std::string directory = scratch.path();
};

struct OnFaults {
  FaultEnv env;
  std::string directory = "/data";
  OnFaults() { REQUIRE(env.MakeDirectories(directory).ok()); }
};

std::string ReadAll(const ReadableFile& file) {
  std::string content(file.size_bytes(), '?');
  REQUIRE(file.Read(0, content.size(), content.data()).ok());
  return content;
}

#define FOR_EVERY_ENV(name) TEMPLATE_TEST_CASE(name, "[contract]", OnPosix, OnFaults)

FOR_EVERY_ENV("an appended file reads back") {
  TestType on;
  const std::string path = on.directory + "/table";
  auto file = on.env.CreateAppend(path).value();
  CHECK(file->path() == path);
  CHECK(file->size_bytes() == 0);
  REQUIRE(file->Append("hello ").ok());
  const std::string large(3 << 20, 'x');
  REQUIRE(file->Append(large).ok());
  REQUIRE(file->Append("").ok());
  CHECK(file->size_bytes() == large.size() + 6);
  REQUIRE(file->Sync().ok());
  REQUIRE(file->Close().ok());

  const auto readable = on.env.OpenReadable(path).value();
  CHECK(readable->path() == path);
  CHECK((ReadAll(*readable) == "hello " + large));
  char buffer[4];
  REQUIRE(readable->Read(4, 4, buffer).ok());
  CHECK(std::string(buffer, 4) == "o xx");
  REQUIRE(readable->Read(readable->size_bytes(), 0, buffer).ok());
}

FOR_EVERY_ENV("a read past the end is corruption and names the file") {
  TestType on;
  const std::string path = on.directory + "/short";
  REQUIRE(on.env.CreateAppend(path).value()->Append("12345").ok());
  const auto readable = on.env.OpenReadable(path).value();
  char buffer[8];
  for (const auto& [offset, length] :
       {std::pair<uint64_t, size_t>{0, 6}, {3, 4}, {5, 1}, {99, 1}}) {
    const Status status = readable->Read(offset, length, buffer);
    CHECK(status.code() == StatusCode::kCorruption);
    CHECK(status.message().find(path) != std::string_view::npos);
  }
}

FOR_EVERY_ENV("a missing file is not found, an existing one is not created again") {
  TestType on;
  const std::string path = on.directory + "/file";
  CHECK(on.env.OpenReadable(path).status().code() == StatusCode::kNotFound);
  CHECK(on.env.ReadSmallFile(path, 10).status().code() == StatusCode::kNotFound);
  CHECK(on.env.Remove(path).code() == StatusCode::kNotFound);
  CHECK(on.env.Rename(path, path + "2").code() == StatusCode::kNotFound);
  CHECK(on.env.HardLink(path, path + "2").code() == StatusCode::kNotFound);
  CHECK(on.env.List(on.directory + "/none").status().code() == StatusCode::kNotFound);
  CHECK(on.env.SyncDirectory(on.directory + "/none").code() == StatusCode::kNotFound);
  CHECK(on.env.CreateAppend(on.directory + "/none/x").status().code() == StatusCode::kNotFound);
  REQUIRE(on.env.CreateAppend(path).ok());
  const Status again = on.env.CreateAppend(path).status();
  CHECK(again.code() == StatusCode::kBusy);
  CHECK(again.message().find(path) != std::string_view::npos);
}

FOR_EVERY_ENV("a slot is zeroed by Allocate and overwritten in place") {
  TestType on;
  const std::string path = on.directory + "/slot";
  auto slot = on.env.OpenSlot(path).value();
  CHECK(slot->size_bytes() == 0);
  REQUIRE(slot->Write(0, "old bytes").ok());
  const uint64_t size = (1 << 20) + 4096;
  REQUIRE(slot->Allocate(size).ok());
  CHECK(slot->size_bytes() == size);
  std::string content(size, '?');
  REQUIRE(slot->Read(0, size, content.data()).ok());
  CHECK((content == std::string(size, '\0')));

  REQUIRE(slot->Write(4090, "0123456789").ok());
  REQUIRE(slot->Sync().ok());
  CHECK(slot->size_bytes() == size);
  char buffer[12];
  REQUIRE(slot->Read(4089, 12, buffer).ok());
  CHECK(std::string(buffer, 12) == std::string(1, '\0') + "0123456789" + std::string(1, '\0'));
  CHECK(slot->Write(size - 1, "ab").code() == StatusCode::kInvalidArgument);
  CHECK(slot->Read(size - 1, 2, buffer).code() == StatusCode::kCorruption);

  REQUIRE(slot->Allocate(8192).ok());
  CHECK(slot->size_bytes() == 8192);
  slot = on.env.OpenSlot(path).value();
  CHECK(slot->size_bytes() == 8192);
}

FOR_EVERY_ENV("a slot without Allocate grows by its writes") {
  TestType on;
  auto slot = on.env.OpenSlot(on.directory + "/plain").value();
  REQUIRE(slot->Write(0, "abc").ok());
  REQUIRE(slot->Write(3, "def").ok());
  CHECK(slot->size_bytes() == 6);
  REQUIRE(slot->Write(8, "x").ok());
  char buffer[9];
  REQUIRE(slot->Read(0, 9, buffer).ok());
  CHECK(std::string(buffer, 9) == std::string("abcdef\0\0x", 9));
}

FOR_EVERY_ENV("ReplaceFile leaves the new content and no temporary file") {
  TestType on;
  const std::string path = on.directory + "/CURRENT";
  REQUIRE(on.env.ReplaceFile(path, "one, which is longer").ok());
  CHECK(on.env.ReadSmallFile(path, 100).value() == "one, which is longer");
  REQUIRE(on.env.CreateAppend(path + ".tmp").value()->Append("left over by a crash").ok());
  REQUIRE(on.env.ReplaceFile(path, "two").ok());
  CHECK(on.env.ReadSmallFile(path, 3).value() == "two");
  CHECK(on.env.ReadSmallFile(path, 2).status().code() == StatusCode::kCorruption);
  CHECK(on.env.List(on.directory).value() == std::vector<std::string>{"CURRENT"});
  CHECK_FALSE(on.env.ReplaceFile(on.directory + "/none/CURRENT", "x").ok());
}

FOR_EVERY_ENV("names: rename replaces, links share the file, List is sorted") {
  TestType on;
  const std::string a = on.directory + "/a";
  const std::string b = on.directory + "/b";
  const std::string c = on.directory + "/c";
  REQUIRE(on.env.ReplaceFile(b, "content of b").ok());
  REQUIRE(on.env.ReplaceFile(a, "content of a").ok());
  REQUIRE(on.env.HardLink(a, c).ok());
  CHECK(on.env.HardLink(a, b).code() == StatusCode::kBusy);
  CHECK(on.env.List(on.directory).value() == std::vector<std::string>{"a", "b", "c"});
  REQUIRE(on.env.Rename(a, b).ok());
  CHECK_FALSE(on.env.Exists(a).value());
  CHECK(on.env.ReadSmallFile(b, 100).value() == "content of a");
  auto slot = on.env.OpenSlot(b).value();
  REQUIRE(slot->Write(0, "CONTENT").ok());
  CHECK(on.env.ReadSmallFile(c, 100).value() == "CONTENT of a");
  REQUIRE(on.env.Remove(b).ok());
  CHECK(on.env.ReadSmallFile(c, 100).value() == "CONTENT of a");
  REQUIRE(on.env.SyncDirectory(on.directory).ok());
  CHECK(on.env.List(on.directory).value() == std::vector<std::string>{"c"});
}

FOR_EVERY_ENV("a removed file is readable as long as it is open") {
  TestType on;
  const std::string path = on.directory + "/table";
  REQUIRE(on.env.ReplaceFile(path, "still here").ok());
  const auto readable = on.env.OpenReadable(path).value();
  REQUIRE(on.env.Remove(path).ok());
  REQUIRE(on.env.SyncDirectory(on.directory).ok());
  CHECK(ReadAll(*readable) == "still here");
}

FOR_EVERY_ENV("directories are made with their parents") {
  TestType on;
  const std::string deep = on.directory + "/x/y/z";
  CHECK_FALSE(on.env.Exists(deep).value());
  REQUIRE(on.env.MakeDirectories(deep).ok());
  CHECK(on.env.Exists(deep).value());
  CHECK(on.env.Exists(on.directory + "/x/y").value());
  REQUIRE(on.env.MakeDirectories(deep).ok());
  REQUIRE(on.env.MakeDirectories(deep + "/").ok());
  CHECK(on.env.List(on.directory + "/x").value() == std::vector<std::string>{"y"});
  REQUIRE(on.env.ReplaceFile(on.directory + "/file", "").ok());
  CHECK_FALSE(on.env.MakeDirectories(on.directory + "/file").ok());
  CHECK_FALSE(on.env.MakeDirectories(on.directory + "/file/below").ok());
}

FOR_EVERY_ENV("a lock has one holder and goes with it") {
  TestType on;
  const std::string path = on.directory + "/LOCK";
  CHECK(on.env.CheckUnlocked(path).code() == StatusCode::kNotFound);
  CHECK_FALSE(on.env.Exists(path).value());
  auto lock = on.env.Lock(path).value();
  const Status second = on.env.Lock(path).status();
  CHECK(second.code() == StatusCode::kBusy);
  CHECK(second.message().find(path) != std::string_view::npos);
  CHECK(on.env.CheckUnlocked(path).ToString() == second.ToString());
  lock.reset();
  CHECK(on.env.CheckUnlocked(path).ok());
  CHECK(on.env.Lock(path).ok());
  CHECK(on.env.Exists(path).value());
}

FOR_EVERY_ENV("space, and how blocks are overwritten") {
  TestType on;
  CHECK(on.env.FreeBytes(on.directory).value() > 0);
  CHECK(on.env.OverwritesInPlace(on.directory).ok());
  CHECK(on.env.FreeBytes(on.directory + "/none").status().code() == StatusCode::kNotFound);
}

FOR_EVERY_ENV("clocks and randomness") {
  TestType on;
  CHECK(on.env.WallMicros() > 1700000000000000);
  const uint64_t before = on.env.MonotonicNanos();
  CHECK(on.env.MonotonicNanos() >= before);
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    std::string bytes(16, '\0');
    on.env.FillRandom(bytes.data(), bytes.size());
    seen.insert(bytes);
  }
  CHECK(seen.size() == 100);
}

// Waits for a number of callbacks, from whatever thread.
class Countdown {
 public:
  explicit Countdown(int count) : left_(count) {}
  void Down() {
    const std::lock_guard lock(mutex_);
    --left_;
    zero_.notify_all();
  }
  void Wait() {
    std::unique_lock lock(mutex_);
    zero_.wait(lock, [this] { return left_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable zero_;
  int left_;
};

struct ReadBatch {
  static constexpr size_t kReads = 7;
  std::vector<ReadRequest> requests = std::vector<ReadRequest>(kReads);
  std::vector<std::string> buffers = std::vector<std::string>(kReads, std::string(1000, '\0'));
  std::atomic<int> callbacks = 0;
};

FOR_EVERY_ENV("a batch of reads calls back once, with every status set") {
  TestType on;
  std::string content(64 * 1024, '\0');
  for (size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 131 >> 3);
  REQUIRE(on.env.ReplaceFile(on.directory + "/table", content).ok());
  const auto file = on.env.OpenReadable(on.directory + "/table").value();
  const auto queue = on.env.NewReadQueue(3);

  constexpr int kBatches = 20;
  std::vector<ReadBatch> batches(kBatches);
  Countdown countdown(kBatches + 1);
  for (int b = 0; b < kBatches; ++b) {
    ReadBatch& batch = batches[b];
    for (size_t r = 0; r < ReadBatch::kReads; ++r) {
      // The last read of each batch passes the end of the file.
      const bool bad = r + 1 == ReadBatch::kReads;
      const uint64_t offset = bad ? content.size() - 10 : 37 * b + 1000 * r;
      batch.requests[r] = {file.get(), offset, 1000, batch.buffers[r].data(), {}};
    }
    queue->Submit(batch.requests, [&batch, &countdown] {
      ++batch.callbacks;
      countdown.Down();
    });
  }
  queue->Submit({}, [&countdown] { countdown.Down(); });
  countdown.Wait();
  for (int b = 0; b < kBatches; ++b) {
    CHECK(batches[b].callbacks == 1);
    for (size_t r = 0; r + 1 < ReadBatch::kReads; ++r) {
      REQUIRE(batches[b].requests[r].status.ok());
      REQUIRE(batches[b].buffers[r] == content.substr(37 * b + 1000 * r, 1000));
    }
    CHECK(batches[b].requests.back().status.code() == StatusCode::kCorruption);
  }
}

FOR_EVERY_ENV("a read queue that ends calls every batch back") {
  TestType on;
  REQUIRE(on.env.ReplaceFile(on.directory + "/table", std::string(4096, 'x')).ok());
  const auto file = on.env.OpenReadable(on.directory + "/table").value();
  constexpr int kBatches = 200;
  std::vector<std::vector<ReadRequest>> batches(kBatches, std::vector<ReadRequest>(4));
  std::vector<std::string> buffers(size_t{kBatches} * 4, std::string(4096, '\0'));
  std::atomic<int> callbacks = 0;
  auto queue = on.env.NewReadQueue(2);
  for (int b = 0; b < kBatches; ++b) {
    for (int r = 0; r < 4; ++r) {
      batches[b][r] = {file.get(), 0, 4096, buffers[b * 4 + r].data(), Status::Busy("not run")};
    }
    queue->Submit(batches[b], [&callbacks] { ++callbacks; });
  }
  queue.reset();
  CHECK(callbacks == kBatches);
  for (const auto& batch : batches) {
    for (const ReadRequest& request : batch) {
      REQUIRE((request.status.ok() || request.status.code() == StatusCode::kAborted));
    }
  }
}

FOR_EVERY_ENV("a directory takes another name with all that is in it, and goes when it is empty") {
  TestType on;
  const std::string from = on.directory + "/begun";
  const std::string to = on.directory + "/whole";
  REQUIRE(on.env.MakeDirectories(from).ok());
  REQUIRE(on.env.ReplaceFile(from + "/file", "content").ok());
  REQUIRE(on.env.Rename(from, to).ok());
  REQUIRE(on.env.SyncDirectory(on.directory).ok());
  CHECK_FALSE(on.env.Exists(from).value());
  CHECK(on.env.ReadSmallFile(to + "/file", 100).value() == "content");
  CHECK_FALSE(on.env.Remove(to).ok());
  // Not over another that holds something.
  REQUIRE(on.env.MakeDirectories(from).ok());
  CHECK_FALSE(on.env.Rename(from, to).ok());
  REQUIRE(on.env.Remove(to + "/file").ok());
  REQUIRE(on.env.Remove(to).ok());
  CHECK_FALSE(on.env.Exists(to).value());
  CHECK(on.env.Remove(to).code() == StatusCode::kNotFound);
}

}  // namespace
}  // namespace cairn
