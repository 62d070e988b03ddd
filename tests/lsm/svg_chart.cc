#include "svg_chart.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <limits>

namespace cairn::test {

namespace {

constexpr double kWidth = 860;
constexpr double kHeight = 480;
constexpr double kLeft = 70;
constexpr double kRight = 220;  // the names of the lines stand there
constexpr double kTop = 44;
constexpr double kBottom = 56;
constexpr int kTicks = 6;
constexpr const char* kColors[] = {"#1f77b4", "#d62728", "#2ca02c", "#9467bd",
                                   "#ff7f0e", "#17becf", "#8c564b", "#7f7f7f"};

struct Axis {
  double low = std::numeric_limits<double>::max();
  double high = std::numeric_limits<double>::lowest();

  void Include(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  // Ends on round numbers.
  void Round() {
    if (!(low <= high)) low = 0, high = 1;
    const double raw = std::max(high - low, 1e-9) / kTicks;
    const double power = std::pow(10, std::floor(std::log10(raw)));
    for (const double step : {1.0, 2.0, 5.0, 10.0}) {
      tick = step * power;
      if (tick >= raw) break;
    }
    low = std::floor(low / tick) * tick;
    high = std::ceil(high / tick) * tick;
    if (high <= low) high = low + tick;
  }
  double At(double value) const { return (value - low) / (high - low); }
  double tick = 1;
};

class Drawing {
 public:
  explicit Drawing(const Chart& chart) : chart_(chart) {
    for (const ChartLine& line : chart.lines) {
      for (const auto& [x, y] : line.points) {
        x_.Include(x);
        y_.Include(y);
      }
    }
    x_.Round();
    y_.Round();
  }

  std::string Text() {
    text_ = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" "
        "font-family=\"sans-serif\" "
        "font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        kWidth, kHeight);
    Label(kLeft, 24, "start", chart_.title, 16);
    Label((kLeft + kWidth - kRight) / 2, kHeight - 14, "middle", chart_.x_title, 12);
    text_ += fmt::format("<g transform=\"rotate(-90 18 {0})\">\n", kHeight / 2);
    Label(18, kHeight / 2, "middle", chart_.y_title, 12);
    text_ += "</g>\n";
    Grid();
    for (size_t i = 0; i < chart_.lines.size(); ++i) Line(i);
    return text_ + "</svg>\n";
  }

 private:
  double X(double x) const { return kLeft + x_.At(x) * (kWidth - kLeft - kRight); }
  double Y(double y) const { return kHeight - kBottom - y_.At(y) * (kHeight - kTop - kBottom); }

  void Label(double x, double y, const char* anchor, const std::string& what, int size) {
    text_ += fmt::format(
        "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" font-size=\"{}\">{}</text>\n", x, y,
        anchor, size, what);
  }

  void Grid() {
    const auto line = [this](double x1, double y1, double x2, double y2) {
      text_ += fmt::format(
          "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#ddd\"/>\n", x1,
          y1, x2, y2);
    };
    const auto count = [](const Axis& axis) {
      return std::lround((axis.high - axis.low) / axis.tick);
    };
    for (long i = 0; i <= count(x_); ++i) {
      const double x = x_.low + static_cast<double>(i) * x_.tick;
      line(X(x), Y(y_.low), X(x), Y(y_.high));
      Label(X(x), kHeight - kBottom + 18, "middle", fmt::format("{:.4g}", x), 11);
    }
    for (long i = 0; i <= count(y_); ++i) {
      const double y = y_.low + static_cast<double>(i) * y_.tick;
      line(X(x_.low), Y(y), X(x_.high), Y(y));
      Label(kLeft - 8, Y(y) + 4, "end", fmt::format("{:.4g}", y), 11);
    }
  }

  void Line(size_t index) {
    const ChartLine& line = chart_.lines[index];
    const char* color = kColors[index % std::size(kColors)];
    std::string points;
    for (const auto& [x, y] : line.points) points += fmt::format("{:.1f},{:.1f} ", X(x), Y(y));
    text_ +=
        fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\"/>\n",
                    points, color);
    for (size_t i = 0; i < line.labels.size(); ++i) {
      const auto& [x, y] = line.points[i];
      text_ += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"{}\"/>\n", X(x),
                           Y(y), color);
      Label(X(x) + 5, Y(y) - 5, "start", line.labels[i], 10);
    }
    const double y = kTop + 18 * static_cast<double>(index);
    text_ +=
        fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"14\" height=\"4\" fill=\"{}\"/>\n",
                    kWidth - kRight + 16, y, color);
    Label(kWidth - kRight + 36, y + 6, "start", line.name, 12);
  }

  const Chart& chart_;
  Axis x_;
  Axis y_;
  std::string text_;
};

}  // namespace

std::string DrawSvg(const Chart& chart) {
  return Drawing(chart).Text();
}

}  // namespace cairn::test
