#include "lsm/cache_handover.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "lsm/block_walk.h"
#include "lsm/read_ahead.h"
#include "util/check.h"

namespace cairn::lsm {

// One merge's. The worker's and the loop's by turns, never at once.
class CacheHandover::Job {
 public:
  // An input block of which a part lies in the window.
  struct Input {
    FileNumber file = 0;
    uint64_t offset = 0;
    size_t first_output = 0, outputs = 0;  // that may hold its keys, in the window
    double share = 0;                      // of it, that each of these may hold
    bool cached = false;                   // the loop's answer
  };

  Job(const MergePlan& plan, const std::string& end, const WrittenRun& written,
      std::function<void()> done);

  // The worker: reads what is due of the window that the loop has answered, goes to the next one.
  Status Work(Store& store);
  // The loop: what came of the last window, and what it has to answer for the next. None: the end.
  std::vector<WarmBlock>& blocks() { return blocks_; }
  std::vector<Input>& inputs() { return inputs_; }
  bool at_end() const { return outputs_.empty(); }
  void GiveUp() { outputs_.clear(); }
  void Done() { done_(); }

 private:
  // What the merge has used up of an input table: its keys below `end`; empty: all.
  struct Used {
    TableRef ref;
    std::string end;
    std::shared_ptr<BlockWalk> walk = {};
    bool walked = false;  // to its end
    // Of the block that the walk stands on, if it was in the last window, too.
    size_t asked = SIZE_MAX;
    bool was_cached = false;
  };
  struct Output {
    BlockHandle handle;
    std::string upper;
    double share = 0;  // of input blocks that were cached
  };

  Status ReadDue();
  Status NextWindow(Store& store);
  Status AddInputs(Used* used);
  void AddInput(Used* used);

  const std::function<void()> done_;
  std::vector<Used> used_;
  std::vector<std::shared_ptr<const TableReader>> written_;  // the last one is next
  std::shared_ptr<const TableReader> output_table_;
  std::shared_ptr<BlockWalk> output_walk_;
  ReadAhead read_ahead_;  // of outputs: direct reads one by one would take the disk's time each
  std::vector<Output> outputs_;  // the window
  std::vector<Input> inputs_;    // of the window
  std::vector<WarmBlock> blocks_;
};

CacheHandover::Job::Job(const MergePlan& plan, const std::string& end, const WrittenRun& written,
                        std::function<void()> done)
    : done_(std::move(done)), written_(written.readers.rbegin(), written.readers.rend()) {
  for (const std::vector<TableRef>& run : plan.runs) {
    for (const TableRef& ref : run) {
      if (end.empty() || ref.lo < end) used_.push_back({.ref = ref, .end = end});
    }
  }
}

Status CacheHandover::Job::Work(Store& store) {
  RETURN_IF_ERROR(ReadDue());
  return NextWindow(store);
}

Status CacheHandover::Job::ReadDue() {
  for (const Input& input : inputs_) {
    if (!input.cached) continue;
    for (size_t i = 0; i < input.outputs; ++i) {
      outputs_[input.first_output + i].share += input.share;
    }
  }
  constexpr double kLeastShare = 0.5;
  for (const Output& output : outputs_) {
    if (output.share < kLeastShare || output.handle.stored_bytes > kMaxWindowBytes) continue;
    ASSIGN_OR_RETURN(std::shared_ptr<const Block> block,
                     read_ahead_.ReadBlock(*output_table_, output.handle));
    blocks_.push_back({output_table_->file_number(), output.handle.offset, std::move(block)});
  }
  return {};
}

Status CacheHandover::Job::NextWindow(Store& store) {
  for (Used& used : used_) {
    used.was_cached = used.asked != SIZE_MAX && inputs_[used.asked].cached;
  }
  inputs_.clear();
  outputs_.clear();
  while (output_walk_ == nullptr || !output_walk_->Valid()) {
    if (written_.empty()) return {};
    output_table_ = std::move(written_.back());
    written_.pop_back();
    ASSIGN_OR_RETURN(BlockWalk walk,
                     BlockWalk::Start(output_table_, output_table_->info().smallest));
    output_walk_ = std::make_shared<BlockWalk>(std::move(walk));
  }
  size_t bytes = 0;
  while (output_walk_->Valid() && bytes < kMaxWindowBytes && outputs_.size() < kMaxWindowBlocks) {
    outputs_.push_back({output_walk_->handle(), std::string(output_walk_->upper())});
    bytes += output_walk_->handle().stored_bytes;
    RETURN_IF_ERROR(output_walk_->Next());
  }
  for (Used& used : used_) {
    used.asked = SIZE_MAX;
    if (used.walked) continue;
    if (used.walk == nullptr) {
      if (used.ref.lo >= outputs_.back().upper) continue;
      ASSIGN_OR_RETURN(auto table, store.OpenTable(*used.ref.table));
      ASSIGN_OR_RETURN(BlockWalk walk, BlockWalk::Start(std::move(table), used.ref.lo));
      used.walk = std::make_shared<BlockWalk>(std::move(walk));
    }
    RETURN_IF_ERROR(AddInputs(&used));
    // One that is used up is open no longer.
    used.walked = !used.walk->Valid() || (!used.end.empty() && used.walk->lower() >= used.end);
    if (used.walked) used.walk.reset();
  }
  return {};
}

// Those with keys below the window's end. The walk stays on one that reaches beyond it.
Status CacheHandover::Job::AddInputs(Used* used) {
  BlockWalk& walk = *used->walk;
  const std::string& window_end = outputs_.back().upper;
  while (walk.Valid() && walk.lower() < window_end) {
    if (!used->end.empty() && walk.lower() >= used->end) return {};
    const bool asked = inputs_.size() < kMaxWindowInputs;
    if (asked) AddInput(used);
    if (walk.upper() > window_end) {
      if (asked) used->asked = inputs_.size() - 1;
      return {};
    }
    used->was_cached = false;
    RETURN_IF_ERROR(walk.Next());
  }
  return {};
}

void CacheHandover::Job::AddInput(Used* used) {
  const BlockWalk& walk = *used->walk;
  const auto first = std::ranges::upper_bound(outputs_, walk.lower(), {}, &Output::upper);
  const auto last = std::ranges::lower_bound(outputs_, walk.upper(), {}, &Output::upper);
  const bool beyond = last == outputs_.end();
  Input input{.file = used->ref.table->file,
              .offset = walk.handle().offset,
              .first_output = static_cast<size_t>(first - outputs_.begin()),
              .cached = used->was_cached};
  if (first != outputs_.end()) {
    input.outputs = static_cast<size_t>(last - first) + (beyond ? 0 : 1);
    input.share = 1.0 / static_cast<double>(input.outputs + (beyond ? 1 : 0));
  }
  inputs_.push_back(input);
}

CacheHandover::CacheHandover(Store& store, BlockCache& blocks)
    : store_(store), blocks_(blocks), self_(std::make_shared<CacheHandover*>(this)) {}

CacheHandover::~CacheHandover() {
  *self_ = nullptr;
}

void CacheHandover::Begin(const MergePlan& plan, const std::string& end, const WrittenRun& written,
                          std::function<void()> done) {
  if (blocks_.block_count() == 0 || written.readers.empty()) return done();
  waiting_.push_back(std::make_shared<Job>(plan, end, written, std::move(done)));
  if (waiting_.size() == 1) Work();
}

void CacheHandover::Work() {
  Store* store = &store_;
  store_.background.Submit(
      Lane::kCompaction, GatedJob(store_.gate, [self = self_, store, job = waiting_.front()] {
        const Status status = job->Work(*store);
        if (!status.ok()) {
          store->log.Verbose("Blocks of a merge are not handed over: {}", status.ToString());
          job->GiveUp();
        }
        store->background.PostCompletion([self] {
          if (*self != nullptr) (*self)->OnWorked();
        });
      }));
}

void CacheHandover::OnWorked() {
  const std::shared_ptr<Job> job = waiting_.front();
  for (WarmBlock& block : job->blocks()) {
    blocks_.Insert(block.file, block.offset, std::move(block.block));
    ++block_count_;
  }
  job->blocks().clear();
  for (Job::Input& input : job->inputs()) {
    if (blocks_.Peek(input.file, input.offset) != nullptr) input.cached = true;
  }
  // Not to be asked once a worker has it again.
  const bool at_end = job->at_end();
  if (at_end) waiting_.pop_front();
  if (!waiting_.empty()) Work();
  if (at_end) job->Done();
}

}  // namespace cairn::lsm
