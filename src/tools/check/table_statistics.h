#pragma once
// A table's statistics counted again from what stands in it, and compared in words.
//
// Any one thread; plain values.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lsm/block_source.h"
#include "lsm/table_properties.h"
#include "lsm/types.h"

namespace cairn::check {

// A line for each field that is not the same: "entries: 12 and 13".
std::vector<std::string> Differences(const lsm::TableInfo& a, const lsm::TableInfo& b);

class TableStatistics {
 public:
  // `own` is what the table says of itself: what cannot be counted is taken from there.
  explicit TableStatistics(const lsm::TableInfo& own);

  void AddEntry(std::string_view key, const lsm::Entry& entry);
  void AddDataBlock(lsm::BlockHandle handle, uint64_t raw_bytes);
  void AddPartition(lsm::BlockHandle index);
  void AddFilter(lsm::BlockHandle filter);

  std::vector<std::string> DifferencesTo(const lsm::TableProperties& properties) const;

 private:
  lsm::TableProperties counted_;
};

}  // namespace cairn::check
