#include "tools/check/table_merge.h"

#include <algorithm>
#include <utility>

#include "util/check.h"

namespace cairn::check {

// Tables that ascend and do not overlap.
class TableMerge::Chain {
 public:
  Chain(Env& env, Losses& losses) : env_(env), losses_(losses) {}

  bool Takes(const TableSource& source) const {
    return tables_.empty() || (!tables_.back().hi.empty() && tables_.back().hi < source.lo);
  }
  void Add(TableSource source) { tables_.push_back(std::move(source)); }
  // No table is added any more.
  void Begin() { Settle(); }
  bool Valid() const { return walk_ && walk_->Valid(); }
  void Next() {
    walk_->Next();
    Settle();
  }
  std::string_view key() const { return walk_->key(); }
  const lsm::Entry& entry() const { return walk_->entry(); }
  lsm::FileNumber file() const { return tables_[next_ - 1].file; }

 private:
  void Settle() {
    while (!Valid() && next_ < tables_.size()) walk_.emplace(env_, tables_[next_++], losses_);
  }

  Env& env_;
  Losses& losses_;
  std::vector<TableSource> tables_;
  size_t next_ = 0;
  std::optional<TableWalk> walk_;
};

namespace {

// For a heap whose front is the smallest key's newest version; of one version that stands twice,
// what is in the later file.
constexpr auto kBehind = [](const auto* a, const auto* b) {
  if (const int order = a->key().compare(b->key()); order != 0) return order > 0;
  if (a->entry().sequence != b->entry().sequence) return a->entry().sequence < b->entry().sequence;
  return a->file() < b->file();
};

}  // namespace

TableMerge::TableMerge(Env& env, std::vector<TableSource> sources, Losses& losses) {
  std::stable_sort(sources.begin(), sources.end(),
                   [](const TableSource& a, const TableSource& b) { return a.lo < b.lo; });
  for (TableSource& source : sources) {
    auto chain = std::find_if(chains_.begin(), chains_.end(),
                              [&](const auto& each) { return each->Takes(source); });
    if (chain == chains_.end()) {
      chain = chains_.insert(chain, std::make_unique<Chain>(env, losses));
    }
    (*chain)->Add(std::move(source));
  }
  for (const auto& chain : chains_) {
    chain->Begin();
    if (chain->Valid()) heap_.push_back(chain.get());
  }
  std::make_heap(heap_.begin(), heap_.end(), kBehind);
}

TableMerge::~TableMerge() = default;

void TableMerge::Next() {
  DCHECK(Valid());
  std::pop_heap(heap_.begin(), heap_.end(), kBehind);
  heap_.back()->Next();
  if (!heap_.back()->Valid()) return heap_.pop_back();
  std::push_heap(heap_.begin(), heap_.end(), kBehind);
}

std::string_view TableMerge::key() const {
  return heap_.front()->key();
}
const lsm::Entry& TableMerge::entry() const {
  return heap_.front()->entry();
}
lsm::FileNumber TableMerge::file() const {
  return heap_.front()->file();
}

}  // namespace cairn::check
