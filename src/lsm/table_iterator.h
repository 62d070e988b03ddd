#pragma once
// Walks over tables: one reference, and a sorted run of them. Forward and backward; only keys
// within the references' bounds are seen.
//
// Thread: the source's. The source and the references must outlive the iterator; it keeps alive the
// blocks that it stands on, and a run's iterator its table. Another's reader must outlive it, too.
// Errors and misses: internal_iterator.h. A miss asks for source.read_ahead_blocks() more.

#include <memory>
#include <span>
#include <string_view>

#include "lsm/block_source.h"
#include "lsm/internal_iterator.h"
#include "lsm/table_info.h"
#include "lsm/table_reader.h"

namespace cairn::lsm {

// Over the keys of the table in [lo, hi], both included. The bounds' bytes must outlive it.
std::unique_ptr<InternalIterator> NewTableIterator(const TableReader& table, BlockSource& source,
                                                   std::string_view lo, std::string_view hi);

// Over a sorted run: ascending references that do not overlap. Opens tables by way of the source,
// one at a time.
std::unique_ptr<InternalIterator> NewRunIterator(std::span<const TableRef> run,
                                                 BlockSource& source);

}  // namespace cairn::lsm
