// The controls of the fault-injecting Env: power, faults, space, damage, clock and reads.
#include "env/fault_env.h"

#include <catch2/catch.hpp>
#include <functional>
#include <thread>

#include "env/thread_role.h"
#include "support/seed.h"

namespace cairn {
namespace {

// Eight operations: create, write, sync, sync-dir, and again through ReplaceFile less one.
void Script(FaultEnv* env) {
  auto file = env->CreateAppend("table");
  if (!file.ok()) return;
  if (!(*file)->Append("data").ok()) return;
  if (!(*file)->Sync().ok()) return;
  if (!env->SyncDirectory(".").ok()) return;
  if (!env->ReplaceFile("CURRENT", "table").ok()) return;
}

TEST_CASE("operations are numbered from 0 and logged in words") {
  FaultEnv env;
  Script(&env);
  CHECK(env.op_count() == 9);
  CHECK(env.OpsLog() ==
        "     0 create   table: OK\n"
        "     1 write    table 4 bytes at 0: OK\n"
        "     2 sync     table: OK\n"
        "     3 sync-dir .: OK\n"
        "     4 create   CURRENT.tmp: OK\n"
        "     5 write    CURRENT.tmp 5 bytes at 0: OK\n"
        "     6 sync     CURRENT.tmp: OK\n"
        "     7 rename   CURRENT.tmp to CURRENT: OK\n"
        "     8 sync-dir .: OK\n");
  CHECK(env.OpenReadable("table").ok());
  CHECK(env.List(".").ok());
  CHECK(env.op_count() == 9);
  env.SetCountReads(true);
  CHECK(env.OpenReadable("table").ok());
  CHECK(env.op_count() == 10);
  CHECK(env.Ops().size() == 12);
  CHECK(env.Ops().back().kind == OpKind::kOpen);
  CHECK(env.Ops().back().number == 9);
}

TEST_CASE("the power is cut before or after each operation, and stays off until Reboot") {
  for (uint64_t n = 0; n < 9; ++n) {
    for (const CutPoint point : {CutPoint::kBefore, CutPoint::kAfter}) {
      FaultEnv env;
      env.PowerCutAt(n, point);
      Script(&env);
      CAPTURE(n, env.OpsLog());
      CHECK_FALSE(env.power());
      CHECK(env.op_count() == n + 1);
      CHECK(env.ReplaceFile("x", "y").ToString() == "I/O error: x.tmp: power is off");
      CHECK(env.OpenReadable("table").status().code() == StatusCode::kIoError);
      CHECK(env.Exists("table").status().code() == StatusCode::kIoError);
      CHECK(env.op_count() == n + 1);
      env.Reboot(CrashMode::kLoseAll);
      const uint64_t done = n + (point == CutPoint::kAfter ? 1 : 0);
      CHECK(env.Exists("table").value() == (done >= 4));
      if (done >= 4) CHECK(env.ReadSmallFile("table", 10).value() == "data");
      CHECK(env.Exists("CURRENT").value() == (done >= 9));
      CHECK(env.power());
      CHECK(env.ReplaceFile("x", "y").ok());
    }
  }
}

TEST_CASE("an operation after which the power went had its effect, but its caller got an error") {
  FaultEnv env;
  auto file = env.CreateAppend("f").value();
  REQUIRE(env.SyncDirectory(".").ok());
  REQUIRE(file->Append("x").ok());
  env.PowerCutAt(3, CutPoint::kAfter);
  CHECK(file->Sync().code() == StatusCode::kIoError);
  env.Reboot(CrashMode::kLoseAll);
  CHECK(env.ReadSmallFile("f", 10).value() == "x");
}

TEST_CASE("what was open before a reboot is dead, and reads after it see the durable state") {
  FaultEnv env;
  REQUIRE(env.ReplaceFile("f", "durable").ok());
  auto slot = env.OpenSlot("f").value();
  const auto readable = env.OpenReadable("f").value();
  auto append = env.CreateAppend("g").value();
  auto lock = env.Lock("LOCK").value();
  REQUIRE(slot->Write(0, "WRITTEN").ok());
  char buffer[7];
  env.CutPower();
  CHECK(readable->Read(0, 7, buffer).code() == StatusCode::kIoError);
  env.Reboot(CrashMode::kLoseAll);
  CHECK(env.ReadSmallFile("f", 10).value() == "durable");
  CHECK(readable->Read(0, 7, buffer).code() == StatusCode::kIoError);
  CHECK(slot->Write(0, "x").code() == StatusCode::kIoError);
  CHECK(slot->Sync().code() == StatusCode::kIoError);
  CHECK(slot->Allocate(10).code() == StatusCode::kIoError);
  CHECK(append->Append("x").code() == StatusCode::kIoError);
  const auto new_lock = env.Lock("LOCK");
  CHECK(new_lock.ok());
  lock.reset();  // the dead lock must not release the new one
  CHECK(env.Lock("LOCK").status().code() == StatusCode::kBusy);
}

TEST_CASE("a process's death loses nothing that was written and makes nothing durable") {
  FaultEnv env;
  REQUIRE(env.ReplaceFile("f", "durable").ok());
  auto slot = env.OpenSlot("f").value();
  const auto lock = env.Lock("LOCK").value();
  REQUIRE(slot->Write(0, "WRITTEN").ok());
  env.Restart();
  CHECK(env.ReadSmallFile("f", 10).value() == "WRITTEN");
  CHECK(env.DumpDurable("f").value() == "durable");
  CHECK(slot->Write(0, "x").code() == StatusCode::kIoError);
  CHECK(env.Lock("LOCK").ok());
  env.Reboot(CrashMode::kLoseAll);
  CHECK(env.ReadSmallFile("f", 10).value() == "durable");
}

TEST_CASE("ReplaceFile is old or new, whole, at every cut and by every seed") {
  CAIRN_TEST_SEED(seed);
  for (uint64_t n = 0; n < 5; ++n) {
    for (uint64_t i = 0; i < 300; ++i) {
      FaultEnv env;
      REQUIRE(env.ReplaceFile("CURRENT", std::string(700, 'o')).ok());
      env.PowerCutAt(5 + n, i % 2 == 0 ? CutPoint::kBefore : CutPoint::kAfter);
      REQUIRE_FALSE(env.ReplaceFile("CURRENT", std::string(1500, 'n')).ok());
      env.Reboot(CrashMode::kRandom, seed + i);
      const std::string content = env.ReadSmallFile("CURRENT", 2000).value();
      REQUIRE((content == std::string(700, 'o') || content == std::string(1500, 'n')));
    }
  }
}

TEST_CASE("a fault hits by kind and path, once or until cleared") {
  FaultEnv env;
  env.AddFault({.kind = OpKind::kSync, .path_part = "wal"});
  auto table = env.CreateAppend("table").value();
  auto wal = env.OpenSlot("wal-1").value();
  CHECK(table->Sync().ok());
  CHECK(wal->Write(0, "x").ok());
  const Status status = wal->Sync();
  CHECK(status.ToString() == "I/O error: wal-1: Input/output error (injected)");
  CHECK(env.fault_hits() == 1);
  CHECK(wal->Sync().ok());

  env.AddFault({.path_part = "wal", .once = false, .code = StatusCode::kNoSpace});
  for (int i = 0; i < 3; ++i) CHECK(wal->Write(0, "x").code() == StatusCode::kNoSpace);
  CHECK(wal->Sync().code() == StatusCode::kNoSpace);
  CHECK(env.Remove("wal-1").code() == StatusCode::kNoSpace);
  CHECK(env.OpenReadable("wal-1").status().code() == StatusCode::kNoSpace);
  CHECK(env.Exists("wal-1").status().code() == StatusCode::kNoSpace);
  CHECK(table->Append("x").ok());
  env.ClearFaults();
  CHECK(wal->Write(0, "x").ok());
  CHECK(env.Exists("wal-1").value());  // the failed removal had no effect
}

TEST_CASE("a fault hits by number, or lets some pass") {
  FaultEnv env;
  auto file = env.CreateAppend("f").value();
  env.AddFault({.op_number = 2});
  env.AddFault({.kind = OpKind::kWrite, .skip = 3});
  CHECK(file->Append("1").ok());
  CHECK_FALSE(file->Append("2").ok());
  CHECK(file->Append("3").ok());
  CHECK(file->Append("4").ok());
  CHECK_FALSE(file->Append("5").ok());
  CHECK(file->Append("6").ok());
  CHECK(env.fault_hits() == 2);
}

TEST_CASE("a short write leaves its first bytes and an error") {
  FaultEnv env;
  auto file = env.CreateAppend("f").value();
  env.AddFault({.kind = OpKind::kWrite, .code = StatusCode::kNoSpace, .short_write_bytes = 3});
  CHECK(file->Append("abcdef").code() == StatusCode::kNoSpace);
  CHECK(env.Dump("f").value() == "abc");
  CHECK(file->size_bytes() == 0);
  env.AddFault({.kind = OpKind::kWrite, .short_write_bytes = 99});
  CHECK(file->Append("xy").code() == StatusCode::kIoError);
  CHECK(env.Dump("f").value() == "xyc");
}

TEST_CASE("a failed sync drops what it should have made durable") {
  FaultEnv env;
  REQUIRE(env.ReplaceFile("f", "old").ok());
  auto slot = env.OpenSlot("f").value();
  REQUIRE(slot->Write(0, "NEW").ok());
  env.AddFault({.kind = OpKind::kSync});
  CHECK_FALSE(slot->Sync().ok());
  CHECK(slot->Sync().ok());  // says OK, proves nothing
  CHECK(env.Dump("f").value() == "NEW");
  CHECK(env.DumpDurable("f").value() == "old");
  REQUIRE(slot->Write(0, "two").ok());
  env.AddFault({.kind = OpKind::kSync, .sync_leaves = CrashMode::kKeepAll});
  CHECK_FALSE(slot->Sync().ok());
  CHECK(env.DumpDurable("f").value() == "two");  // failed, and reached the disk all the same
}

TEST_CASE("writes beyond the capacity fail, and a removal makes room") {
  FaultEnv env;
  env.SetCapacity(1000);
  CHECK(env.FreeBytes(".").value() == 1000);
  auto file = env.CreateAppend("f").value();
  REQUIRE(file->Append(std::string(900, 'x')).ok());
  CHECK(env.FreeBytes(".").value() == 100);
  const Status status = file->Append(std::string(200, 'y'));
  CHECK(status.ToString() == "no space: f: No space left on device");
  CHECK(env.ReplaceFile("CURRENT", "x").code() == StatusCode::kNoSpace);
  CHECK(env.AllFiles() == std::vector<std::string>{"f"});
  file.reset();
  REQUIRE(env.Remove("f").ok());
  CHECK(env.FreeBytes(".").value() == 1000);
  CHECK(env.ReplaceFile("CURRENT", "x").ok());
}

TEST_CASE("damage is seen by programs and survives") {
  FaultEnv env;
  REQUIRE(env.ReplaceFile("f", "abcdef").ok());
  REQUIRE(env.Corrupt("f", 1, 0x20).ok());
  CHECK(env.ReadSmallFile("f", 10).value() == "aBcdef");
  REQUIRE(env.Overwrite("f", 4, "XY").ok());
  REQUIRE(env.Truncate("f", 5).ok());
  env.Reboot(CrashMode::kLoseAll);
  CHECK(env.ReadSmallFile("f", 10).value() == "aBcdX");
  CHECK(env.Corrupt("f", 5, 1).code() == StatusCode::kInvalidArgument);
  CHECK(env.Overwrite("f", 4, "XY").code() == StatusCode::kInvalidArgument);
  CHECK(env.Corrupt("g", 0, 1).code() == StatusCode::kNotFound);
  CHECK(env.op_count() == 5);
}

TEST_CASE("the clock stands still unless it is moved, and randomness follows the seed") {
  FaultEnv env(7);
  const uint64_t wall = env.WallMicros();
  const uint64_t monotonic = env.MonotonicNanos();
  CHECK(env.WallMicros() == wall);
  env.AdvanceMicros(1500);
  CHECK(env.WallMicros() == wall + 1500);
  CHECK(env.MonotonicNanos() == monotonic + 1500000);
  env.SetWallMicros(wall - 10);
  CHECK(env.WallMicros() == wall - 10);
  CHECK(env.MonotonicNanos() == monotonic + 1500000);

  const auto draw = [](FaultEnv* from) {
    std::string bytes(16, '\0');
    from->FillRandom(bytes.data(), bytes.size());
    return bytes;
  };
  FaultEnv same(7);
  FaultEnv other(8);
  const std::string first = draw(&env);
  CHECK(draw(&same) == first);
  CHECK(draw(&other) != first);
  CHECK(draw(&env) != first);
}

TEST_CASE("a clone goes its own way from the same disk") {
  FaultEnv env;
  REQUIRE(env.MakeDirectories("db").ok());
  REQUIRE(env.ReplaceFile("db/f", "durable").ok());
  auto slot = env.OpenSlot("db/f").value();
  REQUIRE(slot->Write(0, "WRITTEN").ok());
  const auto lock = env.Lock("LOCK").value();
  env.AdvanceMicros(5);
  env.CutPower();
  const auto clone = env.Clone();
  CHECK(clone->power());
  CHECK(clone->op_count() == 0);
  CHECK(clone->WallMicros() == env.WallMicros());
  CHECK(clone->Lock("LOCK").ok());
  CHECK(clone->ReadSmallFile("db/f", 10).value() == "WRITTEN");
  REQUIRE(clone->Remove("db/f").ok());
  CHECK(env.Dump("db/f").value() == "WRITTEN");
  clone->Reboot(CrashMode::kLoseAll);
  CHECK(clone->ReadSmallFile("db/f", 10).value() == "durable");
}

TEST_CASE("reads run in Submit, or when the test lets them") {
  FaultEnv env;
  REQUIRE(env.ReplaceFile("f", "abcdef").ok());
  const auto file = env.OpenReadable("f").value();
  auto queue = env.NewReadQueue(4);
  char buffer[3] = {};
  std::vector<ReadRequest> requests{{file.get(), 1, 3, buffer, {}}};
  int callbacks = 0;
  const std::function<void()> count = [&callbacks] { ++callbacks; };
  queue->Submit(requests, count);
  CHECK(callbacks == 1);
  CHECK(std::string(buffer, 3) == "bcd");

  env.SetReadsInline(false);
  std::vector<ReadRequest> bad{{file.get(), 5, 3, buffer, {}}};
  queue->Submit(requests, count);
  queue->Submit(bad, [&] {
    count();
    queue->Submit(requests, count);
  });
  CHECK(callbacks == 1);
  CHECK(env.queued_batches() == 2);
  CHECK(env.RunReads(1) == 1);
  CHECK(callbacks == 2);
  CHECK(env.RunReads() == 2);
  CHECK(callbacks == 4);
  CHECK(bad[0].status.code() == StatusCode::kCorruption);

  queue->Submit(requests, count);
  env.AddFault({.kind = OpKind::kRead, .path_part = "f"});
  CHECK(env.RunReads() == 1);
  CHECK(requests[0].status.code() == StatusCode::kIoError);

  queue->Submit(requests, count);
  auto other_queue = env.NewReadQueue(1);
  other_queue->Submit({}, count);
  queue.reset();
  CHECK(callbacks == 6);
  CHECK(requests[0].status.code() == StatusCode::kAborted);
  CHECK(env.RunReads() == 1);
  CHECK(callbacks == 7);
}

TEST_CASE("open files may outlive the env") {
  std::unique_ptr<SlotFile> slot;
  std::unique_ptr<FileLock> lock;
  std::unique_ptr<ReadQueue> queue;
  {
    FaultEnv env;
    slot = env.OpenSlot("f").value();
    lock = env.Lock("LOCK").value();
    queue = env.NewReadQueue(1);
  }
  CHECK(slot->Write(0, "x").ok());
}

TEST_CASE("whether blocks are overwritten in place is the test's choice") {
  FaultEnv env;
  CHECK(env.OverwritesInPlace(".").value());
  env.SetOverwritesInPlace(false);
  CHECK_FALSE(env.OverwritesInPlace(".").value());
  CHECK_FALSE(env.Clone()->OverwritesInPlace(".").value());
}

TEST_CASE("threads may use it at once, and a cut in the middle stops them all") {
  FaultEnv env;
  env.PowerCutAt(2000, CutPoint::kBefore);
  constexpr int kThreads = 4;
  std::vector<std::thread> threads;
  std::vector<int> synced(kThreads, 0);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&env, &synced, t] {
      auto file = env.CreateAppend("f" + std::to_string(t));
      if (!file.ok() || !env.SyncDirectory(".").ok()) return;
      while ((*file)->Append("x").ok() && (*file)->Sync().ok()) ++synced[t];
    });
  }
  for (std::thread& thread : threads) thread.join();
  env.Reboot(CrashMode::kLoseAll);
  for (int t = 0; t < kThreads; ++t) {
    const auto content = env.ReadSmallFile("f" + std::to_string(t), 1 << 20);
    REQUIRE((content.ok() ? content->size() : 0) == static_cast<size_t>(synced[t]));
  }
  CHECK(env.op_count() == 2001);
}

}  // namespace
}  // namespace cairn
