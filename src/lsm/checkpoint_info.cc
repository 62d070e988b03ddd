#include "lsm/checkpoint_info.h"

#include <fmt/format.h>
#include <chrono>

namespace cairn::lsm {
namespace {

using std::chrono::milliseconds;

constexpr uint64_t kDayMs = uint64_t{24} * 3600 * 1000;

}  // namespace

std::string CheckpointName(uint64_t wall_ms) {
  const std::chrono::sys_days day{std::chrono::days(static_cast<int>(wall_ms / kDayMs))};
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(milliseconds(wall_ms % kDayMs));
  return fmt::format("{:04}-{:02}-{:02}T{:02}-{:02}-{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count(),
                     time.subseconds().count());
}

std::optional<uint64_t> ParseCheckpointName(std::string_view name) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd-dd-dd.dddZ";
  if (name.size() != kShape.size()) return std::nullopt;
  const auto number = [&](size_t at, size_t digits) -> uint64_t {
    uint64_t value = 0;
    for (const char c : name.substr(at, digits))
      value = value * 10 + static_cast<uint64_t>(c - '0');
    return value;
  };
  for (size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = name[i] >= '0' && name[i] <= '9';
    if (kShape[i] == 'd' ? !digit : name[i] != kShape[i]) return std::nullopt;
  }
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(number(0, 4))),
                                         std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                         std::chrono::day(static_cast<unsigned>(number(8, 2))));
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  if (!date.ok() || days < 0) return std::nullopt;
  const uint64_t seconds = (number(11, 2) * 60 + number(14, 2)) * 60 + number(17, 2);
  const uint64_t ms = static_cast<uint64_t>(days) * kDayMs + seconds * 1000 + number(20, 3);
  // No second spelling of the same time.
  return CheckpointName(ms) == name ? std::optional(ms) : std::nullopt;
}

}  // namespace cairn::lsm
