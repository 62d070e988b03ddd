#pragma once
// Runs a compaction policy without a disk, and measures what it costs.
//
// Real are the version, its edits, the policy, the plan of each step, and the keys: a table holds
// its entries (key, version, deleted), so a merge drops exactly what is hidden, and in the end
// every key is looked up. Entries have one size; files are nothing but their entries. Time is what
// was written: after each flush, merges get `merge_rate` times its size to write, or run to their
// end.
//
// What is measured:
//   write amplification: entries that flushes and merges wrote, for each that the user wrote. The
//     log is not in it.
//   space amplification: the entries of all files, outputs of the step under way included, for each
//     live key. Log and memtables are not in it.
//   runs read: sorted runs whose bounds cover a key, so the filters that a read of an absent key
//     asks. What it reads of blocks is this times the filters' false positives (0.94 %).
//
// One thread; the same seed gives the same run.

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "lsm/compaction_policy.h"
#include "lsm/merge_plan.h"
#include "lsm/version_edit.h"
#include "util/random.h"

namespace cairn::test {

struct SimulatedSizes {
  uint32_t keys = 1 << 16;  // those in use are below this
  size_t memtable_entries = 1024;
  size_t table_entries = 512;
  double merge_rate = 0;  // 0: merges end before the next flush
};
constexpr uint64_t kSimulatedEntryBytes = 100;
constexpr uint64_t kSimulatedSeed = 20260401;

class PolicySimulator {
 public:
  struct Sample {
    uint64_t written = 0;   // by the user, since the measuring began
    double write = 0;       // amplification so far
    double space = 0;       // now
    double space_peak = 0;  // since the sample before
    double runs_read = 0;
  };

  PolicySimulator(std::unique_ptr<const lsm::CompactionPolicy> policy, SimulatedSizes sizes);

  void Set(uint32_t key) { Write(key, false); }
  void Delete(uint32_t key) { Write(key, true); }
  // Flushes what there is, and merges until the policy asks for nothing.
  void Settle();
  // Forgets what was measured so far.
  void StartMeasuring();

  const lsm::Version& version() const { return *state_.version; }
  double write_amplification() const;
  double space_amplification() const;  // now
  double space_peak() const;           // since the measuring began
  double space_mean() const;           // over the samples; so is the next
  double runs_read_mean() const;
  size_t most_runs() const { return most_runs_; }
  uint64_t tables_moved() const { return tables_moved_; }
  // The most that one step wrote, as a share of the live entries.
  double largest_step() const { return largest_step_; }
  const std::vector<Sample>& samples() const { return samples_; }  // one a flush
  // Looks every key up. Returns the first that is not what was written last, or "".
  std::string CheckReads() const;

 private:
  struct Entry {
    uint32_t key = 0;
    uint32_t version = 0;  // a sequence
    bool deleted = false;
  };
  using Entries = std::vector<Entry>;  // ascending keys
  struct Cursor;

  void Write(uint32_t key, bool deleted);
  void Flush();
  void RunMerges(double budget);
  void PickJob();
  // False if there is nothing to do. *written: entries.
  bool RunStep(size_t* written);
  // What the plan's inputs make, below *end; the rest of them begins there.
  Entries Merge(const lsm::MergePlan& plan, std::string* end) const;
  std::vector<Cursor> CursorsOf(const lsm::MergePlan& plan) const;
  std::vector<lsm::TableInfo> MakeTables(const Entries& entries);
  void Apply(lsm::VersionEdit edit);
  void Measure();
  bool OlderRunsCover(size_t from, const std::string& key) const;
  double SpaceOf(uint64_t entries) const;

  const std::unique_ptr<const lsm::CompactionPolicy> policy_;
  const SimulatedSizes sizes_;
  const std::shared_ptr<lsm::TableLifetimes> lifetimes_;
  Random random_{kSimulatedSeed};
  lsm::CatalogState state_;
  lsm::FileNumber next_file_ = 1;
  std::unordered_map<lsm::FileNumber, Entries> files_;
  std::vector<lsm::CompactionJob> jobs_;  // as the compactor's

  std::vector<Entry> newest_;  // by key; version 0: never written
  std::unordered_set<uint32_t> memtable_;
  uint32_t last_version_ = 0;
  uint64_t live_ = 0;
  uint64_t stored_ = 0;  // entries in files
  double budget_ = 0;

  uint64_t user_writes_ = 0;
  uint64_t file_writes_ = 0;
  double space_peak_ = 0;
  double peak_since_sample_ = 0;
  double largest_step_ = 0;
  size_t most_runs_ = 0;
  uint64_t tables_moved_ = 0;
  std::vector<Sample> samples_;
};

enum class LoadKind : uint8_t {
  kUniform,     // overwrites of random keys
  kZipf,        // overwrites, exponent 0.99, hot keys scattered
  kSequential,  // overwrites from the first key to the last, again and again
  kInsert,      // new keys in random order
  kAppend,      // new keys in ascending order
};
const char* NameOf(LoadKind kind);

// Fills the simulator with half of the keys (kInsert, kAppend: with a sixteenth), starts measuring,
// and overwrites them `times` times (kInsert, kAppend: adds the rest).
void RunLoad(LoadKind kind, double times, const SimulatedSizes& sizes, PolicySimulator* simulator);

}  // namespace cairn::test
