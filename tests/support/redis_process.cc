#include "support/redis_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <thread>
#include <utility>

#include "support/raw_client.h"

namespace cairn::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kStartTimeoutMs = 20'000;
constexpr int kStopTimeoutMs = 10'000;
constexpr auto kPollInterval = std::chrono::milliseconds(5);

// Forks and execs with output in a file. Only async-signal-safe calls between the two.
pid_t Spawn(const std::string& path, const std::vector<std::string>& arguments,
            const std::filesystem::path& output) {
  std::vector<char*> argv = {const_cast<char*>(path.c_str())};
  for (const std::string& argument : arguments) {
    argv.push_back(const_cast<char*>(argument.c_str()));
  }
  argv.push_back(nullptr);
  const int fd = ::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(fd, STDOUT_FILENO);
    ::dup2(fd, STDERR_FILENO);
    ::execv(path.c_str(), argv.data());
    ::_exit(127);
  }
  ::close(fd);
  return pid;
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The wait status, or kBusy when the time is over.
Result<int> WaitForEnd(pid_t pid, int timeout_ms) {
  const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(pid, &status, WNOHANG);
    if (ended == pid) return status;
    if (Clock::now() >= deadline) return Status::Busy(fmt::format("process {} still runs", pid));
    std::this_thread::sleep_for(kPollInterval);
  }
}

// The value of --requirepass; empty: none.
std::string PasswordOf(const std::vector<std::string>& arguments) {
  const auto option = std::find(arguments.begin(), arguments.end(), "--requirepass");
  return arguments.end() - option > 1 ? *(option + 1) : "";
}

// It listens, and does not answer -LOADING.
bool Serves(int port, const std::string& password) {
  Result<std::unique_ptr<RawClient>> client = RawClient::Connect(port);
  if (!client.ok()) return false;
  if (!password.empty() && !(*client)->Call({"AUTH", password}).ok()) return false;
  const Result<std::string> reply = (*client)->Call({"PING"});
  return reply.ok() && *reply == "+PONG\r\n";
}

}  // namespace

TempDirectory::TempDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "cairn-test-XXXXXX").string();
  CAIRN_CHECK(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

TempDirectory::~TempDirectory() {
  std::error_code ignored;  // what cannot be removed stays for the system to clean
  std::filesystem::remove_all(path_, ignored);
}

int FreePort() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  CAIRN_CHECK(::bind(fd, reinterpret_cast<sockaddr*>(&address), length) == 0);
  CAIRN_CHECK(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0);
  ::close(fd);
  return ntohs(address.sin_port);
}

RedisProcess::RedisProcess(pid_t pid, int port, std::filesystem::path output)
    : pid_(pid), port_(port), output_(std::move(output)) {}

RedisProcess::~RedisProcess() {
  if (pid_ != 0 && !Stop(SIGTERM, kStopTimeoutMs).ok()) Kill();
}

std::string RedisProcess::PathOf(Program program) {
  return program == Program::kRedis ? "/usr/bin/redis-server" : CAIRN_BIN_DIR "/cairn-server";
}

Result<std::unique_ptr<RedisProcess>> RedisProcess::Start(
    Program program, const std::filesystem::path& directory,
    const std::vector<std::string>& arguments) {
  const std::string path = PathOf(program);
  if (!std::filesystem::exists(path)) return Status::NotFound(path);
  const int port = FreePort();
  std::vector<std::string> all = {"--port", std::to_string(port), "--dir", directory.string(),
                                  "--bind", "127.0.0.1"};
  if (program == Program::kRedis) {
    for (const char* word : {"--save", "", "--appendonly", "no"}) all.emplace_back(word);
  }
  for (const char* word : {"--enable-debug-command", "yes"}) all.emplace_back(word);
  all.insert(all.end(), arguments.begin(), arguments.end());

  const std::filesystem::path output = directory / "server.out";
  std::unique_ptr<RedisProcess> process(new RedisProcess(Spawn(path, all, output), port, output));
  const auto deadline = Clock::now() + std::chrono::milliseconds(kStartTimeoutMs);
  const std::string password = PasswordOf(arguments);
  while (!Serves(port, password)) {
    if (WaitForEnd(process->pid_, 0).ok()) {
      process->pid_ = 0;
      return Status::Aborted(fmt::format("{} ended: {}", path, process->Output()));
    }
    if (Clock::now() >= deadline) {
      return Status::Busy(fmt::format("{} does not answer: {}", path, process->Output()));
    }
    std::this_thread::sleep_for(kPollInterval);
  }
  return process;
}

Result<std::unique_ptr<RedisProcess>> RedisProcess::StartInTemp(
    Program program, const std::vector<std::string>& arguments) {
  auto directory = std::make_unique<TempDirectory>();
  auto process = Start(program, directory->path(), arguments);
  if (process.ok()) process.value()->own_directory_ = std::move(directory);
  return process;
}

std::string RedisProcess::Output() const {
  return ReadFile(output_);
}

Result<int> RedisProcess::Stop(int signal, int timeout_ms) {
  CAIRN_CHECK(pid_ != 0);
  ::kill(pid_, signal);
  Result<int> status = WaitForEnd(pid_, timeout_ms);
  if (status.ok()) pid_ = 0;
  return status;
}

void RedisProcess::Kill() {
  // A process cannot refuse this one; the wait is for the kernel to take it down.
  while (pid_ != 0 && !Stop(SIGKILL, kStopTimeoutMs).ok()) {
  }
}

Result<RedisProcess::Finished> RedisProcess::RunToEnd(const std::string& path,
                                                      const std::vector<std::string>& arguments,
                                                      int timeout_ms) {
  const TempDirectory directory;
  const std::filesystem::path output = directory.path() / "server.out";
  RedisProcess process(Spawn(path, arguments, output), 0, output);
  const Result<int> status = WaitForEnd(process.pid_, timeout_ms);
  if (!status.ok()) {
    const std::string printed = process.Output();
    process.Kill();
    return status.status().Annotate(printed);
  }
  process.pid_ = 0;
  return Finished{*status, process.Output()};
}

}  // namespace cairn::test
