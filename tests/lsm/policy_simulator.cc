#include "policy_simulator.h"

#include <fmt/format.h>
#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <span>
#include <utility>

#include "util/coding.h"

namespace cairn::test {

namespace {

// Between two flushes.
constexpr int kMostSteps = 10'000;

std::string KeyOf(uint32_t number) {
  std::string user_key(4, '\0');
  for (int i = 0; i < 4; ++i) user_key[i] = static_cast<char>(number >> (24 - 8 * i));
  std::string key;
  lsm::MakeKey(&key, lsm::kFirstUserSpace, user_key);
  return key;
}

uint32_t NumberOf(std::string_view key) {
  uint32_t number = 0;
  for (const char c : lsm::UserKeyOf(key)) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

}  // namespace

// A walk over what the references of one run show.
struct PolicySimulator::Cursor {
  std::vector<std::span<const Entry>> parts;
  size_t part = 0;
  size_t at = 0;

  bool Valid() const { return part < parts.size(); }
  const Entry& entry() const { return parts[part][at]; }
  void Next() {
    if (++at < parts[part].size()) return;
    at = 0;
    ++part;
  }
};

PolicySimulator::PolicySimulator(std::unique_ptr<const lsm::CompactionPolicy> policy,
                                 SimulatedSizes sizes)
    : policy_(std::move(policy)),
      sizes_(sizes),
      lifetimes_(lsm::TableLifetimes::Create(nullptr)),
      newest_(sizes.keys) {}

void PolicySimulator::Write(uint32_t key, bool deleted) {
  Entry& newest = newest_.at(key);
  const bool was_live = newest.version != 0 && !newest.deleted;
  live_ += (deleted ? 0 : 1) - (was_live ? 1 : 0);
  newest = {key, ++last_version_, deleted};
  ++user_writes_;
  memtable_.insert(key);
  if (memtable_.size() < sizes_.memtable_entries) return;
  Flush();
  if (sizes_.merge_rate == 0) {
    RunMerges(1e18);
  } else {
    RunMerges(sizes_.merge_rate * static_cast<double>(sizes_.memtable_entries));
  }
  Measure();
}

void PolicySimulator::Settle() {
  Flush();
  RunMerges(1e18);
}

void PolicySimulator::StartMeasuring() {
  user_writes_ = 0;
  file_writes_ = 0;
  space_peak_ = 0;
  peak_since_sample_ = 0;
  largest_step_ = 0;
  most_runs_ = 0;
  tables_moved_ = 0;
  samples_.clear();
}

void PolicySimulator::Flush() {
  if (memtable_.empty()) return;
  Entries entries;
  for (const uint32_t key : memtable_) entries.push_back(newest_[key]);
  memtable_.clear();
  std::ranges::sort(entries, {}, &Entry::key);
  lsm::VersionEdit edit;
  const lsm::RunId run = next_file_++;
  for (lsm::TableInfo& info : MakeTables(entries)) edit.AddTable(run, std::move(info));
  edit.run_order.emplace({run});
  for (const lsm::SortedRun& older : version().runs()) edit.run_order->push_back(older.id);
  edit.flushed_seq = last_version_;
  file_writes_ += entries.size();
  Apply(std::move(edit));
}

std::vector<lsm::TableInfo> PolicySimulator::MakeTables(const Entries& entries) {
  std::vector<lsm::TableInfo> tables;
  for (size_t begin = 0; begin < entries.size(); begin += sizes_.table_entries) {
    const size_t end = std::min(entries.size(), begin + sizes_.table_entries);
    const Entries part(entries.begin() + static_cast<ptrdiff_t>(begin),
                       entries.begin() + static_cast<ptrdiff_t>(end));
    const auto [oldest, newest] = std::ranges::minmax_element(part, {}, &Entry::version);
    lsm::TableInfo info;
    info.file = next_file_++;
    info.size_bytes = part.size() * kSimulatedEntryBytes;
    info.smallest = KeyOf(part.front().key);
    info.largest = KeyOf(part.back().key);
    info.min_sequence = oldest->version;
    info.max_sequence = newest->version;
    info.entries = part.size();
    info.tombstones = static_cast<uint64_t>(std::ranges::count(part, true, &Entry::deleted));
    info.values = info.entries - info.tombstones;
    stored_ += part.size();
    files_.emplace(info.file, part);
    tables.push_back(std::move(info));
  }
  return tables;
}

void PolicySimulator::Apply(lsm::VersionEdit edit) {
  edit.number = state_.edit + 1;
  edit.next_file = next_file_;
  std::vector<std::shared_ptr<const lsm::TableInfo>> removed;
  auto after = ApplyEdit(state_, edit, *lifetimes_, &removed);
  INFO(edit.DebugString());
  REQUIRE(after.ok());
  state_ = std::move(*after);
  // Inputs and outputs are there side by side until now.
  const double space = SpaceOf(stored_);
  space_peak_ = std::max(space_peak_, space);
  peak_since_sample_ = std::max(peak_since_sample_, space);
  for (const auto& info : removed) {
    stored_ -= info->entries;
    files_.erase(info->file);
  }
  most_runs_ = std::max(most_runs_, version().runs().size());
}

void PolicySimulator::RunMerges(double budget) {
  budget_ = std::min(budget_, 0.0) + budget;
  size_t written = 0;
  // A job that makes no progress would go on for ever.
  for (int steps = 0; budget_ > 0 && RunStep(&written); ++steps) {
    REQUIRE(steps < kMostSteps);
    budget_ -= static_cast<double>(written);
    file_writes_ += written;
    const double share =
        static_cast<double>(written) / static_cast<double>(std::max<uint64_t>(live_, 1));
    largest_step_ = std::max(largest_step_, share);
  }
}

void PolicySimulator::PickJob() {
  std::unordered_set<lsm::RunId> busy;
  for (const lsm::CompactionJob& job : jobs_) {
    busy.insert(job.sources.begin(), job.sources.end());
    busy.insert(job.target);
  }
  if (auto job = policy_->Pick(version(), busy)) jobs_.push_back(std::move(*job));
}

bool PolicySimulator::RunStep(size_t* written) {
  PickJob();
  std::optional<lsm::MergePlan> plan;
  while (!jobs_.empty() && !plan) {
    plan = PlanMerge(version(), sizes_.table_entries * kSimulatedEntryBytes, &jobs_.back());
    if (plan) break;
    jobs_.pop_back();
    if (jobs_.empty()) PickJob();
  }
  if (!plan) return false;
  std::string end;
  std::vector<lsm::TableInfo> tables;
  *written = 0;
  if (plan->moved.empty()) {
    const Entries entries = Merge(*plan, &end);
    *written = entries.size();
    tables = MakeTables(entries);
  }
  tables_moved_ += plan->moved.size();
  Apply(MergeEdit(version(), *plan, end, tables));
  return true;
}

std::vector<PolicySimulator::Cursor> PolicySimulator::CursorsOf(const lsm::MergePlan& plan) const {
  std::vector<Cursor> cursors;
  for (const std::vector<lsm::TableRef>& run : plan.runs) {
    Cursor cursor;
    for (const lsm::TableRef& ref : run) {
      const Entries& all = files_.at(ref.table->file);
      const auto lo = std::ranges::lower_bound(all, NumberOf(ref.lo), {}, &Entry::key);
      const auto hi = std::ranges::upper_bound(all, NumberOf(ref.hi), {}, &Entry::key);
      if (lo != hi) cursor.parts.emplace_back(lo, hi);
    }
    cursors.push_back(std::move(cursor));
  }
  return cursors;
}

PolicySimulator::Entries PolicySimulator::Merge(const lsm::MergePlan& plan,
                                                std::string* end) const {
  const size_t most = lsm::kTablesPerStep * sizes_.table_entries;
  std::vector<Cursor> cursors = CursorsOf(plan);
  Entries merged;
  for (;;) {
    const Cursor* newest = nullptr;
    for (const Cursor& cursor : cursors) {
      if (!cursor.Valid()) continue;
      if (newest == nullptr || cursor.entry().key < newest->entry().key) newest = &cursor;
    }
    if (newest == nullptr) return merged;
    const Entry entry = newest->entry();
    const std::string key = KeyOf(entry.key);
    if (merged.size() >= most || (!plan.end.empty() && key >= plan.end)) {
      *end = key;
      return merged;
    }
    if (!entry.deleted || OlderRunsCover(plan.older_runs, key)) merged.push_back(entry);
    for (Cursor& cursor : cursors) {
      if (cursor.Valid() && cursor.entry().key == entry.key) cursor.Next();
    }
  }
}

bool PolicySimulator::OlderRunsCover(size_t from, const std::string& key) const {
  for (size_t i = from; i < version().runs().size(); ++i) {
    if (FindTable(version().runs()[i].tables, key) != nullptr) return true;
  }
  return false;
}

void PolicySimulator::Measure() {
  constexpr int kLookups = 32;
  size_t covering = 0;
  for (int i = 0; i < kLookups; ++i) {
    const std::string key = KeyOf(static_cast<uint32_t>(random_.Uniform(sizes_.keys)));
    for (const lsm::SortedRun& run : version().runs()) {
      covering += FindTable(run.tables, key) != nullptr ? 1 : 0;
    }
  }
  samples_.push_back({.written = user_writes_,
                      .write = write_amplification(),
                      .space = space_amplification(),
                      .space_peak = std::exchange(peak_since_sample_, 0),
                      .runs_read = static_cast<double>(covering) / kLookups});
}

double PolicySimulator::SpaceOf(uint64_t entries) const {
  return static_cast<double>(entries) / static_cast<double>(std::max<uint64_t>(live_, 1));
}

double PolicySimulator::write_amplification() const {
  return static_cast<double>(file_writes_) /
         static_cast<double>(std::max<uint64_t>(user_writes_, 1));
}

double PolicySimulator::space_amplification() const {
  return SpaceOf(stored_);
}

double PolicySimulator::space_peak() const {
  return space_peak_;
}

double PolicySimulator::space_mean() const {
  const double sum =
      std::accumulate(samples_.begin(), samples_.end(), 0.0,
                      [](double so_far, const Sample& sample) { return so_far + sample.space; });
  return sum / static_cast<double>(std::max<size_t>(samples_.size(), 1));
}

double PolicySimulator::runs_read_mean() const {
  const double sum = std::accumulate(
      samples_.begin(), samples_.end(), 0.0,
      [](double so_far, const Sample& sample) { return so_far + sample.runs_read; });
  return sum / static_cast<double>(std::max<size_t>(samples_.size(), 1));
}

std::string PolicySimulator::CheckReads() const {
  for (const Entry& newest : newest_) {
    if (newest.version == 0 || memtable_.contains(newest.key)) continue;
    const std::string key = KeyOf(newest.key);
    const Entry* found = nullptr;
    for (const lsm::SortedRun& run : version().runs()) {
      const lsm::TableRef* ref = FindTable(run.tables, key);
      if (ref == nullptr) continue;
      const Entries& all = files_.at(ref->table->file);
      const auto at = std::ranges::lower_bound(all, newest.key, {}, &Entry::key);
      if (at == all.end() || at->key != newest.key) continue;
      found = &*at;
      break;
    }
    if (found == nullptr && newest.deleted) continue;
    if (found == nullptr) return fmt::format("key {} is missing", newest.key);
    if (found->version != newest.version) {
      return fmt::format("key {} has version {} instead of {}", newest.key, found->version,
                         newest.version);
    }
  }
  return "";
}

const char* NameOf(LoadKind kind) {
  switch (kind) {
    case LoadKind::kUniform:
      return "uniform overwrite";
    case LoadKind::kZipf:
      return "zipf overwrite";
    case LoadKind::kSequential:
      return "sequential overwrite";
    case LoadKind::kInsert:
      return "insert in random order";
    case LoadKind::kAppend:
      return "insert in ascending order";
  }
  return "";
}

namespace {

// Numbers in [0, n), number i with a weight of (i + 1)^-0.99.
class Zipf {
 public:
  explicit Zipf(uint32_t n) : sums_(n) {
    double sum = 0;
    for (uint32_t i = 0; i < n; ++i) sums_[i] = sum += std::pow(i + 1, -0.99);
  }
  uint32_t Draw(Random& random) const {
    const auto at = std::ranges::upper_bound(sums_, random.UniformDouble() * sums_.back());
    return static_cast<uint32_t>(std::min<ptrdiff_t>(at - sums_.begin(), std::ssize(sums_) - 1));
  }

 private:
  std::vector<double> sums_;
};

// The numbers below n in an order that looks random. Requires: n is a power of two.
uint32_t Scatter(uint32_t number, uint32_t n) {
  return number * 2654435761u & (n - 1);
}

void Overwrite(LoadKind kind, uint64_t writes, uint32_t keys, PolicySimulator* simulator) {
  Random random(kSimulatedSeed + 1);
  const Zipf zipf(kind == LoadKind::kZipf ? keys : 1);
  for (uint64_t i = 0; i < writes; ++i) {
    auto key = static_cast<uint32_t>(i % keys);
    if (kind == LoadKind::kUniform) key = static_cast<uint32_t>(random.Uniform(keys));
    if (kind == LoadKind::kZipf) key = Scatter(zipf.Draw(random), keys);
    simulator->Set(key);
  }
}

}  // namespace

void RunLoad(LoadKind kind, double times, const SimulatedSizes& sizes, PolicySimulator* simulator) {
  const bool inserts = kind == LoadKind::kInsert || kind == LoadKind::kAppend;
  const uint32_t filled = inserts ? sizes.keys / 16 : sizes.keys / 2;
  const auto nth = [&](uint32_t i) {
    return kind == LoadKind::kAppend ? i : Scatter(i, inserts ? sizes.keys : filled);
  };
  for (uint32_t i = 0; i < filled; ++i) simulator->Set(nth(i));
  simulator->Settle();
  if (inserts) {
    simulator->StartMeasuring();
    for (uint32_t i = filled; i < sizes.keys; ++i) simulator->Set(nth(i));
    return;
  }
  // Once through before it is measured, so that the beginning is not in it.
  const double before = std::min(1.0, times / 2);
  Overwrite(kind, static_cast<uint64_t>(before * filled), filled, simulator);
  simulator->StartMeasuring();
  Overwrite(kind, static_cast<uint64_t>((times - before) * filled), filled, simulator);
}

}  // namespace cairn::test
