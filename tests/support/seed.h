#pragma once
// The seed of the random tests: CAIRN_SEED if it is set, a fresh one otherwise; one a process, and
// printed, so that it is known even when a sanitizer stops the process. In a test:
//
//   CAIRN_TEST_SEED(seed);
//   Random random(seed);
//
// prints, with each failure in its scope, the line that runs that test with that seed again.

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

namespace cairn::test {

inline uint64_t Seed() {
  static const uint64_t seed = [] {
    const char* text = std::getenv("CAIRN_SEED");
    uint64_t chosen = std::random_device{}();
    if (text != nullptr) {
      char* end = nullptr;
      chosen = std::strtoull(text, &end, 10);
      // A mistyped seed must not quietly become another one.
      if (end == text || *end != '\0') {
        std::cerr << "CAIRN_SEED is not a number: " << text << std::endl;
        std::exit(2);
      }
    }
    std::cerr << "random tests: run again with CAIRN_SEED=" << chosen << std::endl;
    return chosen;
  }();
  return seed;
}

inline std::string SeedLine(uint64_t seed) {
  return "run again: CAIRN_SEED=" + std::to_string(seed) + " " + program_invocation_name + " \"" +
         Catch::getResultCapture().getCurrentTestName() + "\"";
}

}  // namespace cairn::test

#define CAIRN_TEST_SEED(name)                  \
  const uint64_t name = ::cairn::test::Seed(); \
  INFO(::cairn::test::SeedLine(name))
