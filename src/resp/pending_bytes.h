#pragma once
// The bytes of a command that has not arrived whole: argument after argument, contiguous. A socket
// can read straight into its end. Grows geometrically as bytes come, so what it takes is bounded by
// what was really received, whatever length was announced.
//
// Thread safety: none. Lifetime: pointers end with the next method that is not const. Out of
// memory ends the process, as a failed new does.

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

#include "util/check.h"

namespace cairn::resp {

class PendingBytes {
 public:
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  const char* data() const { return memory_.get(); }

  // `expected`: how many bytes, these included, are known to be coming now.
  void Append(std::string_view bytes, size_t expected) {
    Grow(bytes.size(), expected);
    if (!bytes.empty()) std::memcpy(memory_.get() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }

  // Room for at least `room` more bytes at end(); Commit makes what was written there count.
  void Grow(size_t room, size_t expected) {
    const size_t needed = size_ + room;
    if (needed <= capacity_) return;
    // Doubling, but not far past what is known to come: the last step to a large bulk fits it.
    const size_t fitting = std::max(size_ + expected, capacity_ + capacity_ / 8);
    Reallocate(std::max({needed, std::min(2 * capacity_, fitting), kSmallestBytes}));
  }
  char* end() { return memory_.get() + size_; }
  size_t room() const { return capacity_ - size_; }
  void Commit(size_t bytes) {
    CAIRN_CHECK(bytes <= room());
    size_ += bytes;
  }

  // Forgets the bytes; keeps at most `keep_bytes` of memory.
  void Clear(size_t keep_bytes) {
    size_ = 0;
    if (capacity_ <= keep_bytes) return;
    memory_.reset();
    capacity_ = 0;
  }

 private:
  static constexpr size_t kSmallestBytes = 256;

  struct Free {
    void operator()(char* memory) const { std::free(memory); }
  };

  void Reallocate(size_t capacity) {
    // realloc: moving a large block remaps its pages instead of copying them.
    char* memory = static_cast<char*>(std::realloc(memory_.get(), capacity));
    CAIRN_CHECK(memory != nullptr);
    static_cast<void>(memory_.release());
    memory_.reset(memory);
    capacity_ = capacity;
  }

  std::unique_ptr<char, Free> memory_;
  size_t capacity_ = 0;
  size_t size_ = 0;
};

}  // namespace cairn::resp
