#pragma once
// A line chart as SVG text: enough for the curves of the policy simulator.

#include <string>
#include <utility>
#include <vector>

namespace cairn::test {

struct ChartLine {
  std::string name;
  std::vector<std::pair<double, double>> points;  // x, y
  std::vector<std::string> labels = {};           // of the points, if any
};

struct Chart {
  std::string title;
  std::string x_title;
  std::string y_title;
  std::vector<ChartLine> lines;
};

std::string DrawSvg(const Chart& chart);

}  // namespace cairn::test
