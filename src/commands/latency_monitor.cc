#include "commands/latency_monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <span>
#include <vector>

namespace cairn {

namespace {

// As Redis draws it.
constexpr size_t kGraphColumns = 80;
constexpr uint64_t kGraphRows = 4;
constexpr std::string_view kSteps = "_o#";  // a row's heights; what goes beyond it fills the row

struct Column {
  uint64_t ms;
  std::string label;
};

std::string AgeText(uint64_t seconds) {
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m", seconds / 60);
  if (seconds < 24 * 3600) return fmt::format("{}h", seconds / 3600);
  return fmt::format("{}d", seconds / (24 * 3600));
}

// What a column shows in a row, counted from the bottom.
char Cell(uint64_t height, uint64_t row) {
  const uint64_t bottom = row * kSteps.size();
  if (height < bottom) return ' ';
  return height - bottom < kSteps.size() ? kSteps[height - bottom] : '|';
}

std::string Bars(std::span<const Column> columns, uint64_t low, uint64_t high) {
  const uint64_t steps = kGraphRows * kSteps.size();
  const uint64_t range = std::max<uint64_t>(high - low, 1);
  std::string text;
  for (uint64_t row = kGraphRows; row-- > 0;) {
    for (const Column& column : columns) {
      const uint64_t height = std::min((column.ms - low) * steps / range, steps - 1);
      text += Cell(height, row);
    }
    text += '\n';
  }
  return text;
}

// The ages stand upright below their columns.
std::string Labels(std::span<const Column> columns) {
  size_t longest = 0;
  for (const Column& column : columns) longest = std::max(longest, column.label.size());
  std::string text = std::string(columns.size(), ' ') + '\n';
  for (size_t i = 0; i < longest; ++i) {
    for (const Column& column : columns) text += i < column.label.size() ? column.label[i] : ' ';
    text += '\n';
  }
  return text;
}

struct Advice {
  std::string_view event, text;
};
constexpr Advice kAdvice[] = {
    {"aof-fsync-always",
     "The disk is slow to sync. Clients that can bear less may ask for it (CAIRN.DURABILITY "
     "WRITTEN), or all of them (appendfsync everysec). INFO's cairn_wal_sync_usec has the "
     "figures."},
    {"aof-write", "Writes to the log hang in the kernel: something else fills its page cache."},
    {"cold-read",
     "Commands wait for blocks that are not in memory: see lsm_fetch_usec in INFO. More maxmemory "
     "gives larger caches; a faster disk helps as well."},
    {"command",
     "Commands with much to do hold up everybody else. SLOWLOG names them, CAIRN.SLOWLOG says what "
     "they waited for."},
    {"event-loop", "The server is at something else for long, or gets too little of a processor."},
    {"fast-command",
     "Commands that are quick by nature took long: the machine has too few processors, or swaps."},
    {"key-count", "DBSIZE had to look up keys that were written blindly."},
    {"large-command", "KEYS and its like walk over many keys. SCAN does so in small steps."},
    {"log-sync", "The disk is slow to sync; only those wait for it that asked for it."},
    {"write-stall",
     "Writers had to stop until memtables were flushed or merges caught up: see lsm_write_stalls "
     "and lsm_write_rate_cause in INFO."},
    {"write-throttle",
     "Writers are slowed down so that flushes and merges keep up: see lsm_write_rate_cause in "
     "INFO."},
};

}  // namespace

void LatencyMonitor::SetThreshold(uint64_t ms) {
  constexpr uint64_t kMilliNanos = 1'000'000;
  constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();
  threshold_ms_ = ms;
  threshold_nanos_ = ms == 0 || ms > kNever / kMilliNanos ? kNever : ms * kMilliNanos;
}

void LatencyMonitor::Add(std::string_view event, uint64_t nanos, uint64_t unix_seconds) {
  if (!IsSlow(nanos)) return;
  const uint64_t ms = nanos / 1'000'000;
  auto found = events_.find(event);
  if (found == events_.end()) found = events_.emplace(std::string(event), Event{}).first;
  Event& noted = found->second;
  noted.max_ms = std::max(noted.max_ms, ms);
  if (!noted.samples.empty() && noted.samples.back().unix_seconds == unix_seconds) {
    noted.samples.back().ms = std::max(noted.samples.back().ms, ms);
    return;
  }
  noted.samples.push_back({unix_seconds, ms});
  if (noted.samples.size() > kSamples) noted.samples.pop_front();
}

size_t LatencyMonitor::Reset() {
  const size_t count = events_.size();
  events_.clear();
  return count;
}

bool LatencyMonitor::Reset(std::string_view event) {
  const auto found = events_.find(event);
  if (found == events_.end()) return false;
  events_.erase(found);
  return true;
}

std::string LatencyGraph(std::string_view name, const LatencyMonitor::Event& event,
                         uint64_t now_unix_seconds) {
  std::vector<Column> columns;
  uint64_t low = UINT64_MAX, high = 0;
  for (const LatencyMonitor::Sample& sample : event.samples) {
    low = std::min(low, sample.ms);
    high = std::max(high, sample.ms);
    const uint64_t age = now_unix_seconds - std::min(now_unix_seconds, sample.unix_seconds);
    columns.push_back({sample.ms, AgeText(age)});
  }
  std::string text = fmt::format("{} - high {} ms, low {} ms (all time high {} ms)\n{}\n", name,
                                 high, low, event.max_ms, std::string(kGraphColumns, '-'));
  for (size_t begin = 0; begin < columns.size(); begin += kGraphColumns) {
    const auto part = std::span<const Column>(columns).subspan(
        begin, std::min(kGraphColumns, columns.size() - begin));
    if (begin > 0) text += '\n';
    text += Bars(part, low, high) + Labels(part);
  }
  return text;
}

std::string LatencyAdvice(const LatencyMonitor& monitor, uint64_t now_unix_seconds) {
  if (monitor.threshold_ms() == 0) {
    return "Latency monitoring is off. CONFIG SET latency-monitor-threshold <milliseconds> turns "
           "it "
           "on.\n";
  }
  if (monitor.events().empty()) {
    return fmt::format("Nothing took {} ms or longer so far.\n", monitor.threshold_ms());
  }
  std::string text;
  for (const auto& [name, event] : monitor.events()) {
    uint64_t sum = 0;
    for (const LatencyMonitor::Sample& sample : event.samples) sum += sample.ms;
    const LatencyMonitor::Sample& last = event.samples.back();
    const uint64_t age = now_unix_seconds - std::min(now_unix_seconds, last.unix_seconds);
    text +=
        fmt::format("{}: {} spikes, {} ms on average, {} ms at the most, the last {} ago.\n", name,
                    event.samples.size(), sum / event.samples.size(), event.max_ms, AgeText(age));
    for (const Advice& advice : kAdvice) {
      if (advice.event == name) text += fmt::format("  {}\n", advice.text);
    }
  }
  return text;
}

}  // namespace cairn
