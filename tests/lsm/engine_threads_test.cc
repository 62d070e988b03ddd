// The engine with its real threads over real files, driven by a loop as the server's: for what the
// hand-driven tests cannot show, races above all (run it under TSan).

#include <catch2/catch.hpp>
#include <condition_variable>
#include <filesystem>
#include <iostream>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "env/posix_env.h"
#include "lsm/engine.h"
#include "support/rounds.h"
#include "support/scratch_directory.h"
#include "support/seed.h"
#include "util/log.h"
#include "util/random.h"

namespace cairn::lsm {
namespace {

constexpr SpaceId kSpace = kFirstUserSpace;

// What uv_async is to the server.
class Wakeup {
 public:
  void Wake() {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_one();
  }
  void Wait() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(50), [this] { return woken_; });
    woken_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
};

class Server {
 public:
  Server(Env& env, const Options& options) : env_(env), options_(options), log_([] { return 0; }) {
    log_.SetSink([](std::string_view) {});
  }
  ~Server() { Kill(); }

  void Open() {
    background_ = NewThreadedBackground(
        {.read = options_.read_threads, .compaction = options_.background_threads},
        [this] { wakeup_.Wake(); });
    EngineOpener opener(env_, *background_, log_, options_);
    std::optional<Status> opened;
    background_->Submit(Lane::kFlush, [&] {
      const Status status = opener.Run();
      background_->PostCompletion([&opened, status] { opened = status; });
    });
    while (!opened) {
      REQUIRE(opener.progress() >= 0);
      wakeup_.Wait();
      background_->RunCompletions(SIZE_MAX);
    }
    REQUIRE(opened->ok());
    engine_ = opener.Take();
    context_ = engine_->NewLoopContext();
  }
  void Kill() {
    context_.reset();
    engine_.reset();
    background_.reset();
  }
  void Turn() {
    engine_->EndTick();
    background_->RunCompletions(64);
    engine_->Poll();
  }
  void WaitTurn() {
    wakeup_.Wait();
    Turn();
  }

  void Set(const std::string& key, const std::string& value, bool blind) {
    Below below = Below::kUnknown;
    if (blind) {
      below = context_->CheapBelow(kSpace, key);
    } else {
      below = Get(key) ? Below::kLive : Below::kAbsent;
    }
    while (engine_->AdmitWrite(key.size() + value.size()) != Admission::kAdmit) WaitTurn();
    StagedWrite write;
    write.space = kSpace;
    write.below = below;
    write.key = key;
    write.value = value;
    engine_->Commit({&write, 1});
  }
  std::optional<std::string> Get(const std::string& key) {
    engine_->ResetContext(*context_);
    for (;;) {
      engine_->RetryContext(*context_);
      const auto entry = context_->Get(kSpace, key);
      if (!context_->missed()) {
        REQUIRE(context_->status().ok());
        return entry ? std::optional<std::string>(entry->value) : std::nullopt;
      }
      std::optional<Status> fetched;
      engine_->Fetch(*context_, [&](const Status& status) { fetched = status; });
      while (!fetched) WaitTurn();
      REQUIRE(fetched->ok());
    }
  }
  void Settle() {
    bool settled = false;
    engine_->Settle([&] { settled = true; });
    while (!settled) WaitTurn();
  }
  void WaitDurable() {
    while (engine_->watermarks().durable < engine_->watermarks().applied) WaitTurn();
  }
  Engine& engine() { return *engine_; }

 private:
  Env& env_;
  const Options options_;
  Logger log_;
  Wakeup wakeup_;
  std::unique_ptr<Background> background_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<ReadContext> context_;
};

Options ThreadOptions(const std::string& directory) {
  Options options;
  options.directory = directory;
  options.memtable_bytes = 256 << 10;
  options.table_bytes = 64 << 10;
  options.block_cache_bytes = 64 << 10;
  options.record_cache_bytes = 32 << 10;
  options.wal_slot_bytes = 256 << 10;
  options.wal_bytes = 1 << 20;
  options.read_threads = 2;
  options.background_threads = 3;  // so many parts of a merge
  return options;
}

}  // namespace

TEST_CASE("engine threads: writes, cold reads, settling and restarts beside log and flush") {
  CAIRN_TEST_SEED(seed);
  test::ScratchDirectory scratch;
  const std::unique_ptr<Env> env = NewPosixEnv();
  Server server(*env, ThreadOptions(scratch.path() + "/cairn"));
  std::map<std::string, std::string> model;
  Random random(seed);
  for (uint64_t round = 0; round < test::Rounds(4); ++round) {
    server.Open();
    for (uint64_t i = 0; i < test::Rounds(6000); ++i) {
      const std::string key = "key" + std::to_string(random.Uniform(5000));
      const std::string value(random.Uniform(300), static_cast<char>('a' + random.Uniform(26)));
      server.Set(key, value, random.OneIn(2));
      model[key] = value;
      if (random.OneIn(4)) server.Turn();
      if (random.OneIn(3)) {
        const std::string other = "key" + std::to_string(random.Uniform(5000));
        const auto found = server.Get(other);
        const auto expected = model.find(other);
        REQUIRE(found.has_value() == (expected != model.end()));
        if (found) REQUIRE(*found == expected->second);
      }
    }
    server.Settle();
    const SpaceCount count = server.engine().Count(kSpace);
    CHECK(count.unsettled == 0);
    CHECK(count.live == static_cast<int64_t>(model.size()));
    CHECK(server.engine().Stats().flush_failures == 0);
    if (round % 2 == 0) {
      REQUIRE(server.engine().Stop().ok());
    } else {
      server.WaitDurable();  // then whatever is under way is cut off
    }
    server.Kill();
  }
  server.Open();
  for (const auto& [key, value] : model) REQUIRE(server.Get(key) == value);
}

namespace {

// Four runs of 40 MB over the same keys, and how long their merge takes, in seconds.
double TimeMergeOfAll(int threads) {
  test::ScratchDirectory scratch;
  const std::unique_ptr<Env> env = NewPosixEnv();
  Options options;
  options.directory = scratch.path() + "/cairn";
  options.table_bytes = 8 << 20;
  options.sync_mode = SyncMode::kNo;
  options.background_threads = threads;
  Server server(*env, options);
  server.Open();
  server.engine().PauseCompaction(true);
  Random random(7);
  std::string value(100, 'v');
  for (uint64_t i = 0; i < 2'000'000; ++i) {
    for (size_t j = 0; j < 50; ++j) value[j] = static_cast<char>('a' + random.Uniform(26));
    server.Set(std::to_string(random.Uniform(2'000'000)), value, true);
    if (i % 100 == 0) server.Turn();
    if (i % 500'000 == 499'999) {
      server.engine().FreezeNow();
      while (server.engine().Stats().frozen_memtables > 0) server.WaitTurn();
    }
  }
  server.engine().PauseCompaction(false);
  const uint64_t start = env->MonotonicNanos();
  server.engine().CompactAll();
  while (server.engine().Stats().compaction_running) server.WaitTurn();
  const double seconds = static_cast<double>(env->MonotonicNanos() - start) / 1e9;
  const EngineStats stats = server.engine().Stats();
  std::cout << threads << " parts at most: " << seconds << " s, "
            << static_cast<double>(stats.compaction_micros) / 1e6 << " s of workers, "
            << stats.compaction_steps << " steps, " << stats.tables << " tables" << std::endl;
  return seconds;
}

}  // namespace

TEST_CASE("engine threads: a merge of everything in one part and in two", "[.measure]") {
  double one = 0;
  double two = 0;
  for (int round = 0; round < 3; ++round) {
    one += TimeMergeOfAll(1);
    two += TimeMergeOfAll(2);
  }
  std::cout << "two parts take " << two / one << " of the time of one" << std::endl;
  CHECK(two < one);
}

// By what the process itself sees.
size_t OpenTableFiles() {
  size_t count = 0;
  std::error_code gone;
  for (const auto& file : std::filesystem::directory_iterator("/proc/self/fd")) {
    const std::string path = std::filesystem::read_symlink(file.path(), gone).string();
    if (!gone && path.find(".sst") != std::string::npos) ++count;
  }
  return count;
}

TEST_CASE("engine threads: of thousands of tables no more than 64 are open at a time", "[slow]") {
  // A tenth of them under sanitizers.
  const uint64_t tables = cairn::test::Rounds(5000);
  constexpr size_t kLimit = 64;
  const auto env = NewPosixEnv();
  const test::ScratchDirectory scratch;
  Options options = ThreadOptions(scratch.File("db"));
  options.memtable_bytes = 64 << 20;
  options.retained_memtables = 0;
  options.record_cache_bytes = 0;
  options.table_bytes = 1;  // a table for each entry
  options.max_open_files = kLimit;
  const auto key = [](uint64_t i) { return "key" + std::to_string(10'000 + i); };
  {
    Server server(*env, options);
    server.Open();
    for (uint64_t i = 0; i < tables; ++i) server.Set(key(i), "value" + std::to_string(i), true);
    REQUIRE(server.engine().FreezeNow());
    while (server.engine().Stats().tables < tables) server.WaitTurn();
    CHECK(OpenTableFiles() <= kLimit);
    REQUIRE(server.engine().Stop().ok());
  }
  Server server(*env, options);
  const uint64_t begun = env->MonotonicNanos();
  server.Open();
  const uint64_t micros = (env->MonotonicNanos() - begun) / 1000;
  WARN("ready after " << micros << " us");
  CHECK(server.engine().Stats().tables == tables);
  CHECK(OpenTableFiles() == 0);
  CHECK(micros < 5'000'000);
  Random random(1);
  for (uint64_t i = 0; i < tables; ++i) {
    const uint64_t at = i % 2 == 0 ? i : random.Uniform(tables);
    REQUIRE(server.Get(key(at)) == "value" + std::to_string(at));
    if (i % 10 == 0) REQUIRE(OpenTableFiles() <= kLimit);
  }
  CHECK(OpenTableFiles() > kLimit / 2);
}

}  // namespace cairn::lsm
