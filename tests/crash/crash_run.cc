#include "crash_run.h"

#include <fmt/format.h>
#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "lsm/manifest.h"
#include "lsm/store.h"
#include "util/random.h"

namespace cairn::test {

namespace {

constexpr lsm::SpaceId kUncounted = 3;
constexpr lsm::SpaceId kCounted = lsm::kFirstUserSpace;

// Expiries of scripts are long past or far in the future of the Env's clock.
constexpr uint64_t kPastMs = 1'000'000;
constexpr uint64_t kFutureMs = 4'000'000'000'000;

bool HasExpired(const StoredEntry& entry) {
  return entry.expire_at_ms != 0 && entry.expire_at_ms <= kPastMs;
}

// Few, so that those that live have something in them.
constexpr size_t kLiving = 3;
constexpr size_t kSpaces = 12;

OwnedBatch RandomBatch(Random& random, const std::vector<lsm::SpaceId>& spaces) {
  OwnedBatch batch;
  for (uint64_t i = random.OneIn(4) ? 2 + random.Uniform(4) : 1; i > 0; --i) {
    OwnedWrite write;
    write.space = spaces[random.Uniform(spaces.size())];
    if (write.space == kUncounted) write.below = lsm::Below::kNotCounted;
    write.key = "key" + std::to_string(random.Uniform(16));
    if (random.OneIn(3)) {
      write.entry.kind = lsm::EntryKind::kTombstone;
    } else {
      // Every value is its own, so that an old one that comes back is seen.
      write.entry.value = fmt::format("{:x}", random.Next());
      write.entry.value.append(random.OneIn(8) ? random.Uniform(3000) : random.Uniform(60), '.');
      if (random.OneIn(4)) {
        write.entry.expire_at_ms = random.OneIn(3) ? kFutureMs : 1 + random.Uniform(kPastMs);
      }
    }
    batch.push_back(std::move(write));
  }
  return batch;
}

// Mostly life as usual: each start makes some thirty operations and empties the memtable.
StepKind RandomKind(Random& random) {
  const uint64_t dice = random.Uniform(1000);
  if (dice < 410) return StepKind::kCommit;
  if (dice < 420) return StepKind::kForget;
  if (dice < 560) return StepKind::kTick;
  if (dice < 780) return StepKind::kLogJob;
  if (dice < 860) return StepKind::kFlushJob;
  if (dice < 900) return StepKind::kCompactionJob;
  if (dice < 930) return StepKind::kFreeze;
  if (dice < 960) return StepKind::kAdvance;
  if (dice < 985) return StepKind::kPump;
  return dice < 993 ? StepKind::kReopen : StepKind::kKill;
}

bool DiedIn(const StoreModel& model, lsm::SpaceId space) {
  const auto deaths = model.find(kDeathsSpace);
  return deaths != model.end() && deaths->second.contains(std::to_string(space));
}

// What merges are about to drop is not settled meanwhile.
bool Settle(EngineDriver& driver) {
  driver.engine().PauseCompaction(true);
  driver.Pump();
  bool settled = false;
  driver.engine().Settle([&] { settled = true; });
  driver.Pump();
  driver.engine().PauseCompaction(false);
  return settled;
}

// Compares all that is readable, and the counts once they are settled.
std::string CheckState(EngineDriver& driver, const StoreModel& expected) {
  const StoreModel found = driver.Dump(ScriptSpaces());
  if (!driver.read_status().ok()) return "a read failed: " + driver.read_status().ToString();
  if (std::string wrong = Differences(found, expected); !wrong.empty()) return wrong;
  if (!Settle(driver)) return "settling never ended";
  for (const lsm::SpaceId space : ScriptSpaces()) {
    if (space == kUncounted || DiedIn(expected, space)) continue;
    // What has expired goes one by one.
    const auto truth = static_cast<int64_t>(driver.Scan(space, true).size());
    if (!driver.read_status().ok()) return "a read failed: " + driver.read_status().ToString();
    const lsm::SpaceCount count = driver.engine().Count(space);
    // What was flushed while merges dropped what lay below is settled by later merges.
    if (count.live > truth || count.live + count.unsettled < truth) {
      return fmt::format("space {} counts {} ({} unsettled), {} are there", space, count.live,
                         count.unsettled, truth);
    }
  }
  return "";
}

// Every table is named by the version, and there is one MANIFEST. Requires: no engine is open, the
// last start found a MANIFEST that ended cleanly.
std::string CheckFiles(FaultEnv& env, const std::string& directory) {
  const auto lifetimes = lsm::TableLifetimes::Create([](lsm::FileNumber) {});
  const auto manifest = lsm::ReadManifest(env, directory, *lifetimes);
  if (!manifest.ok()) return manifest.status().ToString();
  std::set<std::string> expected = {"CURRENT", "LOCK", "wal", manifest->file_name};
  for (const lsm::SortedRun& run : manifest->state.version->runs()) {
    for (const lsm::TableRef& ref : run.tables) {
      expected.insert(lsm::TableFileName(ref.table->file));
    }
  }
  const auto names = env.List(directory);
  if (!names.ok()) return names.status().ToString();
  for (const std::string& name : *names) {
    if (expected.erase(name) == 0) return "a file is left over: " + name;
  }
  return expected.empty() ? "" : "a file is missing: " + *expected.begin();
}

}  // namespace

std::string Differences(const StoreModel& found, const StoreModel& expected) {
  for (const lsm::SpaceId space : ScriptSpaces()) {
    const SpaceModel none;
    const auto in = [&](const StoreModel& model) -> const SpaceModel& {
      const auto at = model.find(space);
      return at == model.end() ? none : at->second;
    };
    for (const auto& [key, entry] : in(expected)) {
      const auto at = in(found).find(key);
      if (at == in(found).end()) {
        if (HasExpired(entry)) continue;
        return fmt::format("{}/{} is missing", space, key);
      }
      if (!(at->second == entry)) return fmt::format("{}/{} has another value", space, key);
    }
    for (const auto& [key, entry] : in(found)) {
      if (!in(expected).contains(key)) return fmt::format("{}/{} came back", space, key);
    }
  }
  return "";
}

const std::vector<lsm::SpaceId>& ScriptSpaces() {
  static const std::vector<lsm::SpaceId> spaces = [] {
    std::vector<lsm::SpaceId> all = {kUncounted};
    for (lsm::SpaceId space = kCounted; all.size() < kSpaces; ++space) all.push_back(space);
    return all;
  }();
  return spaces;
}

Script RandomScript(uint64_t seed, size_t steps) {
  Random random(seed);
  Script script(steps);
  std::vector<lsm::SpaceId> living(ScriptSpaces().begin(), ScriptSpaces().begin() + kLiving);
  size_t next = kLiving;
  // Behind a death the flush lane may be faster than the log.
  const StepKind ahead_of_log[] = {StepKind::kTick, StepKind::kFlushJob, StepKind::kFlushJob};
  size_t ahead = std::size(ahead_of_log);
  for (Step& step : script) {
    step.kind = ahead < std::size(ahead_of_log) ? ahead_of_log[ahead++] : RandomKind(random);
    if (step.kind == StepKind::kCommit && random.OneIn(12) && next < kSpaces) {
      if (random.OneIn(2)) ahead = 0;
      lsm::SpaceId& dies = living[1 + random.Uniform(kLiving - 1)];
      step.batch = {Death(dies)};
      dies = ScriptSpaces()[next++];
    } else if (step.kind == StepKind::kCommit) {
      step.batch = RandomBatch(random, living);
      step.blind = random.OneIn(2);
    }
    step.micros = random.OneIn(2) ? 250000 : 1100000;
  }
  return script;
}

bool Truth::StateAt(lsm::Sequence last, StoreModel* state) const {
  state->clear();
  if (last == 0) return true;
  for (const Committed& committed : history) {
    ApplyToModel(committed.batch, state);
    if (committed.last == last) return true;
  }
  return false;
}

StoreModel Truth::Newest() const {
  StoreModel state;
  for (const Committed& committed : history) ApplyToModel(committed.batch, &state);
  return state;
}

void CrashRun::Note() {
  if (!driver_.is_open()) return;
  const lsm::Watermarks marks = driver_.engine().watermarks();
  truth_.durable = std::max(truth_.durable, marks.durable);
  truth_.written = std::max(truth_.written, marks.written);
}

std::string CrashRun::Run(const Script& script) {
  for (const Step& step : script) {
    if (!driver_.is_open()) {
      if (std::string wrong = Reopen(truth_.written); !wrong.empty()) return wrong;
    }
    if (driver_.is_open()) {
      if (std::string wrong = OneStep(step); !wrong.empty()) return wrong;
    }
    Note();
    if (!env_.power()) return "";
  }
  return "";
}

std::string CrashRun::OneStep(const Step& step) {
  switch (step.kind) {
    case StepKind::kCommit: {
      const lsm::Sequence last = driver_.Commit(step.batch, step.blind);
      if (last != 0) {
        truth_.history.push_back({step.batch, last});
      } else {
        ++refused_;
        driver_.Pump();
      }
      return "";
    }
    case StepKind::kForget: {
      const OwnedBatch batch = driver_.ForgetDeath();
      if (!batch.empty()) {
        truth_.history.push_back({batch, driver_.engine().watermarks().applied});
      }
      return "";
    }
    case StepKind::kTick:
      driver_.Tick();
      return "";
    case StepKind::kLogJob:
      driver_.engine().EndTick();
      driver_.background().RunNext(lsm::Lane::kLog);
      driver_.background().RunCompletions(SIZE_MAX);
      return "";
    case StepKind::kFlushJob:
      driver_.background().RunNext(lsm::Lane::kFlush);
      driver_.background().RunCompletions(SIZE_MAX);
      return "";
    case StepKind::kCompactionJob:
      driver_.background().RunNext(lsm::Lane::kCompaction);
      driver_.background().RunCompletions(SIZE_MAX);
      return "";
    case StepKind::kPump:
      driver_.Pump();
      return "";
    case StepKind::kFreeze:
      driver_.engine().FreezeNow();
      return "";
    case StepKind::kAdvance:
      env_.AdvanceMicros(step.micros);
      driver_.engine().Poll();
      return "";
    case StepKind::kReopen: {
      const bool clean = driver_.Close().ok();
      if (!env_.power()) return "";
      env_.Restart();
      const lsm::Sequence all = truth_.history.empty() ? 0 : truth_.history.back().last;
      return Reopen(clean ? all : truth_.written);
    }
    case StepKind::kKill:
      driver_.Crash();
      env_.Restart();
      return Reopen(truth_.written);
  }
  return "";
}

// The process starts again; the power was never gone. What was written must be there.
std::string CrashRun::Reopen(lsm::Sequence at_least) {
  const Status status = driver_.Open();
  if (!status.ok()) {
    driver_.Crash();
    if (status.code() == StatusCode::kCorruption) return "does not open: " + status.ToString();
    return "";
  }
  const lsm::Sequence found = driver_.engine().watermarks().applied;
  if (found < at_least) return fmt::format("{} was written, {} is there", at_least, found);
  while (!truth_.history.empty() && truth_.history.back().last > found) {
    truth_.history.pop_back();
  }
  StoreModel expected;
  if (!truth_.StateAt(found, &expected)) return fmt::format("no batch ends with {}", found);
  const std::string wrong = Differences(driver_.Dump(ScriptSpaces()), expected);
  if (!driver_.read_status().ok()) return "";  // the power went, or a read was made to fail
  return wrong;
}

std::string CrashRun::Recover() {
  for (int i = 0; i < 100; ++i) {
    if (!driver_.is_open()) {
      if (std::string wrong = Reopen(truth_.written); !wrong.empty()) return wrong;
    } else {
      driver_.Pump();
      Note();
      if (driver_.engine().health() == lsm::Health::kHealthy && driver_.background().idle()) {
        return "";
      }
    }
    env_.AdvanceMicros(1000000);
  }
  return "does not get well again";
}

std::string CheckAfterCrash(FaultEnv& env, const lsm::Options& options, const Truth& truth,
                            lsm::Sequence at_least, lsm::Sequence* recovered) {
  EngineDriver driver(env, options);
  if (const Status status = driver.Open(); !status.ok()) {
    return "does not open: " + status.ToString();
  }
  *recovered = driver.engine().watermarks().applied;
  const lsm::Sequence newest = truth.history.empty() ? 0 : truth.history.back().last;
  if (*recovered < at_least) {
    return fmt::format("{} was promised, {} is there", at_least, *recovered);
  }
  if (*recovered > newest) return fmt::format("{} is there, {} was committed", *recovered, newest);
  StoreModel expected;
  if (!truth.StateAt(*recovered, &expected)) {
    return fmt::format("{} is there, no batch ends with it", *recovered);
  }
  if (std::string wrong = CheckState(driver, expected); !wrong.empty()) return wrong;

  // Life goes on: more writes, a flush, more writes, another start.
  Random random(*recovered + 1);
  std::vector<lsm::SpaceId> living;
  for (const lsm::SpaceId space : ScriptSpaces()) {
    if (!DiedIn(expected, space)) living.push_back(space);
  }
  for (int i = 0; i < 6; ++i) {
    const OwnedBatch batch = RandomBatch(random, living);
    if (driver.Commit(batch, i % 2 == 0) == 0) return "takes no writes";
    ApplyToModel(batch, &expected);
    if (i == 2) driver.engine().FreezeNow();
    driver.Pump();
  }
  if (const Status status = driver.Close(); !status.ok()) return "stop: " + status.ToString();
  env.Restart();
  if (const Status status = driver.Open(); !status.ok()) {
    return "does not open again: " + status.ToString();
  }
  if (std::string wrong = CheckState(driver, expected); !wrong.empty()) {
    return "after another start: " + wrong;
  }
  // What is merged away goes when nobody reads it; what a merge has begun would stay until a start.
  driver.engine().ResetContext(driver.context());
  driver.Pump();
  driver.Crash();
  env.Restart();
  return CheckFiles(env, options.directory);
}

}  // namespace cairn::test
