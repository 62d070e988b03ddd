#include "lsm/merge_step.h"

#include <algorithm>
#include <queue>
#include <utility>

#include "util/check.h"

namespace cairn::lsm {

namespace {

// Where the bytes of a plan's inputs lie, from its smallest key on, up to a number of bytes: the
// partitions of all tables in the order of their bounds. A table is opened only when the ones
// before it do not give enough.
class Spread {
 public:
  Spread(Store& store, const MergePlan& plan, uint64_t most_bytes)
      : store_(store), plan_(plan), most_bytes_(most_bytes) {}

  Result<std::vector<KeyBytes>> Measure() {
    std::vector<const TableRef*> tables;
    for (const std::vector<TableRef>& run : plan_.runs) {
      for (const TableRef& ref : run) tables.push_back(&ref);
    }
    std::ranges::sort(tables, {}, [](const TableRef* ref) -> std::string_view { return ref->lo; });
    for (const TableRef* ref : tables) {
      TakeUpTo(ref->lo);
      if (IsEnough()) break;
      RETURN_IF_ERROR(AddTable(*ref));
    }
    TakeUpTo({});
    return std::move(spread_);
  }

 private:
  struct Later {
    bool operator()(const KeyBytes& a, const KeyBytes& b) const { return a.key > b.key; }
  };

  bool IsEnough() const { return bytes_ >= most_bytes_; }

  // The partitions of what the reference shows, below the plan's end.
  Status AddTable(const TableRef& ref) {
    ASSIGN_OR_RETURN(const std::shared_ptr<const TableReader> table, store_.OpenTable(*ref.table));
    uint64_t begin = 0;
    for (const TableReader::Partition& partition : table->partitions()) {
      // An index stands behind the blocks that it covers.
      const uint64_t end = partition.handles.index.offset;
      const uint64_t bytes = end - std::exchange(begin, end);
      if (partition.bound <= ref.lo) continue;
      if (!plan_.end.empty() && partition.bound >= plan_.end) break;
      coming_.push({std::string(partition.bound), bytes});
      if (partition.bound > ref.hi) break;
    }
    return {};
  }

  // Empty: all.
  void TakeUpTo(std::string_view key) {
    while (!IsEnough() && !coming_.empty() && (key.empty() || coming_.top().key <= key)) {
      bytes_ += coming_.top().bytes;
      spread_.push_back(coming_.top());
      coming_.pop();
    }
  }

  Store& store_;
  const MergePlan& plan_;
  const uint64_t most_bytes_;
  std::priority_queue<KeyBytes, std::vector<KeyBytes>, Later> coming_;
  std::vector<KeyBytes> spread_;
  uint64_t bytes_ = 0;
};

// What of the plan has keys in [lo, end); empty bounds: from the first, to the last.
MergePlan PartOf(const MergePlan& plan, const std::string& lo, const std::string& end) {
  MergePlan part = {
      .runs = {}, .target = plan.target, .older_runs = plan.older_runs, .end = end, .moved = {}};
  for (const std::vector<TableRef>& run : plan.runs) {
    std::vector<TableRef> tables;
    for (const TableRef& ref : run) {
      if (ref.hi < lo || (!end.empty() && ref.lo >= end)) continue;
      tables.push_back(ref);
      tables.back().lo = std::max(ref.lo, lo);
    }
    if (!tables.empty()) part.runs.push_back(std::move(tables));
  }
  return part;
}

}  // namespace

MergeStep::MergeStep(Store& store, MergeInput input, size_t max_parts)
    : store_(store),
      input_(std::move(input)),
      max_parts_(max_parts),
      cancelled_(std::make_shared<std::atomic<bool>>(false)) {
  CHECK(max_parts_ > 0);
  AddPart(input_);
}

void MergeStep::AddPart(MergeInput input) {
  auto part = std::make_unique<Part>();
  part->input = std::move(input);
  part->input.cancelled = cancelled_;
  parts_.push_back(std::move(part));
}

bool MergeStep::MayDivide() const {
  if (max_parts_ == 1) return false;
  uint64_t bytes = 0;
  for (const std::vector<TableRef>& run : input_.plan.runs) {
    for (const TableRef& ref : run) bytes += ref.table->size_bytes;
  }
  return bytes >= 2 * store_.options.table_bytes;
}

// Each part gets a table's worth at least: less is not worth its syncs and a table cut short.
void MergeStep::Divide() {
  const uint64_t table_bytes = store_.options.table_bytes;
  const uint64_t most = max_parts_ * kTablesPerStep * table_bytes;
  const auto spread = Spread(store_, input_.plan, most).Measure();
  if (!spread.ok()) return;  // the merge meets the same error, and says so
  uint64_t bytes = 0;
  for (const KeyBytes& piece : *spread) bytes += piece.bytes;
  const std::vector<std::string> cuts =
      CutsOf(*spread, std::clamp<size_t>(bytes / table_bytes, 1, max_parts_));
  if (cuts.empty()) return;
  parts_.clear();
  for (size_t i = 0; i <= cuts.size(); ++i) {
    const bool last = i == cuts.size();
    MergeInput input = input_;
    input.plan = PartOf(input_.plan, i == 0 ? "" : cuts[i - 1], last ? input_.plan.end : cuts[i]);
    // Up to the next part nothing may stay behind; the last part ends the step where it is full.
    if (!last) input.max_bytes = UINT64_MAX;
    AddPart(std::move(input));
  }
}

Status MergeStep::Run(size_t part) {
  Part& run = *parts_[part];
  const uint64_t start = store_.env.MonotonicNanos();
  if (run.job == nullptr) run.job = std::make_unique<MergeJob>(store_, run.input);
  Status status = run.job->Run();
  if (!status.ok()) cancelled_->store(true, std::memory_order_relaxed);
  run.micros += (store_.env.MonotonicNanos() - start) / 1000;
  return status;
}

void MergeStep::Remove() {
  for (const auto& part : parts_) {
    if (part->job != nullptr) part->job->Remove();
  }
}

MergeResult MergeStep::TakeResult() {
  MergeResult result = parts_.front()->job->TakeResult();
  for (size_t i = 1; i < parts_.size(); ++i) result.Append(parts_[i]->job->TakeResult());
  parts_.clear();  // and the blocks that they stand on
  return result;
}

uint64_t MergeStep::micros() const {
  uint64_t micros = 0;
  for (const auto& part : parts_) micros += part->micros;
  return micros;
}

std::vector<std::string> CutsOf(const std::vector<KeyBytes>& spread, size_t parts) {
  uint64_t all = 0;
  for (const KeyBytes& piece : spread) all += piece.bytes;
  std::vector<std::string> cuts;
  uint64_t bytes = 0;
  for (const KeyBytes& piece : spread) {
    bytes += piece.bytes;
    // Behind the last piece there is nothing to have a part.
    if (cuts.size() + 1 == parts || bytes == all) break;
    if (bytes * parts < all * (cuts.size() + 1)) continue;
    if (cuts.empty() || piece.key > cuts.back()) cuts.push_back(piece.key);
  }
  return cuts;
}

}  // namespace cairn::lsm
