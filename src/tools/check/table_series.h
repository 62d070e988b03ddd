#pragma once
// Writes ascending entries as tables of a bounded size: what a repair makes a run of. (The engine's
// RunWriter keeps every filter of a run in memory for its caches; a repair's run is the whole of
// the data.)
//
// Thread: one. May block. Errors: sticky; after one the files are garbage.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "env/env.h"
#include "lsm/manifest.h"
#include "lsm/table_builder.h"
#include "util/status.h"

namespace cairn::check {

class TableSeries {
 public:
  // Tables get their numbers from the manifest; `options` are those of each.
  TableSeries(Env& env, std::string directory, lsm::Manifest& manifest,
              lsm::TableBuildOptions options, uint64_t table_bytes);

  // Requires: a key greater than the last one.
  Status Add(std::string_view key, const lsm::Entry& entry);
  // Syncs the tables and their names. Once.
  Result<std::vector<lsm::TableInfo>> Finish();

 private:
  Status FinishTable();

  Env& env_;
  const std::string directory_;
  lsm::Manifest& manifest_;
  lsm::TableBuildOptions options_;
  const uint64_t table_bytes_;
  std::unique_ptr<lsm::TableBuilder> builder_;
  std::vector<lsm::TableInfo> tables_;
};

}  // namespace cairn::check
