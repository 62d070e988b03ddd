#include "env/large_block.h"

#include <sys/mman.h>

#include <cstdint>

#include "env/thread_role.h"

namespace cairn {

namespace {
constexpr size_t kSmallPageBytes = 4096;

// It may fail where the process has as many mappings as it may: the memory stays, then.
void Unmap(char* memory, size_t bytes) {
  if (bytes > 0) (void)::munmap(memory, bytes);
}
}  // namespace

void LargeBlockDelete::operator()(char* memory) const {
  AssertMayBlock();
  Unmap(memory, kLargeBlockBytes);
}

LargeBlock NewLargeBlock() {
  AssertMayBlock();
  // Twice the size holds one that is aligned; what stands before and behind it goes back.
  void* mapped = ::mmap(nullptr, 2 * kLargeBlockBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  char* const begin = static_cast<char*>(mapped);
  const size_t before = -reinterpret_cast<uintptr_t>(begin) % kLargeBlockBytes;
  Unmap(begin, before);
  LargeBlock block(begin + before);
  Unmap(block.get() + kLargeBlockBytes, kLargeBlockBytes - before);
  // A kernel without large pages says no; small ones do as well.
  (void)::madvise(block.get(), kLargeBlockBytes, MADV_HUGEPAGE);
  for (size_t at = 0; at < kLargeBlockBytes; at += kSmallPageBytes) {
    *static_cast<volatile char*>(block.get() + at) = 0;
  }
  return block;
}

}  // namespace cairn
