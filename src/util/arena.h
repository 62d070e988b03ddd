#pragma once
// Scratch memory that is given back all at once: one command attempt, one batch. Allocation is a
// pointer bump; Reset keeps the first chunk, so a steady load asks the heap for nothing.
//
// Not thread-safe. What is allocated lives until Reset or the arena's end; no destructor is run.
// In AddressSanitizer builds, memory that was given back is poisoned: a view that outlives its
// attempt is caught at its first use.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <type_traits>
#include <vector>

#include "util/check.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

namespace cairn {

class Arena {
 public:
  // `first_chunk_bytes` is allocated at the first use and kept from then on; later chunks are as
  // large, or as large as the one request that does not fit.
  explicit Arena(size_t first_chunk_bytes = 4096) : chunk_bytes_(first_chunk_bytes) {
    CAIRN_CHECK(first_chunk_bytes > 0);
  }
  ~Arena() { PoisonAll(false); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Uninitialized bytes. Requires: alignment is a power of two, at most alignof(max_align_t).
  // Zero bytes give a valid pointer that must not be read.
  char* Allocate(size_t bytes, size_t alignment = alignof(std::max_align_t)) {
    DCHECK((alignment & (alignment - 1)) == 0);
    DCHECK(alignment <= alignof(std::max_align_t));
    const size_t start = (used_ + alignment - 1) & ~(alignment - 1);
    if (chunks_.empty() || bytes > size_ || start > size_ - bytes) return AllocateChunk(bytes);
    used_ = start + bytes;
    allocated_bytes_ += bytes;
    char* at = chunks_.back().bytes.get() + start;
    Poison(at, bytes, false);
    return at;
  }

  // Room for `count` objects, not constructed.
  template <typename T>
  T* AllocateArray(size_t count) {
    static_assert(std::is_trivially_destructible_v<T>, "the arena runs no destructors");
    CAIRN_CHECK(count <= SIZE_MAX / sizeof(T));
    return reinterpret_cast<T*>(Allocate(count * sizeof(T), alignof(T)));
  }

  // A copy of the bytes that lives as long as the arena's content.
  std::string_view Copy(std::string_view bytes) {
    if (bytes.empty()) return {};
    char* to = Allocate(bytes.size(), 1);
    std::memcpy(to, bytes.data(), bytes.size());
    return {to, bytes.size()};
  }

  // Gives everything back but the first chunk.
  void Reset() {
    PoisonAll(false);
    if (chunks_.size() > 1) chunks_.erase(chunks_.begin() + 1, chunks_.end());
    // A first request larger than a chunk must not stay: Reset bounds what an idle arena holds.
    if (!chunks_.empty() && chunks_[0].size > chunk_bytes_) chunks_.clear();
    size_ = chunks_.empty() ? 0 : chunks_[0].size;
    used_ = 0;
    allocated_bytes_ = 0;
    PoisonAll(true);
  }

  // What callers asked for since Reset, and what the arena holds of the heap.
  size_t allocated_bytes() const { return allocated_bytes_; }
  size_t held_bytes() const {
    size_t held = 0;
    for (const Chunk& chunk : chunks_) held += chunk.size;
    return held;
  }

 private:
  struct Chunk {
    std::unique_ptr<char[]> bytes;
    size_t size = 0;
  };

  char* AllocateChunk(size_t bytes) {
    const size_t size = bytes > chunk_bytes_ ? bytes : chunk_bytes_;
    // Aligned for max_align_t, and not filled with zeros.
    chunks_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
    size_ = size;
    used_ = bytes;
    allocated_bytes_ += bytes;
    char* at = chunks_.back().bytes.get();
    Poison(at + bytes, size - bytes, true);
    return at;
  }

  void PoisonAll(bool poisoned) {
    for (const Chunk& chunk : chunks_) Poison(chunk.bytes.get(), chunk.size, poisoned);
  }

#ifdef __SANITIZE_ADDRESS__
  static void Poison(char* at, size_t bytes, bool poisoned) {
    if (poisoned) {
      __asan_poison_memory_region(at, bytes);
    } else {
      __asan_unpoison_memory_region(at, bytes);
    }
  }
#else
  static void Poison(char*, size_t, bool) {}
#endif

  const size_t chunk_bytes_;
  std::vector<Chunk> chunks_;
  size_t size_ = 0;  // of the last chunk
  size_t used_ = 0;  // in the last chunk
  size_t allocated_bytes_ = 0;
};

}  // namespace cairn
