#pragma once
// Which tables are open, whoever holds them: the loop's cache (table_cache.h), fetches, jobs. Each
// is opened once and closed by the last who lets go. There is a limit to how many are, which the
// loop's cache keeps: it gives way to jobs, at the loop's next step; jobs are bounded each
// (kept_by_job), so what they need at once is small.
//
// A table is opened when it is needed for the first time, by a worker; a start opens none.
//
// Thread safety: all methods, any thread.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "lsm/table_reader.h"
#include "lsm/types.h"

namespace cairn::lsm {

class OpenTables {
 public:
  explicit OpenTables(size_t limit);

  // The open reader, or null.
  std::shared_ptr<const TableReader> Find(FileNumber file) const;
  // From now on others find it, as long as somebody holds what is returned.
  std::shared_ptr<const TableReader> Share(std::unique_ptr<const TableReader> reader);

  size_t limit() const { return limit_; }
  // What the loop's cache may hold while jobs want no more than their share.
  size_t loop_share() const { return limit_ - limit_ / 4; }
  // What one job keeps open beside the tables that its iterators stand on.
  size_t kept_by_job() const;
  size_t count() const;
  uint64_t opens() const;  // since the start

 private:
  struct Readers;

  const size_t limit_;
  const std::shared_ptr<Readers> readers_;  // the last readers may outlive this
};

}  // namespace cairn::lsm
