#pragma once
// Point lookups in one table: filter partition, index partition, data block, each from the source.
//
// Thread: the source's. Never blocks by itself; a blocking source does.

#include <string_view>

#include "lsm/block_source.h"
#include "lsm/table_reader.h"
#include "lsm/types.h"

namespace cairn::lsm {

// The table's entry of the key. `filter_hash` is FilterHash(key, the store's secret). On kFound
// *entry views into a block of the source and is valid as long as that (block_source.h). Bounds of
// the reference are the caller's to check (FindTable).
Lookup TableGet(const TableReader& table, BlockSource& source, std::string_view key,
                uint64_t filter_hash, Entry* entry);

// The same in one of its partitions, whose filter said "maybe" already (or is not there).
Lookup PartitionGet(const TableReader& table, BlockSource& source, size_t partition,
                    std::string_view key, Entry* entry);

// False only if the table's filter says that the key is not there. `peek` is a source that gives
// only what is in memory and lists no misses: what it has not counts as "maybe".
bool TableMayContain(const TableReader& table, BlockSource& peek, std::string_view key,
                     uint64_t filter_hash);

}  // namespace cairn::lsm
