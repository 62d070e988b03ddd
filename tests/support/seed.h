#pragma once
// The seed of the random tests: CAIRN_SEED if it is set, a fresh one otherwise. It is printed once
// a process, as the line that runs the same test again.

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>

namespace cairn::test {

inline uint64_t Seed() {
  static const uint64_t seed = [] {
    const char* text = std::getenv("CAIRN_SEED");
    const uint64_t chosen =
        text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device{}();
    std::cerr << "random tests: run again with CAIRN_SEED=" << chosen << std::endl;
    return chosen;
  }();
  return seed;
}

}  // namespace cairn::test
