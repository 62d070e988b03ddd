#pragma once
// The latency monitor: what took latency-monitor-threshold or longer, event by event, as LATENCY
// shows it. An event keeps a sample for each second in which it happened, the longest of that
// second, and the longest ever.
//
// Thread: loop. Bounds: kSamples samples an event; events have the server's own names, of which
// there are a handful (README, Latency monitor).

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>

namespace cairn {

class LatencyMonitor {
 public:
  static constexpr size_t kSamples = 160;

  struct Sample {
    uint64_t unix_seconds = 0;
    uint64_t ms = 0;
  };
  struct Event {
    std::deque<Sample> samples;  // oldest first; never empty
    uint64_t max_ms = 0;         // since the last reset
  };
  using Events = std::map<std::string, Event, std::less<>>;

  void SetThreshold(uint64_t ms);  // 0: nothing is noted
  uint64_t threshold_ms() const { return threshold_ms_; }
  bool IsSlow(uint64_t nanos) const { return nanos >= threshold_nanos_; }
  // Notes it if it is slow.
  void Add(std::string_view event, uint64_t nanos, uint64_t unix_seconds);
  const Events& events() const { return events_; }
  // Forgets them; how many there were.
  size_t Reset();
  bool Reset(std::string_view event);

 private:
  Events events_;
  uint64_t threshold_ms_ = 0;
  uint64_t threshold_nanos_ = UINT64_MAX;
};

// What LATENCY GRAPH shows: a column for each sample, four characters high, with its age below.
std::string LatencyGraph(std::string_view name, const LatencyMonitor::Event& event,
                         uint64_t now_unix_seconds);
// What LATENCY DOCTOR says.
std::string LatencyAdvice(const LatencyMonitor& monitor, uint64_t now_unix_seconds);

}  // namespace cairn
