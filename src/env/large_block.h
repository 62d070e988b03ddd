#pragma once
// Memory in the processor's large pages (2 MiB on x86-64), for structures that are walked at
// random: a miss of the caches then costs no walk of the page tables as well.
//
// Source: Linux, Documentation/admin-guide/mm/transhuge.rst.

#include <cstddef>
#include <memory>

namespace cairn {

// Bytes of a block, and what its address is a multiple of.
inline constexpr size_t kLargeBlockBytes = size_t{2} << 20;

struct LargeBlockDelete {
  // Gives the pages back: some 50 us. A worker, as for NewLargeBlock.
  void operator()(char* memory) const;
};
using LargeBlock = std::unique_ptr<char[], LargeBlockDelete>;

// A block whose pages are there already, large ones if the system has any to give; null if there is
// no memory. What it holds is zeros.
// Thread: a worker. May block: the system clears the pages, and may move others to make room.
LargeBlock NewLargeBlock();

}  // namespace cairn
