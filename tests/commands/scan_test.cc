// SCAN and the table of its cursors.

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "commands/command_runner.h"
#include "support/seed.h"
#include "util/random.h"

namespace cairn::test {
namespace {

// The cursor and the keys of a reply's text.
struct Page {
  std::string cursor;
  std::vector<std::string> keys;
};

Page Scan(CommandRunner& runner, const std::string& cursor, const std::string& options) {
  const std::string text = runner.Run("SCAN " + cursor + " " + options);
  REQUIRE(text.starts_with("[\""));
  Page page;
  std::vector<std::string> strings;
  for (size_t at = text.find('"'); at != std::string::npos;) {
    const size_t end = text.find('"', at + 1);
    strings.push_back(text.substr(at + 1, end - at - 1));
    at = text.find('"', end + 1);
  }
  page.cursor = strings[0];
  page.keys.assign(strings.begin() + 1, strings.end());
  return page;
}

std::vector<std::string> ScanAll(CommandRunner& runner, const std::string& options) {
  std::vector<std::string> all;
  std::string cursor = "0";
  for (int calls = 0; calls < 10000; ++calls) {
    const Page page = Scan(runner, cursor, options);
    all.insert(all.end(), page.keys.begin(), page.keys.end());
    cursor = page.cursor;
    if (cursor == "0") return all;
    CHECK(std::stoull(cursor) < uint64_t{1} << 53);
  }
  FAIL("the scan does not end");
  return all;
}

void Fill(CommandRunner& runner, int count) {
  for (int i = 0; i < count; ++i) {
    runner.Run("SET key:" + std::to_string(1000 + i) + " v");
    runner.Run("SET other:" + std::to_string(1000 + i) + " v");
  }
}

TEST_CASE("A scan shows every key once") {
  for (const bool missing : {false, true}) {
    CommandRunner runner;
    Fill(runner, 60);
    runner.engine.set_missing_mode(missing);
    for (const std::string options : {"", "COUNT 1", "COUNT 7", "COUNT 1000", "TYPE string"}) {
      INFO(options);
      const auto all = ScanAll(runner, options);
      CHECK(all.size() == 120);
      CHECK(std::set<std::string>(all.begin(), all.end()).size() == 120);
    }
    CHECK(ScanAll(runner, "TYPE hash").empty());
    CHECK(ScanAll(runner, "MATCH key:* COUNT 7").size() == 60);
    CHECK(ScanAll(runner, "MATCH *:1001").size() == 2);
    CHECK(runner.server.scans().restarts() == 0);
  }
}

TEST_CASE("MATCH with a prefix looks only at what has it") {
  CommandRunner runner;
  Fill(runner, 50);
  runner.Run("SET zebra v");
  const Page page = Scan(runner, "0", "MATCH zeb* COUNT 1");
  CHECK(page.keys == std::vector<std::string>{"zebra"});
  CHECK(page.cursor == "0");
  // A cursor that stands behind the pattern's range: nothing is left.
  const std::string behind = Scan(runner, "0", "COUNT 80").cursor;
  const Page nothing = Scan(runner, behind, "MATCH key:*");
  CHECK(nothing.keys.empty());
  CHECK(nothing.cursor == "0");
}

TEST_CASE("The last call of a scan can be made again") {
  CommandRunner runner;
  Fill(runner, 20);
  const Page first = Scan(runner, "0", "COUNT 5");
  const Page second = Scan(runner, first.cursor, "COUNT 5");
  const Page again = Scan(runner, first.cursor, "COUNT 5");
  CHECK(again.keys == second.keys);
  CHECK(again.cursor == second.cursor);
  const Page third = Scan(runner, second.cursor, "COUNT 5");
  CHECK(third.keys[0] > second.keys.back());
  CHECK(Scan(runner, second.cursor, "COUNT 5").keys == third.keys);
  CHECK(runner.server.scans().restarts() == 0);
  // The one before is forgotten: it starts over.
  CHECK(Scan(runner, first.cursor, "COUNT 5").keys == first.keys);
  CHECK(runner.server.scans().restarts() == 1);
}

TEST_CASE("An unknown cursor, or one of another database, starts over") {
  CommandRunner runner;
  Fill(runner, 10);
  const Page first = Scan(runner, "0", "COUNT 5");
  CHECK(Scan(runner, "12345678", "COUNT 5").keys == first.keys);
  CHECK(Scan(runner, "18446744073709551615", "COUNT 5").keys == first.keys);
  CHECK(runner.server.scans().restarts() == 2);
  runner.Run("SELECT 1");
  runner.Run("SET one v");
  CHECK(Scan(runner, first.cursor, "").keys == std::vector<std::string>{"one"});
  CHECK(runner.server.scans().restarts() == 3);
}

TEST_CASE("An abandoned attempt registers no scan") {
  CommandRunner runner(true);
  Fill(runner, 20);
  const size_t before = runner.attempts;
  Scan(runner, "0", "COUNT 10");
  CHECK(runner.attempts > before + 1);
  CHECK(runner.server.scans().size() == 1);
}

TEST_CASE("One call is bounded, whatever is asked for and whatever is dead") {
  CommandRunner runner;
  std::vector<std::string> words{"MSET"};
  for (int i = 0; i < 12000; ++i) {
    words.push_back("k" + std::to_string(100000 + i));
    words.emplace_back("v");
  }
  runner.RunRaw(words);
  CHECK(Scan(runner, "0", "COUNT 1000000000").keys.size() == 10000);
  words[0] = "DEL";
  std::vector<std::string> names{"DEL"};
  for (size_t i = 1; i + 2 < words.size(); i += 2) names.push_back(words[i]);
  runner.RunRaw(names);
  const Page first = Scan(runner, "0", "COUNT 10");
  CHECK(first.keys.empty());
  CHECK(first.cursor != "0");
  CHECK(Scan(runner, "0", "COUNT 10000").cursor != "0");
  CHECK(ScanAll(runner, "COUNT 10") == std::vector<std::string>{"k111999"});
}

TEST_CASE("Arguments of SCAN") {
  constexpr std::string_view kBadCursor = "-ERR invalid cursor";
  constexpr std::string_view kSyntax = "-ERR syntax error";
  constexpr std::string_view kAll = "[\"0\", [\"k\"]]";
  CheckCases({
      {"SET k v", "OK"},
      {"SCAN 0", kAll},
      {"SCAN \"\"", kAll},
      {"SCAN 00", kAll},
      {"SCAN +0", kAll},
      {"SCAN -1", kAll},
      {"SCAN \"0\\x00x\"", kAll},
      {"SCAN a", kBadCursor},
      {"SCAN -", kBadCursor},
      {"SCAN \" 0\"", kBadCursor},
      {"SCAN 1x", kBadCursor},
      {"SCAN 99999999999999999999999", kBadCursor},
      {"SCAN a FOO", kBadCursor},
      {"SCAN 0 COUNT 0", kSyntax},
      {"SCAN 0 COUNT -5", kSyntax},
      {"SCAN 0 COUNT x", "-ERR value is not an integer or out of range"},
      {"SCAN 0 COUNT", kSyntax},
      {"SCAN 0 FOO 1", kSyntax},
      {"SCAN 0 TYPE STRING MATCH * count 5", kAll},
      {"SCAN 0 TYPE nonsense", "[\"0\", []]"},
  });
}

TEST_CASE("Keys that stay are seen whatever else comes and goes") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  CommandRunner runner;
  Fill(runner, 50);
  std::set<std::string> seen;
  std::string cursor = "0";
  do {
    const Page page = Scan(runner, cursor, "COUNT " + std::to_string(1 + random.Uniform(9)));
    seen.insert(page.keys.begin(), page.keys.end());
    cursor = page.cursor;
    const std::string other = "other:" + std::to_string(990 + random.Uniform(70));
    runner.Run((random.OneIn(2) ? "DEL " : "APPEND ") + other + " v");
    if (random.OneIn(3)) runner.engine.Flush();
  } while (cursor != "0");
  for (int i = 0; i < 50; ++i) CHECK(seen.contains("key:" + std::to_string(1000 + i)));
}

uint64_t Step(ScanTable& table, uint64_t cursor, std::string_view position, uint64_t owner = 0) {
  const uint64_t next = table.CursorAfter(cursor, owner, 0);
  table.Apply({.cursor = cursor, .next_cursor = next, .owner = owner, .position = position});
  return next;
}

TEST_CASE("The scan table is bounded by scans and by bytes, oldest out first") {
  ScanTable table(1, 3, 2000);
  const uint64_t a = Step(table, 0, "a");
  const uint64_t b = Step(table, 0, "b");
  const uint64_t c = Step(table, 0, "c");
  const uint64_t a2 = Step(table, a, "a2");  // used again: b is the oldest now
  const uint64_t d = Step(table, 0, "d");
  CHECK(table.size() == 3);
  CHECK_FALSE(table.Find(b, 0).has_value());
  CHECK(table.Find(a, 0) == "a");
  CHECK(table.Find(a2, 0) == "a2");
  CHECK(table.Find(c, 0) == "c");
  CHECK_FALSE(table.Find(a2, 1).has_value());
  const uint64_t large = Step(table, 0, std::string(5000, 'x'));
  CHECK(table.size() == 1);
  CHECK(table.Find(large, 0).has_value());
  CHECK_FALSE(table.Find(d, 0).has_value());
  const uint64_t small = Step(table, large, "x");
  CHECK(table.bytes() > 5000);
  Step(table, small, "y");
  CHECK(table.bytes() < 200);
}

TEST_CASE("Steps and ids go round without meeting cursor 0") {
  ScanTable table((uint64_t{1} << ScanTable::kIdBits) - 2);  // the last id but none
  uint64_t cursor = Step(table, 0, "0");
  for (int i = 1; i < 70000; ++i) {
    const uint64_t next = Step(table, cursor, std::to_string(i));
    REQUIRE(next != 0);
    REQUIRE(table.Find(next, 0) == std::to_string(i));
    REQUIRE(table.Find(cursor, 0) == std::to_string(i - 1));
    cursor = next;
  }
  CHECK(Step(table, 0, "fresh") != 0);
  CHECK(table.size() == 2);
}

TEST_CASE("Two new scans of one attempt get two cursors") {
  ScanTable table(5);
  CHECK(table.CursorAfter(0, 0, 0) != table.CursorAfter(0, 0, 1));
  const uint64_t first = table.CursorAfter(0, 0, 0);
  const uint64_t second = table.CursorAfter(0, 0, 1);
  table.Apply({.next_cursor = first, .position = "1"});
  table.Apply({.next_cursor = second, .position = "2"});
  CHECK(table.Find(first, 0) == "1");
  CHECK(table.Find(second, 0) == "2");
}

TEST_CASE("The scan table is the same after Save and Load") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  ScanTable table(seed, 50);
  std::map<uint64_t, std::string> known;
  uint64_t cursor = 0;
  for (int i = 0; i < 300; ++i) {
    cursor = Step(table, random.OneIn(3) ? 0 : cursor, std::to_string(i), 7);
    known[cursor] = std::to_string(i);
  }
  ScanTable loaded(0, 50);
  Step(loaded, 0, "forgotten");
  const std::string saved = table.Save();
  REQUIRE(loaded.Load(saved).ok());
  CHECK(loaded.size() == table.size());
  CHECK(loaded.bytes() == table.bytes());
  CHECK(loaded.Save() == saved);
  for (const auto& [known_cursor, position] : known) {
    CHECK(loaded.Find(known_cursor, 7) == table.Find(known_cursor, 7));
  }
  CHECK(loaded.CursorAfter(0, 0, 0) == table.CursorAfter(0, 0, 0));
  // A smaller table keeps the newest.
  ScanTable smaller(0, 5);
  REQUIRE(smaller.Load(saved).ok());
  CHECK(smaller.size() == 5);
  CHECK(smaller.Find(cursor, 7).has_value());
}

TEST_CASE("A damaged saved scan table is refused and changes nothing") {
  ScanTable table(1);
  Step(table, 0, "position");
  const std::string saved = table.Save();
  ScanTable other(2);
  const uint64_t kept = Step(other, 0, "kept");
  for (size_t i = 0; i < saved.size(); ++i) {
    std::string damaged = saved;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    CHECK(other.Load(damaged).code() == StatusCode::kCorruption);
    CHECK(other.Load(saved.substr(0, i)).code() == StatusCode::kCorruption);
  }
  CHECK(other.Find(kept, 0) == "kept");
}

}  // namespace
}  // namespace cairn::test
