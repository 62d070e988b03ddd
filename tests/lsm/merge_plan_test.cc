// What a step of a job takes part in, what moves, and the edit that it ends with.

#include "lsm/merge_plan.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "edit_text.h"

namespace cairn::lsm {
namespace {

constexpr uint64_t kTableBytes = 8192;

// "1 [a .. m]": a whole table of 4096 bytes, unless a part of it is named behind a colon.
std::string Table(int file, const std::string& lo, const std::string& hi,
                  const std::string& of = "") {
  const std::string whole =
      of.empty() ? fmt::format("[1024/{} .. 1024/{}]", lo, hi) : fmt::format("[{}]", of);
  return fmt::format("  {} [1024/{} .. 1024/{}] of {} seq 1-9 entries 9 bytes 4096\n", file, lo, hi,
                     whole);
}

Version Parse(const std::string& text) {
  auto version = ParseVersionDebug(text);
  REQUIRE(version.ok());
  REQUIRE(version->Validate().ok());
  return *version;
}

// "21 | 11 12 -> 1 below 1024/k", or "moves 21 22 -> 1", or "nothing".
std::string Planned(const Version& version, CompactionJob job) {
  const auto plan = PlanMerge(version, kTableBytes, &job);
  if (!plan) return "nothing";
  const auto files = [](const std::vector<TableRef>& run) {
    std::vector<FileNumber> numbers;
    for (const TableRef& ref : run) numbers.push_back(ref.table->file);
    return fmt::format("{}", fmt::join(numbers, " "));
  };
  if (!plan->moved.empty()) {
    CHECK(plan->runs.empty());
    return fmt::format("moves {} -> {}", files(plan->moved), plan->target);
  }
  std::vector<std::string> runs;
  for (const auto& run : plan->runs) runs.push_back(files(run));
  std::string text = fmt::format("{} -> {}", fmt::join(runs, " | "), plan->target);
  if (!plan->end.empty()) text += " below " + KeyDebugString(plan->end);
  return text;
}

const CompactionJob kTwoRuns = {.sources = {2}, .target = 1, .reason = ""};

TEST_CASE("plan: the target gives what the sources reach") {
  const std::string target = "run 1\n" + Table(11, "a", "c") + Table(12, "d", "g") +
                             Table(13, "h", "k") + Table(14, "l", "z");
  CHECK(Planned(Parse("run 2\n" + Table(21, "e", "i") + target), kTwoRuns) == "21 | 12 13 -> 1");
  CHECK(Planned(Parse("run 2\n" + Table(21, "e", "f") + Table(22, "j", "j") + target), kTwoRuns) ==
        "21 22 | 12 13 -> 1");
  CHECK(Planned(Parse(target), kTwoRuns) == "nothing");
  SECTION("runs between that are no sources stay out of it") {
    const Version version =
        Parse("run 3\n" + Table(31, "e", "e") + "run 2\n" + Table(21, "a", "b") + target);
    CHECK(Planned(version, {.sources = {3}, .target = 1, .slice = {31}, .reason = ""}) ==
          "31 | 12 -> 1");
  }
  SECTION("a slice is a part of the sources, below a key") {
    const Version version =
        Parse("run 2\n" + Table(21, "e", "f") + Table(22, "g", "i") + Table(23, "m", "p") + target);
    CHECK(Planned(version, {.sources = {2}, .target = 1, .slice = {22}, .reason = ""}) ==
          "22 | 12 13 -> 1");
    const CompactionJob slice = {
        .sources = {2}, .target = 1, .slice = {21, 22}, .end = test::KeyOf("1024/h"), .reason = ""};
    CHECK(Planned(version, slice) == "21 22 | 12 -> 1 below 1024/h");
  }
  SECTION("a target that is gone leaves its place to the oldest source") {
    const Version version =
        Parse("run 3\n" + Table(31, "a", "c") + "run 2\n" + Table(21, "b", "d"));
    CHECK(Planned(version, {.sources = {3, 2}, .target = 1, .reason = ""}) == "31 | 21 -> 2");
  }
}

TEST_CASE("plan: what meets no other key of the job moves") {
  const std::string target = "run 1\n" + Table(11, "d", "g") + Table(14, "l", "m");
  CHECK(Planned(Parse("run 2\n" + Table(21, "a", "c") + Table(22, "h", "k") + target), kTwoRuns) ==
        "moves 21 22 -> 1");
  SECTION("a merge stops before it") {
    CHECK(Planned(Parse("run 2\n" + Table(21, "a", "d") + Table(22, "n", "p") + target),
                  kTwoRuns) == "21 | 11 -> 1 below 1024/n");
    CHECK(Planned(Parse("run 2\n" + Table(21, "a", "b") + Table(22, "f", "f") +
                        Table(23, "x", "y") + target),
                  kTwoRuns) == "moves 21 -> 1");
  }
  SECTION("not past keys of a run between, source or not") {
    const std::string between = "run 2\n" + Table(21, "a", "b");
    const Version version = Parse("run 3\n" + Table(31, "b", "c") + between + target);
    CHECK(Planned(version, {.sources = {3, 2}, .target = 1, .reason = ""}) == "31 | 21 -> 1");
  }
  SECTION("not below a newer table that the job takes to the same place") {
    const Version version =
        Parse("run 3\n" + Table(31, "a", "c") + "run 2\n" + Table(21, "b", "b") + target);
    CHECK(Planned(version, {.sources = {3, 2}, .target = 1, .reason = ""}) == "31 | 21 -> 1");
  }
  SECTION("not if a part of it is dead weight") {
    CHECK(Planned(Parse("run 2\n" + Table(21, "b", "c", "1024/a .. 1024/c") + target), kTwoRuns) ==
          "21 -> 1");
  }
}

std::string SmallTable(int file, const std::string& lo, const std::string& hi) {
  return fmt::format(
      "  {} [1024/{} .. 1024/{}] of [1024/{} .. 1024/{}] seq 1-9 entries 9 bytes {}\n", file, lo,
      hi, lo, hi, kTableBytes / 4);
}

TEST_CASE("plan: small tables side by side move until they are enough for one") {
  const std::string target = "run 1\n" + Table(11, "a", "c");
  const auto small = [](int count) {
    std::string text = "run 2\n";
    for (int i = 0; i < count; ++i) {
      const std::string key(1, static_cast<char>('e' + i));
      text += SmallTable(21 + i, key, key);
    }
    return text;
  };
  CHECK(Planned(Parse(small(3) + target), kTwoRuns) == "moves 21 22 23 -> 1");
  CHECK(Planned(Parse(small(4) + target), kTwoRuns) == "21 22 23 24 -> 1");
  SECTION("with those that have moved before") {
    CHECK(Planned(Parse(small(2) + target + SmallTable(12, "d", "d")), kTwoRuns) ==
          "moves 21 22 -> 1");
    CHECK(Planned(Parse(small(2) + target + SmallTable(12, "d", "d0") + SmallTable(13, "d1", "d2")),
                  kTwoRuns) == "21 22 | 12 13 -> 1");
    CHECK(Planned(Parse(small(2) + target + SmallTable(12, "d", "d0") + SmallTable(13, "x", "y")),
                  kTwoRuns) == "moves 21 22 -> 1");
    CHECK(Planned(Parse("run 2\n" + SmallTable(21, "e", "e") + SmallTable(22, "g", "g") + target +
                        SmallTable(12, "d", "d0") + SmallTable(13, "f", "f")),
                  kTwoRuns) == "21 22 | 12 13 -> 1");
  }
  SECTION("or a large one closes them in") {
    CHECK(Planned(Parse(small(2) + Table(29, "m", "n") + target), kTwoRuns) ==
          "21 22 -> 1 below 1024/m");
    CHECK(Planned(Parse(small(2) + target + Table(12, "e0", "e1")), kTwoRuns) == "moves 21 -> 1");
    CHECK(Planned(Parse(small(2) + target + SmallTable(12, "d", "d0") + Table(13, "e0", "e1")),
                  kTwoRuns) == "21 | 12 -> 1 below 1024/e0");
    // But not those that have moved before, without any source: a step that takes nothing of one
    // would be planned again for ever.
    const std::string before = target + SmallTable(12, "d", "d0") + SmallTable(13, "d1", "d2");
    CHECK(Planned(Parse("run 2\n" + Table(21, "m", "n") + before), kTwoRuns) == "moves 21 -> 1");
    CHECK(Planned(Parse("run 2\n" + Table(21, "m", "n") + target + SmallTable(12, "d", "d0")),
                  kTwoRuns) == "moves 21 -> 1");
  }
  SECTION("not across a large one") {
    CHECK(Planned(Parse("run 2\n" + Table(21, "d", "d0") + SmallTable(22, "e", "e") + target),
                  kTwoRuns) == "moves 21 -> 1");
    CHECK(Planned(Parse(small(4) + Table(29, "m", "n") + target), kTwoRuns) ==
          "21 22 23 24 -> 1 below 1024/m");
  }
}

TEST_CASE("plan: tombstones move only to where something older lies below them") {
  for (const bool older : {false, true}) {
    for (uint64_t TableInfo::*member :
         {&TableInfo::tombstones, &TableInfo::stubs, &TableInfo::unknown_below}) {
      std::vector<SortedRun> runs =
          Parse("run 2\n" + Table(21, "a", "c") + "run 1\n" + Table(11, "d", "g") +
                (older ? "run 9\n" + Table(91, "c", "d") : ""))
              .runs();
      TableInfo info = *runs[0].tables[0].table;
      info.*member = 1;
      runs[0].tables[0] = WholeTable(std::make_shared<const TableInfo>(info));
      CHECK(Planned(Version(runs), kTwoRuns) == (older ? "moves 21 -> 1" : "21 -> 1"));
    }
  }
}

TEST_CASE("plan: its edit removes what is used up, and narrows what straddles the end") {
  const std::string target =
      "run 1\n" + Table(11, "a", "c") + Table(12, "d", "g") + Table(13, "h", "k");
  const Version version = Parse("run 2\n" + Table(21, "b", "e") + Table(22, "f", "p") + target);
  CompactionJob job = kTwoRuns;
  const auto plan = PlanMerge(version, kTableBytes, &job);
  REQUIRE(plan.has_value());
  const TableInfo written = test::MakeInfo(31, test::KeyOf("1024/a"), test::KeyOf("1024/e"), 1, 9);
  CHECK(MergeEdit(version, *plan, test::KeyOf("1024/f"), {written}).DebugString() ==
        "edit 0\n"
        "  add 31 to run 1 [1024/a .. 1024/e] seq 1-9\n"
        "  remove 21\n"
        "  remove 11\n"
        "  narrow 12 to 1024/f\n"
        "  order 2 1\n");
  CHECK(MergeEdit(version, *plan, test::KeyOf("1024/h"), {written}).DebugString() ==
        "edit 0\n"
        "  add 31 to run 1 [1024/a .. 1024/e] seq 1-9\n"
        "  remove 21\n"
        "  remove 11\n"
        "  remove 12\n"
        "  narrow 22 to 1024/h\n"
        "  order 2 1\n");
  CHECK(MergeEdit(version, *plan, "", {written}).DebugString() ==
        "edit 0\n"
        "  add 31 to run 1 [1024/a .. 1024/e] seq 1-9\n"
        "  remove 21\n"
        "  remove 22\n"
        "  remove 11\n"
        "  remove 12\n"
        "  remove 13\n"
        "  order 1\n");
}

}  // namespace
}  // namespace cairn::lsm
