// Options change how fast Cairn answers and how much it needs, and never what it answers: the same
// random commands, on a server as it comes and on one whose every corner is small.
//   CAIRN_SWEEP_COMMANDS  how many commands for each set of options (4,000)
//   CAIRN_SEED            which ones
#include <algorithm>
#include <catch2/catch.hpp>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "differential/play.h"
#include "support/rounds.h"
#include "support/seed.h"
#include "util/ascii.h"

namespace cairn::test {
namespace {

using Arguments = std::vector<std::string>;

size_t CommandCount() {
  const char* text = std::getenv("CAIRN_SWEEP_COMMANDS");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : std::max<size_t>(3000, Rounds(4000));
}

// Flushes every few hundred writes, and merges every other flush.
const Arguments kTinyMemtables = {"--lsm-memtable-size", "64kb", "--lsm-retained-memtables", "0",
                                  "--lsm-tier-width",    "2",    "--wal-slot-size",          "64kb",
                                  "--wal-size",          "128kb"};
const Arguments kTinyBlocks = {"--lsm-block-size",  "256", "--lsm-table-size", "64kb",
                               "--lsm-compression", "none"};
// A cache of one block, and no record: every read of a table misses.
const Arguments kNoCache = {"--lsm-block-cache-size", "1", "--lsm-record-cache-size", "0"};

const Arguments kLeveled = {"--lsm-compaction-style", "leveled"};
const Arguments kDirectReads = {"--lsm-direct-reads", "yes"};

Arguments Together(std::initializer_list<Arguments> parts) {
  Arguments all;
  for (const Arguments& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

// The field of INFO lsm as a number.
uint64_t LsmField(const RedisProcess& server, const std::string& field) {
  auto client = RawClient::Connect(server.port());
  REQUIRE(client.ok());
  const Result<std::string> info = (*client)->Call({"INFO", "lsm"});
  REQUIRE(info.ok());
  const size_t at = info->find("\n" + field + ":");
  REQUIRE(at != std::string::npos);
  uint64_t value = 0;
  const char* begin = info->data() + at + field.size() + 2;
  std::from_chars(begin, info->data() + info->size(), value);
  return value;
}

// INFO's counts of keys are as exact as what is settled when it is asked; DBSIZE settles first.
bool SameButForInfo(const Command& command, std::string_view reference, std::string_view subject) {
  return EqualsIgnoreCase(command[0], "info") || SameAnswer(command, reference, subject);
}

void Sweep(const Arguments& options) {
  const auto reference = StartServer(RedisProcess::Program::kCairn);
  const auto subject = StartServer(RedisProcess::Program::kCairn, options);
  Duel duel(reference->port(), subject->port(), {}, SameButForInfo);
  const auto findings = Play(duel, Seed(), CommandCount());
  INFO(subject->Output());
  INFO(Joined(findings));
  CHECK(findings.empty());
  // Or the sweep has swept nothing.
  CHECK(LsmField(*subject, "lsm_flushes") > LsmField(*reference, "lsm_flushes"));
  CHECK(LsmField(*subject, "lsm_compaction_entries_read") > 0);
  CHECK(LsmField(*subject, "lsm_compaction_failures") == 0);
  CHECK(LsmField(*subject, "lsm_corruptions") == 0);
}

}  // namespace

TEST_CASE("options: tiny memtables", "[sweep]") {
  Sweep(kTinyMemtables);
}

TEST_CASE("options: tiny memtables, tables and blocks", "[sweep]") {
  Sweep(Together({kTinyMemtables, kTinyBlocks}));
}

TEST_CASE("options: levels", "[sweep]") {
  Sweep(Together({kTinyMemtables, kTinyBlocks, kLeveled}));
}

TEST_CASE("options: direct reads", "[sweep]") {
  Sweep(Together({kTinyMemtables, kNoCache, kDirectReads}));
  Sweep(Together({kTinyMemtables, kTinyBlocks, kNoCache, kDirectReads, kLeveled}));
}

TEST_CASE("options: every read misses", "[sweep]") {
  Sweep(Together({kTinyMemtables, kNoCache}));
  Sweep(Together({kTinyMemtables, kTinyBlocks, kNoCache, {"--lsm-bloom-bits-per-key", "0"}}));
}

}  // namespace cairn::test
