#include "env/large_block.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <vector>

namespace cairn {

TEST_CASE("large block: aligned to its size, zeros at first, all of it usable, each its own") {
  std::vector<LargeBlock> blocks;
  for (int i = 0; i < 5; ++i) {
    LargeBlock block = NewLargeBlock();
    REQUIRE(block != nullptr);
    CHECK(reinterpret_cast<uintptr_t>(block.get()) % kLargeBlockBytes == 0);
    CHECK(std::all_of(block.get(), block.get() + kLargeBlockBytes, [](char c) { return c == 0; }));
    std::fill_n(block.get(), kLargeBlockBytes, static_cast<char>('a' + i));
    blocks.push_back(std::move(block));
  }
  blocks.erase(blocks.begin() + 1);
  for (const auto& [at, content] : {std::pair{0, 'a'}, {1, 'c'}, {2, 'd'}, {3, 'e'}}) {
    const char* bytes = blocks[static_cast<size_t>(at)].get();
    CHECK(std::count(bytes, bytes + kLargeBlockBytes, content) == kLargeBlockBytes);
  }
}

}  // namespace cairn
