#pragma once
// How long a random test runs: all of its rounds, or CAIRN_TEST_PERCENT of them. CI sets it where
// sanitizers make every round many times slower.

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace cairn::test {

// At least one round, so that a short run still runs everything.
inline uint64_t Rounds(uint64_t full) {
  const char* text = std::getenv("CAIRN_TEST_PERCENT");
  const uint64_t percent = text != nullptr ? std::strtoull(text, nullptr, 10) : 100;
  return std::max<uint64_t>(1, full * percent / 100);
}

}  // namespace cairn::test
