#include "util/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <system_error>

#include "util/ascii.h"

namespace cairn {
namespace {

constexpr std::string_view kLevelNames[] = {"debug", "verbose", "notice", "warning"};
constexpr char kLevelMarks[] = {'.', '-', '*', '#'};
constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Opening without O_TRUNC: the file may be somebody's history.
int OpenLog(const std::string& path) {
  return ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

void WriteAll(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

std::string FormatLine(char role, LogLevel level, uint64_t wall_micros, std::string_view message) {
  const auto seconds = static_cast<std::time_t>(wall_micros / 1000000);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  return fmt::format("{}:{} {:02} {} {} {:02}:{:02}:{:02}.{:03} {} {}\n", ::getpid(), role,
                     local.tm_mday, kMonths[local.tm_mon], local.tm_year + 1900, local.tm_hour,
                     local.tm_min, local.tm_sec, wall_micros / 1000 % 1000,
                     kLevelMarks[static_cast<int>(level)], message);
}

}  // namespace

std::string_view LogLevelName(LogLevel level) {
  return kLevelNames[static_cast<int>(level)];
}

std::optional<LogLevel> ParseLogLevel(std::string_view name) {
  for (const LogLevel level :
       {LogLevel::kDebug, LogLevel::kVerbose, LogLevel::kNotice, LogLevel::kWarning}) {
    if (EqualsIgnoreCase(name, LogLevelName(level))) return level;
  }
  return std::nullopt;
}

Status Logger::SetFile(const std::string& path) {
  if (!path.empty()) {
    const int descriptor = OpenLog(path);
    if (descriptor < 0) {
      return Status::IoError(
          fmt::format("log file {}: {}", path, std::generic_category().message(errno)));
    }
    ::close(descriptor);
  }
  const std::lock_guard lock(mutex_);
  path_ = path;
  return Status::Ok();
}

void Logger::SetSink(Sink sink) {
  const std::lock_guard lock(mutex_);
  sink_ = std::move(sink);
}

void Logger::Write(LogLevel level, std::string_view message) {
  if (!enabled(level)) return;
  const std::string line =
      FormatLine(role_.load(std::memory_order_relaxed), level, wall_micros_(), message);
  const std::lock_guard lock(mutex_);
  if (sink_) {
    sink_(line);
  } else if (path_.empty()) {
    WriteAll(STDOUT_FILENO, line);
  } else if (const int descriptor = OpenLog(path_); descriptor >= 0) {
    WriteAll(descriptor, line);
    ::close(descriptor);
  }
}

}  // namespace cairn
