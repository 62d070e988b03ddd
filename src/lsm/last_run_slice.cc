#include "lsm/last_run_slice.h"

#include <algorithm>
#include <string_view>

#include "util/check.h"

namespace cairn::lsm {

namespace {

// The keys from one table of the last run to the next are a cell; the first begins, and the last
// ends, with the key space.
struct Span {
  const TableRef* ref = nullptr;
  size_t first_cell = 0;
  size_t last_cell = 0;
  double bytes_a_cell = 0;  // as if they were spread evenly
};

class SlicePicker {
 public:
  SlicePicker(const std::vector<SortedRun>& runs, size_t tables)
      : runs_(runs), last_(runs.back().tables), width_(std::min(tables, last_.size())) {
    for (size_t i = 0; i + 1 < runs.size(); ++i) spans_.push_back(SpansOf(runs[i]));
    next_.resize(spans_.size());
  }

  CompactionJob Pick() {
    size_t best = 0;
    double most = -1;
    for (size_t cell = 0; cell + width_ <= last_.size(); ++cell) {
      const double gain = Taken(cell, nullptr) / OwnBytes(cell);
      if (gain <= most) continue;
      most = gain;
      best = cell;
    }
    std::fill(next_.begin(), next_.end(), 0);
    CompactionJob job;
    (void)Taken(best, &job);
    // Nothing reaches from the left into the first cell that anything above has keys in.
    CHECK(!job.slice.empty());
    std::reverse(job.sources.begin(), job.sources.end());
    job.target = runs_.back().id;
    if (best + width_ < last_.size()) job.end = last_[best + width_].lo;
    return job;
  }

 private:
  std::vector<Span> SpansOf(const SortedRun& run) const {
    std::vector<Span> spans;
    size_t cell = 0;
    const auto cell_of = [&](std::string_view key) {
      while (cell + 1 < last_.size() && last_[cell + 1].lo <= key) ++cell;
      return cell;
    };
    for (const TableRef& ref : run.tables) {
      Span span{.ref = &ref, .first_cell = cell_of(ref.lo), .last_cell = cell_of(ref.hi)};
      span.bytes_a_cell = static_cast<double>(ref.table->size_bytes) /
                          static_cast<double>(span.last_cell - span.first_cell + 1);
      spans.push_back(span);
    }
    return spans;
  }

  double OwnBytes(size_t cell) const {
    uint64_t bytes = 0;
    for (size_t i = cell; i < cell + width_; ++i) bytes += last_[i].table->size_bytes;
    return static_cast<double>(bytes);
  }

  // What the slice that begins with the cell takes from above, and, if asked, of what. Cells are
  // asked for in ascending order.
  double Taken(size_t begin, CompactionJob* job) {
    const size_t end = begin + width_;
    double taken = 0;
    // Up to here, older tables stay out. Empty: nothing does.
    std::string_view out;
    size_t out_cell = 0;
    for (size_t run = spans_.size(); run > 0; --run) {
      const std::vector<Span>& spans = spans_[run - 1];
      size_t& next = next_[run - 1];
      while (next < spans.size() && spans[next].last_cell < begin) ++next;
      bool source = false;
      for (size_t i = next; i < spans.size() && spans[i].first_cell < end; ++i) {
        const Span& span = spans[i];
        const bool behind_out = out.empty() || span.first_cell > out_cell || span.ref->lo > out;
        if (span.first_cell < begin || !behind_out) {
          if (span.ref->hi > out) {
            out = span.ref->hi;
            out_cell = span.last_cell;
          }
          continue;
        }
        const size_t cells = std::min(end - 1, span.last_cell) - span.first_cell + 1;
        taken += span.bytes_a_cell * static_cast<double>(cells);
        source = true;
        if (job != nullptr) job->slice.push_back(span.ref->table->file);
      }
      if (source && job != nullptr) job->sources.push_back(runs_[run - 1].id);
    }
    return taken;
  }

  const std::vector<SortedRun>& runs_;
  const std::vector<TableRef>& last_;
  const size_t width_;
  std::vector<std::vector<Span>> spans_;  // of the runs above the last
  std::vector<size_t> next_;              // the first span of each that the cell may meet
};

}  // namespace

CompactionJob PickSlice(const std::vector<SortedRun>& runs, size_t tables) {
  CHECK(runs.size() >= 2);
  CHECK(tables > 0);
  return SlicePicker(runs, tables).Pick();
}

}  // namespace cairn::lsm
