// What the compaction policies cost, without a disk: the bounds that src/lsm/README.md promises,
// with small runs. The curves that the defaults were chosen from are drawn by
//
//   CAIRN_CHARTS=directory build/tests/cairn-test-lsm '[.draw]'

#include "policy_simulator.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "svg_chart.h"
#include "util/random.h"

namespace cairn::test {
namespace {

using Policy = std::unique_ptr<const lsm::CompactionPolicy>;

Policy Tiered(const SimulatedSizes& sizes, int width, double share) {
  return lsm::NewTieredPolicy({.memtable_bytes = sizes.memtable_entries * kSimulatedEntryBytes,
                               .tier_width = width,
                               .last_run_share = share});
}

Policy Leveled(const SimulatedSizes& sizes, double ratio) {
  return lsm::NewLeveledPolicy(
      {.level1_bytes = 4 * sizes.memtable_entries * kSimulatedEntryBytes, .ratio = ratio});
}

// What the engine takes when nothing is configured.
Policy Default(const SimulatedSizes& sizes, lsm::CompactionStyle style) {
  lsm::Options options;
  options.memtable_bytes = sizes.memtable_entries * kSimulatedEntryBytes;
  options.compaction_style = style;
  return NewCompactionPolicy(options);
}

// 64 memtables of data when it is full, 128 tables.
constexpr SimulatedSizes kSmall = {
    .keys = 1 << 14, .memtable_entries = 128, .table_entries = 64, .merge_rate = 0};

constexpr lsm::CompactionStyle kStyles[] = {lsm::CompactionStyle::kTiered,
                                            lsm::CompactionStyle::kLeveled};
constexpr LoadKind kLoads[] = {LoadKind::kUniform, LoadKind::kZipf, LoadKind::kSequential,
                               LoadKind::kInsert, LoadKind::kAppend};

TEST_CASE("policies: under every load each key keeps its newest value, and space its bound") {
  for (const lsm::CompactionStyle style : kStyles) {
    for (const LoadKind load : kLoads) {
      // Merges that get three times as much to write as what they need, and merges without end.
      for (const double rate : {0.0, 20.0}) {
        SimulatedSizes sizes = kSmall;
        sizes.merge_rate = rate;
        PolicySimulator simulator(Default(sizes, style), sizes);
        RunLoad(load, 3, sizes, &simulator);
        INFO(NameOf(load) << ", style " << static_cast<int>(style) << ", rate " << rate);
        CHECK(simulator.CheckReads().empty());
        CHECK(simulator.space_peak() <= 1.6);
        simulator.Settle();
        CHECK(simulator.CheckReads().empty());
        CHECK(simulator.space_amplification() <= 1.3);
        CHECK(simulator.version().Validate().ok());
        CHECK(simulator.most_runs() <= 24);
      }
    }
  }
}

TEST_CASE("policies: no step writes more than two tables") {
  for (const lsm::CompactionStyle style : kStyles) {
    PolicySimulator simulator(Default(kSmall, style), kSmall);
    RunLoad(LoadKind::kUniform, 2, kSmall, &simulator);
    const double two_tables = 2.0 * kSmall.table_entries / (kSmall.keys / 2);
    CHECK(simulator.largest_step() <= two_tables * 1.001);
  }
}

TEST_CASE("policies: new keys in ascending order are never written again") {
  for (const lsm::CompactionStyle style : kStyles) {
    PolicySimulator simulator(Default(kSmall, style), kSmall);
    RunLoad(LoadKind::kAppend, 1, kSmall, &simulator);
    CHECK(simulator.write_amplification() <= 1.01);
    CHECK(simulator.tables_moved() > 0);
  }
}

// The comparison that the default was chosen by, at a size that a test can pay for.
TEST_CASE("policies: tiered writes less than leveled does in the same space") {
  const auto [load, at_most] =
      GENERATE(table<LoadKind, double>({{LoadKind::kUniform, 0.7}, {LoadKind::kZipf, 0.8}}));
  PolicySimulator tiered(Default(kSmall, lsm::CompactionStyle::kTiered), kSmall);
  RunLoad(load, 4, kSmall, &tiered);
  // The ratio at which leveled takes about as much space.
  PolicySimulator leveled(Leveled(kSmall, 6), kSmall);
  RunLoad(load, 4, kSmall, &leveled);
  INFO(NameOf(load));
  CHECK(tiered.space_mean() <= leveled.space_mean() * 1.02);
  CHECK(tiered.space_peak() <= leveled.space_peak());
  CHECK(tiered.write_amplification() <= at_most * leveled.write_amplification());
}

TEST_CASE("policies: what is deleted goes, and does not come back") {
  for (const lsm::CompactionStyle style : kStyles) {
    SimulatedSizes sizes = kSmall;
    sizes.keys = 1 << 12;
    PolicySimulator simulator(Default(sizes, style), sizes);
    Random random(kSimulatedSeed);
    for (int i = 0; i < 40'000; ++i) {
      const auto key = static_cast<uint32_t>(random.Uniform(sizes.keys));
      // In turns most keys are there and most are not.
      if (random.Uniform(10) < (i / 10'000 % 2 == 0 ? 2u : 8u)) {
        simulator.Delete(key);
      } else {
        simulator.Set(key);
      }
      if (i % 5000 == 0) REQUIRE(simulator.CheckReads().empty());
    }
    simulator.Settle();
    CHECK(simulator.CheckReads().empty());
    for (uint32_t key = 0; key < sizes.keys; ++key) simulator.Delete(key);
    simulator.Settle();
    CHECK(simulator.CheckReads().empty());
  }
}

class Drawer {
 public:
  explicit Drawer(std::string directory) : directory_(std::move(directory)) {}

  void Write(const std::string& name, const Chart& chart) const {
    std::ofstream file(directory_ + "/" + name + ".svg");
    file << DrawSvg(chart);
    REQUIRE(file.good());
  }

 private:
  const std::string directory_;
};

struct Curve {
  std::string name;
  std::vector<std::string> labels;
  std::vector<Policy> policies;
};

std::vector<Curve> Curves(const SimulatedSizes& sizes) {
  std::vector<Curve> curves;
  for (const int width : {2, 4, 8}) {
    Curve curve{.name = fmt::format("tiered, width {}", width), .labels = {}, .policies = {}};
    for (const double share : {0.1, 0.15, 0.2, 0.25, 0.3}) {
      curve.labels.push_back(fmt::format("{}", share));
      curve.policies.push_back(Tiered(sizes, width, share));
    }
    curves.push_back(std::move(curve));
  }
  Curve leveled{.name = "leveled, by ratio", .labels = {}, .policies = {}};
  for (const double ratio : {4.0, 6.0, 8.0, 10.0}) {
    leveled.labels.push_back(fmt::format("{}", ratio));
    leveled.policies.push_back(Leveled(sizes, ratio));
  }
  curves.push_back(std::move(leveled));
  return curves;
}

// One load: two charts of points, and a line of the table for each.
void DrawCurves(const Drawer& drawer, LoadKind load, const SimulatedSizes& sizes) {
  Chart space{.title = fmt::format("{}: what space buys", NameOf(load)),
              .x_title = "space amplification, highest",
              .y_title = "write amplification",
              .lines = {}};
  Chart reads{.title = fmt::format("{}: what reads pay", NameOf(load)),
              .x_title = "runs that a read of an absent key asks, mean",
              .y_title = "write amplification",
              .lines = {}};
  for (Curve& curve : Curves(sizes)) {
    ChartLine by_space{.name = curve.name, .points = {}, .labels = curve.labels};
    ChartLine by_reads = by_space;
    for (size_t i = 0; i < curve.policies.size(); ++i) {
      PolicySimulator simulator(std::move(curve.policies[i]), sizes);
      RunLoad(load, 4, sizes, &simulator);
      by_space.points.emplace_back(simulator.space_peak(), simulator.write_amplification());
      by_reads.points.emplace_back(simulator.runs_read_mean(), simulator.write_amplification());
      std::cout << fmt::format(
          "| {} | {} {} | {:.2f} | {:.2f} | {:.2f} | {:.1f} | {} |\n", NameOf(load), curve.name,
          curve.labels[i], simulator.write_amplification(), simulator.space_mean(),
          simulator.space_peak(), simulator.runs_read_mean(), simulator.most_runs());
    }
    space.lines.push_back(std::move(by_space));
    reads.lines.push_back(std::move(by_reads));
  }
  const std::string name = fmt::format("load{}", static_cast<int>(load));
  drawer.Write(name + "-space", space);
  drawer.Write(name + "-reads", reads);
}

void DrawOverTime(const Drawer& drawer, LoadKind load, const SimulatedSizes& sizes) {
  using Sample = PolicySimulator::Sample;
  const struct {
    const char* name;
    double Sample::*value;
  } kinds[] = {{"write amplification so far", &Sample::write},
               {"space amplification, highest since the flush before", &Sample::space_peak},
               {"runs that a read of an absent key asks", &Sample::runs_read}};
  std::vector<Chart> charts;
  for (const auto& kind : kinds) {
    charts.push_back({.title = fmt::format("{}: {}", NameOf(load), kind.name),
                      .x_title = "written, as a multiple of the data",
                      .y_title = kind.name,
                      .lines = {}});
  }
  for (const lsm::CompactionStyle style : kStyles) {
    PolicySimulator simulator(Default(sizes, style), sizes);
    RunLoad(load, 4, sizes, &simulator);
    for (size_t i = 0; i < charts.size(); ++i) {
      ChartLine line{
          .name = style == lsm::CompactionStyle::kTiered ? "tiered 4, 0.25" : "leveled 10",
          .points = {}};
      for (const Sample& sample : simulator.samples()) {
        line.points.emplace_back(2.0 * static_cast<double>(sample.written) / sizes.keys,
                                 sample.*kinds[i].value);
      }
      charts[i].lines.push_back(std::move(line));
    }
  }
  const char* const names[] = {"write", "space", "runs"};
  for (size_t i = 0; i < charts.size(); ++i) {
    drawer.Write(fmt::format("load{}-time-{}", static_cast<int>(load), names[i]), charts[i]);
  }
}

TEST_CASE("policies: curves", "[.draw]") {
  const char* directory = std::getenv("CAIRN_CHARTS");
  REQUIRE(directory != nullptr);
  const Drawer drawer(directory);
  // 128 memtables of data, 256 tables; merges may write 20 times what is flushed.
  const SimulatedSizes sizes = {
      .keys = 1 << 15, .memtable_entries = 128, .table_entries = 64, .merge_rate = 20};
  std::cout
      << "| load | policy | written | space, mean | space, highest | runs read | runs, most |\n"
         "|---|---|---|---|---|---|---|\n";
  for (const LoadKind load : kLoads) {
    DrawCurves(drawer, load, sizes);
    DrawOverTime(drawer, load, sizes);
  }
}

}  // namespace
}  // namespace cairn::test
