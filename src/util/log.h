#pragma once
// The server's log, in Redis's line format, so that what reads Redis's logs reads ours:
//
//   4242:M 07 Mar 2026 14:03:22.123 * Ready to accept connections
//
// pid, role (M: master), local time, level (. debug, - verbose, * notice, # warning), message.
// A log file is opened, appended to and closed for each line, as Redis does, so that it can be
// moved away at any time. A line that cannot be written is dropped: a full disk stops no server.
//
// Thread safety: all methods may be called from any thread. May block (a write): not on hot paths.

#include <fmt/format.h>
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "util/status.h"

namespace cairn {

enum class LogLevel : unsigned char { kDebug = 0, kVerbose, kNotice, kWarning };

// "debug", "verbose", "notice", "warning": the values of the loglevel option.
std::string_view LogLevelName(LogLevel level);
std::optional<LogLevel> ParseLogLevel(std::string_view name);

class Logger {
 public:
  // Wall clock, microseconds since 1970 UTC; called from every thread that logs.
  using Clock = std::function<uint64_t()>;
  using Sink = std::function<void(std::string_view line)>;

  // Writes to stdout, at notice, until told otherwise.
  explicit Logger(Clock wall_micros) : wall_micros_(std::move(wall_micros)) {}

  void SetLevel(LogLevel level) { level_.store(level, std::memory_order_relaxed); }
  LogLevel level() const { return level_.load(std::memory_order_relaxed); }
  bool enabled(LogLevel level) const { return level >= this->level(); }
  // Appends to the file from now on; "" means stdout. An error if it cannot be opened, and then
  // nothing changes.
  Status SetFile(const std::string& path);
  // Hands whole lines (with '\n') to `sink` instead; an empty one goes back. For tests. The sink is
  // called under the logger's lock and must not log.
  void SetSink(Sink sink);
  void SetRole(char role) { role_.store(role, std::memory_order_relaxed); }

  // Writes one line if the level is enabled. A message may hold newlines; they stand as they are.
  void Write(LogLevel level, std::string_view message);

  template <typename... Args>
  void Debug(fmt::format_string<Args...> format, Args&&... args) {
    Format(LogLevel::kDebug, format, args...);
  }
  template <typename... Args>
  void Verbose(fmt::format_string<Args...> format, Args&&... args) {
    Format(LogLevel::kVerbose, format, args...);
  }
  template <typename... Args>
  void Notice(fmt::format_string<Args...> format, Args&&... args) {
    Format(LogLevel::kNotice, format, args...);
  }
  template <typename... Args>
  void Warning(fmt::format_string<Args...> format, Args&&... args) {
    Format(LogLevel::kWarning, format, args...);
  }

 private:
  template <typename... Args>
  void Format(LogLevel level, fmt::string_view format, const Args&... args) {
    if (enabled(level)) Write(level, fmt::vformat(format, fmt::make_format_args(args...)));
  }

  const Clock wall_micros_;
  std::atomic<LogLevel> level_{LogLevel::kNotice};  // relaxed: a line more or less is no matter
  std::atomic<char> role_{'M'};                     // relaxed
  std::mutex mutex_;
  std::string path_;  // guarded by mutex_
  Sink sink_;         // guarded by mutex_
};

}  // namespace cairn
