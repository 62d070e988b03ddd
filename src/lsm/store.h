#pragma once
// What an open data directory is for everything that works on it: where things are, the lock, the
// catalog, the tables that are open.
//
// Thread: env, background, log, options and the paths from any thread. `manifest` belongs to
// recovery and then to the one catalog job on the flush lane. open_tables, table_cuts and
// merge_pace have locks of their own. Ownership: one engine owns it; its jobs use it inside the
// gate (job_gate.h).

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "env/env.h"
#include "lsm/background.h"
#include "lsm/job_gate.h"
#include "lsm/manifest.h"
#include "lsm/merge_pace.h"
#include "lsm/open_tables.h"
#include "lsm/options.h"
#include "lsm/quarantine.h"
#include "lsm/store_identity.h"
#include "lsm/table_info.h"
#include "lsm/table_lifetimes.h"
#include "lsm/table_reader.h"
#include "util/log.h"

namespace cairn::lsm {

// "000012.sst"; 0 if the name is none.
std::string TableFileName(FileNumber number);
FileNumber ParseTableFileName(std::string_view name);

// What the loop does when a table's file may go. Set and called on the loop.
struct ObsoleteTables {
  std::function<void(FileNumber)> on_loop;
};

struct Store {
  Store(Env& env, Background& background, Logger& log, Options options)
      : env(env),
        background(background),
        log(log),
        options(std::move(options)),
        open_tables(static_cast<size_t>(this->options.max_open_files)) {}

  Env& env;
  Background& background;
  Logger& log;
  const Options options;  // sync_mode as it was at the start

  std::shared_ptr<JobGate> gate = std::make_shared<JobGate>();
  std::shared_ptr<FileLock> lock;
  StoreIdentity identity;
  uint64_t filter_secret = 0;
  const std::shared_ptr<ObsoleteTables> obsolete = std::make_shared<ObsoleteTables>();
  // Hands what is obsolete over to the loop.
  std::shared_ptr<TableLifetimes> lifetimes;
  std::unique_ptr<Manifest> manifest;
  OpenTables open_tables;
  // Set by the loop (quarantine.h).
  TableCuts table_cuts;
  MergePace merge_pace{env};
  // A table could not be opened for direct reads, and that was said.
  std::atomic<bool> indirect_reads = false;

  std::string TablePath(FileNumber file) const {
    return options.directory + "/" + TableFileName(file);
  }
  // The open reader of the table, opened if need be. May block.
  Result<std::shared_ptr<const TableReader>> OpenTable(const TableInfo& info);
};

}  // namespace cairn::lsm
