#pragma once
// Random damage to a file in the fault-injecting env.

#include <fmt/format.h>
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "env/fault_env.h"
#include "util/random.h"

namespace cairn::check {

// Damages the file in one of the ways in which disks and people do; says how.
inline std::string Damage(FaultEnv& env, const std::string& path, Random& random) {
  const uint64_t size = env.Dump(path).value().size();
  const uint64_t at = random.Uniform(std::max<uint64_t>(size, 1));
  const uint64_t count = std::min<uint64_t>(size - std::min(at, size), 1 + random.Uniform(6000));
  std::string garbage(count, '\0');
  switch (random.Uniform(6)) {
    case 0:
      REQUIRE(env.Remove(path).ok());
      return "removed";
    case 1:
      REQUIRE(env.Truncate(path, at).ok());
      return fmt::format("cut at {} of {}", at, size);
    case 2:
      REQUIRE(env.Overwrite(path, at, garbage).ok());
      return fmt::format("{} zeros at {}", count, at);
    case 3:
      for (char& byte : garbage) byte = static_cast<char>(random.Next());
      REQUIRE(env.Overwrite(path, at, garbage).ok());
      return fmt::format("{} random bytes at {}", count, at);
    default:
      if (size == 0) return "nothing";
      REQUIRE(env.Corrupt(path, at, static_cast<unsigned char>(1 << random.Uniform(8))).ok());
      return fmt::format("a bit at {} of {}", at, size);
  }
}

}  // namespace cairn::check
