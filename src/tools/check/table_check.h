#pragma once
// Checks one table file to the last byte: footer, properties, top index; every index, filter and
// data block's checksum; the order of keys within and across blocks and their bounds in the
// indexes; that the filter knows every key; and that the statistics are those of what stands there.
//
// Thread: one. May block. Writes nothing. Memory: a block of each kind.

#include <cstdint>
#include <optional>
#include <string>

#include "env/env.h"
#include "lsm/table_info.h"
#include "tools/check/report.h"

namespace cairn::check {

struct TableExpectation {
  const lsm::TableInfo* catalog = nullptr;  // what the catalog says of it; null: nothing
  std::optional<uint64_t> filter_secret;    // none: filters are read, not asked
};

// False if anything was reported.
bool CheckTable(Env& env, const std::string& path, lsm::FileNumber file,
                const TableExpectation& expectation, Report& report);

}  // namespace cairn::check
