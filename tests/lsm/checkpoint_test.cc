// Checkpoints: each is a state that existed, whole or not there, whatever runs beside it and
// wherever the power goes.

#include "lsm/checkpoint.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "support/engine_driver.h"
#include "support/rounds.h"
#include "support/seed.h"
#include "util/random.h"

namespace cairn::lsm {
namespace {

using test::EngineDriver;
using test::OwnedBatch;
using test::Set;
using test::SmallOptions;
using test::StoreModel;

constexpr char kDirectory[] = "saved";
const std::vector<SpaceId> kSpaces = {kFirstUserSpace};

// An engine, every state that it went through, and what came of its checkpoints.
struct Saver {
  explicit Saver(FaultEnv& env_in, uint64_t seed = 1)
      : env(env_in), random(seed), driver(env_in, SmallOptions()) {}

  void Write(int batches) {
    for (int i = 0; i < batches; ++i) {
      OwnedBatch batch;
      for (uint64_t n = 1 + random.Uniform(3); n > 0; --n) {
        const std::string key = fmt::format("key{}", random.Uniform(300));
        batch.push_back(random.OneIn(5) ? test::Delete(key)
                                        : Set(key, std::string(random.Uniform(200), 'v')));
      }
      const Sequence last = driver.Commit(batch, random.OneIn(2));
      if (last == 0) {
        driver.Pump();
        continue;
      }
      test::ApplyToModel(batch, &model);
      states[last] = model;
      if (random.OneIn(3)) driver.Tick();
      if (random.OneIn(8)) driver.background().RunAll(random.Uniform(5));
    }
  }
  void Begin(int keep) {
    ended.reset();
    at_least = driver.engine().watermarks().applied;
    driver.engine().Checkpoint(
        {.directory = kDirectory, .keep = keep, .done = [this](Result<CheckpointInfo> written) {
           ended = std::move(written);
           if (ended->ok()) newest = **ended;
         }});
  }
  void Save(int keep) {
    Begin(keep);
    driver.Pump();
  }

  FaultEnv& env;
  Random random;
  EngineDriver driver;
  StoreModel model;
  std::map<Sequence, StoreModel> states = {{0, {}}};
  Sequence at_least = 0;  // of the last checkpoint
  std::optional<Result<CheckpointInfo>> ended;
  std::optional<CheckpointInfo> newest;
};

std::vector<std::string> Names(FaultEnv& env) {
  std::vector<std::string> names;
  const auto all = env.List(kDirectory);
  if (!all.ok()) return names;
  for (const std::string& name : *all) {
    if (name != "LOCK") names.push_back(name);
  }
  return names;
}

// Serves a copy of the disk's checkpoint, writes to it and starts it again. "" or what is wrong.
std::string Judge(const FaultEnv& disk, const std::string& name, const Saver& saver,
                  Sequence at_least, std::optional<Sequence> sequence = std::nullopt) {
  const auto env = disk.Clone();
  Options options = SmallOptions();
  options.directory = fmt::format("{}/{}", kDirectory, name);
  EngineDriver driver(*env, options);
  if (const Status status = driver.Open(); !status.ok()) return status.ToString();
  const Sequence found = driver.engine().watermarks().applied;
  if (sequence && found != *sequence) return fmt::format("it is {}, not {}", found, *sequence);
  if (found < at_least) return fmt::format("it is {}, {} was there before", found, at_least);
  const auto state = saver.states.find(found);
  if (state == saver.states.end()) return fmt::format("{} ends no batch", found);
  StoreModel wanted = state->second;
  std::erase_if(wanted, [](const auto& space) { return space.second.empty(); });
  if (driver.Dump(kSpaces) != wanted) return "it is another state";
  const SpaceCount count = driver.engine().Count(kFirstUserSpace);
  const auto keys = static_cast<int64_t>(wanted[kFirstUserSpace].size());
  if (count.live > keys || count.live + count.unsettled < keys) return "it counts wrongly";
  if (driver.Commit({Set("new", "1")}, false) == 0) return "it takes no writes";
  driver.engine().FreezeNow();
  driver.Pump();
  if (!driver.Close().ok() || !driver.Open().ok()) return "it does not start again";
  return driver.Get(kFirstUserSpace, "new") ? "" : "what was written to it is gone";
}

}  // namespace

TEST_CASE("checkpoint: its name says when it was made, and nothing else is such a name") {
  CHECK(CheckpointName(0) == "1970-01-01T00-00-00.000Z");
  CHECK(CheckpointName(1'795'888'931'042) == "2026-11-28T18-02-11.042Z");
  CHECK(CheckpointName(951'782'400'000) == "2000-02-29T00-00-00.000Z");
  for (const uint64_t ms : {uint64_t{0}, uint64_t{1'795'888'931'042}, uint64_t{951'782'399'999}}) {
    CHECK(ParseCheckpointName(CheckpointName(ms)) == ms);
  }
  for (const auto* none :
       {"", "2026-11-28T18-02-11.042", "2026-11-28T18-02-11.042Z.tmp", "2026-13-28T18-02-11.042Z",
        "2026-02-30T18-02-11.042Z", "2026-11-28T24-02-11.042Z", "2026-11-28T18-60-11.042Z",
        "2026-11-28 18-02-11.042Z", "2026-11-2xT18-02-11.042Z", "1969-12-31T23-59-59.999Z"}) {
    INFO(none);
    CHECK_FALSE(ParseCheckpointName(none));
  }
}

TEST_CASE("checkpoint: a state that existed, under writes, flushes and merges") {
  CAIRN_TEST_SEED(seed);
  for (uint64_t round = 0; round < test::Rounds(6); ++round) {
    FaultEnv env(seed + round);
    Saver saver(env, seed + round);
    REQUIRE(saver.driver.Open().ok());
    for (int turn = 0; turn < 6; ++turn) {
      saver.Write(120);
      if (saver.random.OneIn(3)) saver.driver.engine().CompactAll();
      saver.Begin(2);
      saver.Write(60);
      saver.driver.Pump();
      REQUIRE(saver.ended);
      INFO(saver.ended->status().ToString());
      REQUIRE(saver.ended->ok());
      const CheckpointInfo info = **saver.ended;
      CHECK(info.sequence >= saver.at_least);
      INFO(info.name);
      REQUIRE(Judge(env, info.name, saver, saver.at_least, info.sequence) == "");
      CHECK(Names(env).back() == info.name);
      CHECK(Names(env).size() == (turn == 0 ? 1 : 2));
    }
    CHECK(saver.driver.engine().Stats().compactions > 0);
    const auto newest =
        CleanCheckpoints(env, *std::make_unique<Logger>([] { return uint64_t{0}; }), kDirectory);
    REQUIRE(newest.ok());
    REQUIRE(*newest);
    CHECK((*newest)->name == saver.newest->name);
    CHECK((*newest)->sequence == saver.newest->sequence);
    CHECK((*newest)->tables == saver.newest->tables);
    // The store itself has lost nothing by it.
    REQUIRE(saver.driver.Close().ok());
    REQUIRE(saver.driver.Open().ok());
    CHECK(saver.driver.Dump(kSpaces) == saver.model);
  }
}

namespace {

// Two checkpoints, of which the second removes the first, between writes and merges.
void SaveTwice(Saver& saver) {
  if (!saver.driver.Open().ok()) return;
  saver.Write(90);
  saver.Save(1);
  saver.Write(60);
  saver.driver.engine().CompactAll();
  saver.Begin(1);
  saver.Write(30);
  saver.driver.Pump();
}

void CheckCut(const Saver& saver, FaultEnv& disk, std::string where) {
  INFO(where);
  Logger log([] { return uint64_t{0}; });
  log.SetSink([](std::string_view) {});
  // As a start does, or the next BGSAVE.
  const auto newest = CleanCheckpoints(disk, log, kDirectory);
  REQUIRE(newest.ok());
  for (const std::string& name : Names(disk)) {
    INFO(name);
    REQUIRE(ParseCheckpointName(name));
    REQUIRE(Judge(disk, name, saver, 0) == "");
  }
  if (saver.newest) {
    REQUIRE(*newest);
    CHECK((*newest)->sequence >= saver.newest->sequence);
  }
  EngineDriver store(disk, SmallOptions());
  REQUIRE(store.Open().ok());
}

}  // namespace

TEST_CASE("checkpoint: a power cut leaves it whole or not there, at whichever operation") {
  CAIRN_TEST_SEED(seed);
  FaultEnv whole(seed);
  Saver all(whole, seed);
  SaveTwice(all);
  REQUIRE(all.ended);
  REQUIRE(all.ended->ok());
  REQUIRE(Names(whole).size() == 1);
  const uint64_t step = test::Rounds(3) >= 3 ? 1 : 4;
  uint64_t unfinished = 0;
  for (uint64_t op = seed % step; op < whole.op_count(); op += step) {
    FaultEnv env(seed);
    Saver saver(env, seed);
    env.PowerCutAt(op, op % 2 == 0 ? CutPoint::kBefore : CutPoint::kAfter);
    SaveTwice(saver);
    saver.driver.Crash();
    // What may survive or not does so by chance, so that is tried more often.
    for (uint64_t way = 0; way < 6; ++way) {
      const CrashMode mode = way == 0   ? CrashMode::kLoseAll
                             : way == 1 ? CrashMode::kKeepAll
                                        : CrashMode::kRandom;
      const auto disk = env.Clone();
      disk->Reboot(mode, seed + 10 * op + way);
      for (const std::string& name : Names(*disk)) unfinished += name.ends_with(".tmp");
      CheckCut(saver, *disk, fmt::format("operation {} way {}", op, way));
    }
  }
  CHECK(unfinished > 0);  // or nothing was tried
}

TEST_CASE("checkpoint: an operation that fails leaves none, and the next one is made") {
  CAIRN_TEST_SEED(seed);
  FaultEnv env(seed);
  Saver saver(env, seed);
  REQUIRE(saver.driver.Open().ok());
  saver.Write(200);
  saver.driver.Pump();
  for (const OpKind kind : {OpKind::kMakeDirectory, OpKind::kLink, OpKind::kCreate, OpKind::kWrite,
                            OpKind::kSync, OpKind::kSyncDirectory, OpKind::kRename}) {
    INFO(OpKindName(kind));
    saver.driver.engine().FreezeNow();
    saver.driver.Pump();
    const auto before = Names(env);
    // Links are named by what they link.
    env.AddFault({.kind = kind, .path_part = kind == OpKind::kLink ? "db" : kDirectory});
    saver.Save(0);
    REQUIRE(saver.ended);
    CHECK_FALSE(saver.ended->ok());
    env.ClearFaults();
    // What cannot be made durable may be whole all the same: a rename was done.
    for (const std::string& name : Names(env)) CHECK(ParseCheckpointName(name));
    saver.Write(10);
    saver.Save(0);
    REQUIRE(saver.ended->ok());
    CHECK(Names(env).size() > before.size());
    CHECK(Judge(env, (**saver.ended).name, saver, saver.at_least) == "");
  }
}

TEST_CASE("checkpoint: tables that merges replace stay until they are linked, and no longer") {
  FaultEnv env;
  Saver saver(env);
  REQUIRE(saver.driver.Open().ok());
  saver.Write(200);
  saver.driver.Pump();
  saver.Begin(1);
  auto& background = saver.driver.background();
  const auto run = [&](std::vector<Lane> lanes) {
    for (int i = 0; i < 200; ++i) {
      saver.driver.engine().EndTick();
      for (const Lane lane : lanes) background.RunNext(lane);
      background.RunCompletions(SIZE_MAX);
      saver.driver.engine().Poll();
    }
  };
  run({Lane::kLog, Lane::kFlush});
  REQUIRE(background.pending(Lane::kRead) > 0);
  REQUIRE_FALSE(saver.ended);
  saver.driver.engine().CompactAll();
  run({Lane::kLog, Lane::kFlush, Lane::kCompaction});
  REQUIRE_FALSE(saver.ended);
  saver.driver.Pump();
  REQUIRE(saver.ended);
  INFO(saver.ended->status().ToString());
  REQUIRE(saver.ended->ok());
  CHECK(Judge(env, (**saver.ended).name, saver, saver.at_least) == "");
  const auto tables = [&](const std::string& directory) {
    size_t count = 0;
    for (const std::string& name : *env.List(directory)) count += name.ends_with(".sst");
    return count;
  };
  CHECK(tables("db") == saver.driver.engine().Stats().tables);
  CHECK(tables(fmt::format("{}/{}", kDirectory, (**saver.ended).name)) == (**saver.ended).tables);
}

TEST_CASE("checkpoint: a flush that fails ends it with the flush's error") {
  FaultEnv env;
  Saver saver(env);
  REQUIRE(saver.driver.Open().ok());
  saver.Write(20);
  env.AddFault(
      {.kind = OpKind::kCreate, .path_part = ".sst", .once = false, .code = StatusCode::kNoSpace});
  saver.Save(1);
  REQUIRE(saver.ended);
  CHECK(saver.ended->status().code() == StatusCode::kNoSpace);
  CHECK(Names(env).empty());
}

TEST_CASE("checkpoint: what else lies in one keeps it from being removed, and a LOCK all of them") {
  FaultEnv env;
  Saver saver(env);
  REQUIRE(saver.driver.Open().ok());
  saver.Write(50);
  saver.Save(1);
  const std::string served = saver.newest->name;
  // Somebody serves it where it is.
  REQUIRE(env.ReplaceFile(fmt::format("{}/{}/LOCK", kDirectory, served), "").ok());
  REQUIRE(env.MakeDirectories(fmt::format("{}/other", kDirectory)).ok());
  // And one was begun that nobody could remove; the next does.
  const std::string begun = fmt::format("{}/2025-01-01T00-00-00.000Z.tmp", kDirectory);
  REQUIRE(env.MakeDirectories(begun).ok());
  REQUIRE(env.ReplaceFile(begun + "/000001.sst", "half").ok());
  for (int i = 0; i < 3; ++i) {
    saver.Write(10);
    saver.Save(1);
    REQUIRE(saver.ended->ok());
  }
  CHECK(Names(env) == std::vector<std::string>{served, saver.newest->name, "other"});

  const auto lock = env.Lock(fmt::format("{}/LOCK", kDirectory));
  saver.Save(1);
  CHECK(saver.ended->status().code() == StatusCode::kBusy);
  CHECK(Names(env).size() == 3);
}

TEST_CASE("checkpoint: its name is newer than the last one's though the clock went back") {
  FaultEnv env;
  Saver saver(env);
  REQUIRE(saver.driver.Open().ok());
  saver.Write(20);
  saver.Save(1);
  const std::string first = saver.newest->name;
  env.SetWallMicros(env.WallMicros() - 3'600'000'000);
  saver.Write(20);
  saver.Save(1);
  CHECK(saver.newest->name > first);
  CHECK(Names(env) == std::vector<std::string>{saver.newest->name});
}

TEST_CASE("checkpoint: the log of the store beside a checkpoint's tables is refused") {
  FaultEnv env;
  Saver saver(env);
  REQUIRE(saver.driver.Open().ok());
  saver.Write(50);
  saver.Save(1);
  saver.Write(20);
  saver.driver.Pump();
  REQUIRE(saver.driver.Close().ok());
  const std::string path = fmt::format("{}/{}", kDirectory, saver.newest->name);
  REQUIRE(env.MakeDirectories(path + "/wal").ok());
  REQUIRE(env.HardLink("db/wal/000.slot", path + "/wal/000.slot").ok());
  Options options = SmallOptions();
  options.directory = path;
  EngineDriver restored(env, options);
  const Status status = restored.Open();
  INFO(status.ToString());
  CHECK(status.code() == StatusCode::kCorruption);
  CHECK(status.message().find("the log of another store") != std::string_view::npos);
}

}  // namespace cairn::lsm
