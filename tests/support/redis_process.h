#pragma once
// A server process for a test: the real redis-server (the reference, 7.0) or our cairn-server, on a
// free port of 127.0.0.1, ready to answer when Start returns, gone when the object is.
//
// Thread safety: one thread. May block: everything but the getters.
// The child also dies with the test (PR_SET_PDEATHSIG), so a crashed test leaves none behind.

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "util/status.h"

namespace cairn::test {

// A directory of its own under the system's temporary one, removed with the object.
class TempDirectory {
 public:
  TempDirectory();
  ~TempDirectory();
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class RedisProcess {
 public:
  enum class Program { kRedis, kCairn };

  // Starts `program` with its data in `directory`, which must exist and outlive the process, and
  // waits until it answers PING with PONG. `arguments` go behind the
  // usual ones ("--appendfsync", "no"). Errors carry the end of what the server printed.
  static Result<std::unique_ptr<RedisProcess>> Start(
      Program program, const std::filesystem::path& directory,
      const std::vector<std::string>& arguments = {});
  // The same in a directory that lives as long as the process.
  static Result<std::unique_ptr<RedisProcess>> StartInTemp(
      Program program, const std::vector<std::string>& arguments = {});

  // SIGTERM, then SIGKILL if it does not help.
  ~RedisProcess();
  RedisProcess(const RedisProcess&) = delete;
  RedisProcess& operator=(const RedisProcess&) = delete;

  int port() const { return port_; }
  pid_t pid() const { return pid_; }
  // What it printed so far.
  std::string Output() const;

  // Sends `signal` and waits until the process has ended, at most `timeout_ms`. The wait status of
  // waitpid(); kBusy if it still runs.
  Result<int> Stop(int signal, int timeout_ms);
  // kill -9, and waits.
  void Kill();

  // Runs the program in the foreground with just these arguments until it ends by itself: its exit
  // status and what it printed. For starts that must be refused. kBusy if it still runs after
  // `timeout_ms`; it is killed then.
  struct Finished {
    int wait_status = 0;
    std::string output;
  };
  static Result<Finished> RunToEnd(const std::string& path,
                                   const std::vector<std::string>& arguments, int timeout_ms);
  static std::string PathOf(Program program);

 private:
  RedisProcess(pid_t pid, int port, std::filesystem::path output);

  pid_t pid_;  // 0 when it has ended
  int port_;
  std::filesystem::path output_;
  std::unique_ptr<TempDirectory> own_directory_;
};

// A port of 127.0.0.1 that nobody used a moment ago.
int FreePort();

}  // namespace cairn::test
