#pragma once
// Spells INFO's text: sections and fields, as Redis does.

#include <fmt/format.h>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "util/histogram.h"

namespace cairn {

class InfoWriter {
 public:
  void Section(std::string_view name) {
    if (!text_.empty()) text_ += "\r\n";
    text_ += fmt::format("# {}\r\n", name);
  }
  template <typename Value>
  void Field(std::string_view name, const Value& value) {
    text_ += fmt::format("{}:{}\r\n", name, value);
  }
  // A number with two decimals.
  void Fixed(std::string_view name, double value) {
    text_ += fmt::format("{}:{:.2f}\r\n", name, value);
  }
  void Latencies(std::string_view name, const HistogramSummary& times) {
    Field(name, fmt::format("count={},p50={},p99={},p99.9={},max={}", times.count, times.p50,
                            times.p99, times.p999, times.max));
  }
  // "123B", "1.50K", "2.00G".
  void Human(std::string_view name, uint64_t bytes) { Field(name, HumanBytes(bytes)); }
  // Bytes, and the same for people.
  void Bytes(std::string_view name, uint64_t bytes) {
    Field(name, bytes);
    Human(fmt::format("{}_human", name), bytes);
  }

  std::string Take() { return std::move(text_); }

  static std::string HumanBytes(uint64_t bytes) {
    if (bytes < 1024) return fmt::format("{}B", bytes);
    double value = static_cast<double>(bytes) / 1024;
    std::string_view units = "KMGTPE";
    while (value >= 1024 && units.size() > 1) {
      value /= 1024;
      units.remove_prefix(1);
    }
    return fmt::format("{:.2f}{}", value, units.front());
  }

 private:
  std::string text_;
};

}  // namespace cairn
