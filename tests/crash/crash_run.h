#pragma once
// One life of an engine under a script: what was committed, what it claimed to be written and
// durable, and the check of what is left after a crash.
//
// A script is a list of steps that does not depend on what happens, so a run is repeated exactly,
// up to the operation at which the power goes.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "env/fault_env.h"
#include "lsm/options.h"
#include "support/engine_driver.h"

namespace cairn::test {

enum class StepKind : uint8_t {
  kCommit,
  kForget,  // a death of which nothing is left
  kTick,    // close the group and poll, run nothing
  kLogJob,  // one job of a lane, then the completions that are there
  kFlushJob,
  kCompactionJob,
  kPump,  // everything
  kFreeze,
  kAdvance,  // the clock, then poll
  kReopen,   // clean stop and start
  kKill,     // kill -9 and start
};

struct Step {
  StepKind kind = StepKind::kTick;
  OwnedBatch batch;
  bool blind = false;
  uint64_t micros = 0;
};
using Script = std::vector<Step>;

// A script of every kind of step in an order that meets segments, flushes and restarts.
Script RandomScript(uint64_t seed, size_t steps);

// The spaces that scripts write to; the first keeps no count, the others die one after the other.
const std::vector<lsm::SpaceId>& ScriptSpaces();

// "" or the first difference. What had expired may be gone.
std::string Differences(const StoreModel& found, const StoreModel& expected);

struct Committed {
  OwnedBatch batch;
  lsm::Sequence last = 0;
};

// What the outside world knows at one moment.
struct Truth {
  std::vector<Committed> history;  // in order; cut back where a kill -9 lost the unwritten end
  lsm::Sequence durable = 0;       // the highest that the engine ever reported
  lsm::Sequence written = 0;

  // The state after the batch that ends with `last`; false if no batch does.
  bool StateAt(lsm::Sequence last, StoreModel* state) const;
  StoreModel Newest() const;
};

class CrashRun {
 public:
  CrashRun(FaultEnv& env, const lsm::Options& options) : env_(env), driver_(env, options) {}

  // Runs the script to its end or to the loss of power. A step that finds no open engine opens it,
  // also again after a failure. Returns a violation that showed on the way, or "".
  std::string Run(const Script& script);
  // Waits, with the clock moving, until the engine takes writes again and nothing is under way.
  // Returns a violation (it never does), or "".
  std::string Recover();
  const Truth& truth() const { return truth_; }
  EngineDriver& driver() { return driver_; }
  uint64_t refused() const { return refused_; }

 private:
  std::string OneStep(const Step& step);
  std::string Reopen(lsm::Sequence at_least);
  void Note();

  FaultEnv& env_;
  EngineDriver driver_;
  Truth truth_;
  uint64_t refused_ = 0;
};

// Opens what is there and compares it with the truth: nothing at or below `at_least` is lost,
// nothing above what was committed is there, batches are whole, counts are right after settling,
// nothing old is seen again after more writes and another start, no file is left over.
// Returns "" or what is wrong. *recovered: the last sequence that was found.
std::string CheckAfterCrash(FaultEnv& env, const lsm::Options& options, const Truth& truth,
                            lsm::Sequence at_least, lsm::Sequence* recovered);

}  // namespace cairn::test
