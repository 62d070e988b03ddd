// Which slice of the last run is picked, and what it takes from above.

#include "lsm/last_run_slice.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "lsm/version.h"

namespace cairn::lsm {
namespace {

// A version as text; runs and tables by their numbers. Every table has 4096 bytes for each of its
// entries.
std::string Picked(const std::string& text, size_t tables) {
  const auto version = ParseVersionDebug(text);
  REQUIRE(version.ok());
  REQUIRE(version->Validate().ok());
  const CompactionJob job = PickSlice(version->runs(), tables);
  return fmt::format("{} -> {} ({}) below {}", fmt::join(job.sources, " "), job.target,
                     fmt::join(job.slice, " "),
                     job.end.empty() ? "the end" : KeyDebugString(job.end));
}

std::string Table(int file, const std::string& lo, const std::string& hi, int bytes) {
  return fmt::format("  {} [1024/{} .. 1024/{}] of [1024/a .. 1024/z] seq 1-9 entries 9 bytes {}\n",
                     file, lo, hi, bytes);
}

const std::string kLast = "run 1\n" + Table(11, "a", "e", 1000) + Table(12, "f", "j", 1000) +
                          Table(13, "k", "o", 1000) + Table(14, "p", "t", 1000);

TEST_CASE("slice: where most lies above") {
  const std::string above =
      "run 2\n" + Table(21, "a", "c", 100) + Table(22, "g", "h", 300) + Table(23, "q", "r", 200);
  CHECK(Picked(above + kLast, 1) == "2 -> 1 (22) below 1024/k");
  CHECK(Picked(above + kLast, 2) == "2 -> 1 (21 22) below 1024/k");
  CHECK(Picked(above + kLast, 4) == "2 -> 1 (21 22 23) below the end");
  CHECK(Picked(above + kLast, 9) == "2 -> 1 (21 22 23) below the end");
}

TEST_CASE("slice: keys before, between and behind the last run's tables belong to one of them") {
  CHECK(Picked("run 2\n" + Table(21, "a", "b", 100) + "run 1\n" + Table(11, "c", "d", 1000) +
                   Table(12, "x", "y", 1000),
               1) == "2 -> 1 (21) below 1024/x");
  CHECK(Picked("run 2\n" + Table(21, "e", "f", 100) + "run 1\n" + Table(11, "c", "d", 1000) +
                   Table(12, "x", "y", 1000),
               1) == "2 -> 1 (21) below 1024/x");
  CHECK(Picked("run 2\n" + Table(21, "z", "z", 100) + "run 1\n" + Table(11, "c", "d", 1000) +
                   Table(12, "x", "y", 1000),
               1) == "2 -> 1 (21) below the end");
}

TEST_CASE("slice: a table that reaches in from the left stays out, and what is newer on its keys") {
  // 21 reaches into every slice but the first, up to n; there it counts for a quarter.
  const std::string long_table = "run 2\n" + Table(21, "b", "n", 3000);
  CHECK(Picked(long_table + kLast, 1) == "2 -> 1 (21) below 1024/f");
  SECTION("newer tables behind it are taken") {
    const std::string newer = "run 3\n" + Table(31, "k", "m", 9000) + Table(32, "o", "o", 2500);
    CHECK(Picked(newer + long_table + kLast, 1) == "3 -> 1 (32) below 1024/p");
    // 31 would pass 21 on its way down.
    CHECK(Picked(newer + long_table + kLast, 2) == "3 -> 1 (32) below 1024/p");
    CHECK(Picked(newer + long_table + kLast, 3) == "3 2 -> 1 (21 31 32) below 1024/p");
  }
  SECTION("older tables are taken in any case") {
    const std::string older = "run 2\n" + Table(21, "k", "l", 900) + Table(22, "m", "n", 900);
    CHECK(Picked("run 3\n" + Table(31, "b", "n", 300) + older + kLast, 1) ==
          "2 -> 1 (21 22) below 1024/p");
    CHECK(Picked("run 3\n" + Table(31, "b", "l", 300) + Table(32, "m", "m", 50) + older + kLast,
                 1) == "3 2 -> 1 (21 22 32) below 1024/p");
  }
}

TEST_CASE("slice: one follows the other through the keys") {
  // What the slice up to k has left: bounds raised to where the next one begins.
  const std::string above = "run 3\n" + Table(31, "k", "z", 400) + "run 2\n" +
                            Table(21, "k", "s", 800) + Table(22, "t", "z", 100);
  CHECK(Picked(above + kLast, 1) == "3 2 -> 1 (21 31) below 1024/p");
}

}  // namespace
}  // namespace cairn::lsm
