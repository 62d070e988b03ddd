// cairn-bench steady: in small, it finds a rate, offers a share of it, and reports both phases.

#include "tools/bench/steady.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "env/posix_env.h"
#include "support/scratch_directory.h"

namespace cairn::bench {
namespace {

SteadyOptions SmallOptions(const test::ScratchDirectory& scratch) {
  SteadyOptions options;
  options.keys = 2000;
  options.seconds = 2;
  options.seek_seconds = 1;
  options.directory = scratch.path();
  options.engine.memtable_bytes = size_t{256} << 10;
  options.engine.table_bytes = size_t{256} << 10;
  options.engine.wal_bytes = size_t{4} << 20;
  options.engine.sync_mode = lsm::SyncMode::kNo;
  return options;
}

void CheckPhase(const SteadyPhase& phase, double rate) {
  // Everything that fell due is made and answered, unless the machine stood still at the end.
  CHECK(static_cast<double>(phase.writes) <= 2 * rate + 1);
  CHECK(static_cast<double>(phase.writes) >= rate);
  CHECK(phase.latency_micros.count() == phase.writes);
  CHECK(phase.least_in_a_second <= phase.writes / 2);
}

TEST_CASE("steady: a rate that is given is offered, with merges and without") {
  const std::unique_ptr<Env> env = NewPosixEnv();
  const test::ScratchDirectory scratch;
  SteadyOptions options = SmallOptions(scratch);
  options.rate = 5000;
  std::vector<std::string> said;
  const Result<SteadyReport> report =
      RunSteady(*env, options, [&said](std::string_view line) { said.emplace_back(line); });
  INFO(report.status().ToString());
  REQUIRE(report.ok());
  CHECK(report->found_rate == 0);
  CHECK(report->rate == 5000);
  CheckPhase(report->merging, 5000);
  CheckPhase(report->paused, 5000);
  CHECK(report->merging.merged_bytes > 0);
  CHECK(report->paused.merged_bytes == 0);
  // What merges did not do lies about.
  CHECK(report->paused.table_bytes > report->merging.table_bytes);
  CHECK(said.size() == 3);
}

TEST_CASE("steady: the rate is found, and a share of it offered") {
  const std::unique_ptr<Env> env = NewPosixEnv();
  const test::ScratchDirectory scratch;
  SteadyOptions options = SmallOptions(scratch);
  options.share = 0.25;
  const Result<SteadyReport> report = RunSteady(*env, options, [](std::string_view) {});
  INFO(report.status().ToString());
  REQUIRE(report.ok());
  CHECK(report->found_rate > 100);
  CHECK(report->rate == Approx(report->found_rate / 4));
  CheckPhase(report->paused, report->rate);
}

}  // namespace
}  // namespace cairn::bench
