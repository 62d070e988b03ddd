// cairn-server: reads the configuration, makes the process what it says, runs the server.
//
// Exit codes: 0 clean stop, 1 anything that kept it from starting or stopping cleanly.

#include <unistd.h>
#include <uv.h>

#include <fmt/format.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "env/posix_env.h"
#include "server/config_file.h"
#include "server/process_limits.h"
#include "server/server.h"
#include "server/server_version.h"
#include "util/log.h"

namespace cairn {
namespace {

constexpr std::string_view kUsage =
    "Usage: cairn-server [/path/to/redis.conf] [options] [-]\n"
    "       cairn-server - (read the configuration from standard input)\n"
    "       cairn-server -v or --version\n"
    "       cairn-server -h or --help\n"
    "\n"
    "Every option of the configuration file may stand on the command line with \"--\" before it:\n"
    "       cairn-server --port 7777 --dir /var/lib/cairn\n"
    "       cairn-server /etc/cairn.conf --appendfsync everysec --loglevel verbose\n"
    "Options are described in redis.conf.example.\n";

void Print(std::FILE* to, std::string_view text) {
  fmt::print(to, "{}", text);
}

std::string WorkingDirectory() {
  char path[4096];
  size_t size = sizeof(path);
  return uv_cwd(path, &size) == 0 ? std::string(path, size) : ".";
}

std::string_view Durability(lsm::SyncMode mode) {
  switch (mode) {
    case lsm::SyncMode::kAlways:
      return "appendfsync always: an answer means that the write is on disk";
    case lsm::SyncMode::kEverySecond:
      return "appendfsync everysec: an answer means that the write survives the server's death; "
             "a power cut may take the last second";
    case lsm::SyncMode::kNo:
      break;
  }
  return "appendfsync no: an answer means that the write survives the server's death; what a power "
         "cut takes is up to the system";
}

void LogStart(Logger& log, const LoadedConfig& loaded) {
  log.Warning("Cairn {} is starting, pid {}", kCairnVersion, ::getpid());
  if (loaded.file.empty()) log.Notice("No configuration file: the defaults are in force");
  for (const std::string& warning : loaded.warnings) log.Warning("{}", warning);
  log.Notice("{}", Durability(loaded.config.engine.sync_mode));
}

int Serve(Env& env, Logger& log, const LoadedConfig& loaded) {
  const Config& config = loaded.config;
  Server server(env, log, config, loaded.file);
  if (const Status status = server.Start(); !status.ok()) {
    log.Warning("Cannot start: {}", status.message());
    return 1;
  }
  if (!config.pidfile.empty()) {
    const Status status = env.ReplaceFile(config.pidfile, fmt::format("{}\n", ::getpid()));
    if (!status.ok()) log.Warning("Cannot write the pid file: {}", status.message());
  }
  const int exit_code = server.Run();
  if (!config.pidfile.empty()) static_cast<void>(env.Remove(config.pidfile));
  // The loading worker cannot be hurried, and there is nothing to finish: stop as a crash would.
  if (server.stopped_while_loading()) std::_Exit(exit_code);
  return exit_code;
}

int Main(std::span<const std::string_view> args) {
  const auto env = NewPosixEnv();
  const Result<Arguments> arguments = ParseArguments(args);
  if (!arguments.ok()) {
    Print(stderr, fmt::format("{}\n{}", arguments.status().message(), kUsage));
    return 1;
  }
  if (arguments->help) {
    Print(stdout, kUsage);
    return 0;
  }
  if (arguments->version) {
    Print(stdout, fmt::format("Cairn server v={} redis_version={} bits={}\n", kCairnVersion,
                              Config().redis_version, sizeof(void*) * 8));
    return 0;
  }
  const Result<LoadedConfig> loaded = LoadConfig(*env, arguments->source, WorkingDirectory());
  if (!loaded.ok()) {
    Print(stderr, fmt::format("\n*** FATAL CONFIG FILE ERROR (Cairn {}) ***\n{}\n", kCairnVersion,
                              loaded.status().message()));
    return 1;
  }
  Logger log([&env] { return env->WallMicros(); });
  log.SetLevel(loaded->config.log_level);
  if (const Status status = log.SetFile(loaded->config.logfile); !status.ok()) {
    Print(stderr, fmt::format("Cannot open the log file: {}\n", status.message()));
    return 1;
  }
  // Before there is any other thread.
  if (loaded->config.daemonize && ::daemon(1, 0) != 0) {
    Print(stderr, "Cannot become a daemon\n");
    return 1;
  }
  LogStart(log, *loaded);
  return Serve(*env, log, *loaded);
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  cairn::TuneHeap();
  // A client that goes away while it is written to is an error of that write, nothing more.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);
  const std::vector<std::string_view> args(argv + 1, argv + argc);
  return cairn::Main(args);
}
