#include "util/log.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

namespace cairn {
namespace {

constexpr uint64_t kWallMicros = 1772892202123456;  // 2026-03-07 14:03:22.123456 UTC

std::string ReadWhole(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// A directory of its own, removed at the end.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "cairn-log-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~ScratchDirectory() { std::filesystem::remove_all(path_); }
  std::string File(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

TEST_CASE("a line has Redis's format") {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  Logger logger([] { return kWallMicros; });
  std::string lines;
  logger.SetSink([&lines](std::string_view line) { lines += line; });
  const std::string head = std::to_string(::getpid()) + ":M 07 Mar 2026 14:03:22.123 ";
  logger.Notice("Ready to accept {} at port {}", "connections", 6379);
  CHECK(lines == head + "* Ready to accept connections at port 6379\n");
  lines.clear();
  logger.SetLevel(LogLevel::kDebug);
  logger.Debug("d");
  logger.Verbose("v");
  logger.Warning("100%");
  CHECK(lines == head + ". d\n" + head + "- v\n" + head + "# 100%\n");
  lines.clear();
  logger.SetRole('S');
  logger.Notice("x");
  CHECK(lines == std::to_string(::getpid()) + ":S 07 Mar 2026 14:03:22.123 * x\n");
}

TEST_CASE("lines below the level are not written") {
  Logger logger([] { return kWallMicros; });
  int line_count = 0;
  logger.SetSink([&line_count](std::string_view) { ++line_count; });
  for (const LogLevel level :
       {LogLevel::kDebug, LogLevel::kVerbose, LogLevel::kNotice, LogLevel::kWarning}) {
    logger.SetLevel(level);
    line_count = 0;
    logger.Debug("a");
    logger.Verbose("b");
    logger.Notice("c");
    logger.Warning("d");
    CHECK(line_count == 4 - static_cast<int>(level));
    CHECK(ParseLogLevel(LogLevelName(level)) == level);
  }
  CHECK(ParseLogLevel("NOTICE") == LogLevel::kNotice);
  CHECK_FALSE(ParseLogLevel("nothing"));
}

TEST_CASE("a log file is appended to and may be moved away") {
  const ScratchDirectory directory;
  const std::string path = directory.File("server.log");
  std::ofstream(path) << "old line\n";
  Logger logger([] { return kWallMicros; });
  REQUIRE(logger.SetFile(path).ok());
  logger.Notice("one");
  CHECK(ReadWhole(path).starts_with("old line\n"));
  CHECK(ReadWhole(path).ends_with(" * one\n"));
  std::filesystem::rename(path, directory.File("server.log.1"));
  logger.Notice("two");
  CHECK(ReadWhole(directory.File("server.log.1")).ends_with(" * one\n"));
  CHECK(ReadWhole(path).ends_with(" * two\n"));
}

TEST_CASE("a log file that cannot be opened changes nothing") {
  const ScratchDirectory directory;
  const std::string good = directory.File("good.log");
  const std::string bad = directory.File("missing/bad.log");
  Logger logger([] { return kWallMicros; });
  REQUIRE(logger.SetFile(good).ok());
  const Status status = logger.SetFile(bad);
  CHECK(status.code() == StatusCode::kIoError);
  CHECK(status.message().find(bad) != std::string_view::npos);
  logger.Notice("still here");
  CHECK(ReadWhole(good).ends_with(" * still here\n"));
}

TEST_CASE("threads do not mix their lines") {
  const ScratchDirectory directory;
  const std::string path = directory.File("threads.log");
  Logger logger([] { return kWallMicros; });
  REQUIRE(logger.SetFile(path).ok());
  constexpr int kThreads = 4;
  constexpr int kLines = 100;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&logger, t] {
      for (int i = 0; i < kLines; ++i) logger.Notice("thread {} line {} {}", t, i, "end");
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::istringstream in(ReadWhole(path));
  std::string line;
  int line_count = 0;
  while (std::getline(in, line)) {
    REQUIRE(line.find(" * thread ") != std::string::npos);
    REQUIRE(line.ends_with(" end"));
    ++line_count;
  }
  CHECK(line_count == kThreads * kLines);
}

}  // namespace
}  // namespace cairn
