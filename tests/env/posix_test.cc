// What only the POSIX Env has: errno's texts, pids, other processes, and the check that the loop
// thread does not block.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "env/posix_env.h"
#include "env/thread_role.h"
#include "support/scratch_directory.h"

namespace cairn {
namespace {

using test::ScratchDirectory;

TEST_CASE("errors carry the path and errno's text") {
  const ScratchDirectory scratch;
  const auto env = NewPosixEnv();
  const Status status = env->OpenReadable(scratch.File("none")).status();
  CHECK(status.message() == scratch.File("none") + ": open: No such file or directory");
}

TEST_CASE("a full device is kNoSpace") {
  const auto env = NewPosixEnv();
  const auto full = env->OpenSlot("/dev/full");
  REQUIRE(full.ok());
  const Status status = (*full)->Write(0, "x");
  CHECK(status.code() == StatusCode::kNoSpace);
  CHECK(status.message().find("No space left on device") != std::string_view::npos);
}

TEST_CASE("the lock's refusal names the holder's pid, and the holder's death frees it") {
  const ScratchDirectory scratch;
  const auto env = NewPosixEnv();
  const std::string path = scratch.File("LOCK");
  int ready[2];
  int finish[2];
  REQUIRE(::pipe(ready) == 0);
  REQUIRE(::pipe(finish) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const auto lock = NewPosixEnv()->Lock(path);
    char byte = lock.ok() ? 'y' : 'n';
    if (::write(ready[1], &byte, 1) != 1 || ::read(finish[0], &byte, 1) != 1) ::_exit(1);
    ::_exit(0);  // without the destructor: as kill -9 would
  }
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  REQUIRE(byte == 'y');
  const Status refused = env->Lock(path).status();
  CHECK(refused.code() == StatusCode::kBusy);
  CHECK(refused.message() == path + ": locked by process " + std::to_string(child));
  REQUIRE(::write(finish[1], &byte, 1) == 1);
  int exit_status = 0;
  REQUIRE(::waitpid(child, &exit_status, 0) == child);
  CHECK(env->Lock(path).ok());
  for (const int fd : {ready[0], ready[1], finish[0], finish[1]}) ::close(fd);
}

TEST_CASE("descriptors are not inherited by programs that are started") {
  const ScratchDirectory scratch;
  const auto env = NewPosixEnv();
  const auto file = env->CreateAppend(scratch.File("table")).value();
  const auto slot = env->OpenSlot(scratch.File("slot")).value();
  const auto lock = env->Lock(scratch.File("LOCK")).value();
  const std::string command = "ls -l /proc/self/fd | grep -q " + scratch.path();
  CHECK(std::system(command.c_str()) != 0);
}

TEST_CASE("a slot's zeros are written blocks, not a hole") {
  const ScratchDirectory scratch;
  const auto env = NewPosixEnv();
  const auto slot = env->OpenSlot(scratch.File("slot")).value();
  REQUIRE(slot->Allocate(1 << 20).ok());
  struct stat info;
  REQUIRE(::stat(scratch.File("slot").c_str(), &info) == 0);
  CHECK(info.st_size == 1 << 20);
  CHECK(info.st_blocks * 512 >= 1 << 20);
}

TEST_CASE("free space is what the file system says") {
  const ScratchDirectory scratch;
  const auto env = NewPosixEnv();
  const uint64_t free_bytes = env->FreeBytes(scratch.path()).value();
  const auto space = std::filesystem::space(scratch.path());
  // Others write to the same disk meanwhile.
  const double ratio = static_cast<double>(free_bytes) / static_cast<double>(space.available);
  CHECK((ratio > 0.9 && ratio < 1.1));
}

TEST_CASE("replacing fails whole when the temporary file cannot be written") {
  const ScratchDirectory scratch;
  const auto env = NewPosixEnv();
  REQUIRE(env->ReplaceFile(scratch.File("CURRENT"), "old").ok());
  REQUIRE(env->MakeDirectories(scratch.File("CURRENT.tmp")).ok());
  CHECK(env->ReplaceFile(scratch.File("CURRENT"), "new").code() == StatusCode::kIoError);
  CHECK(env->ReadSmallFile(scratch.File("CURRENT"), 10).value() == "old");
}

#ifdef CAIRN_DEBUG_CHECKS
TEST_CASE("the loop thread may not block once it serves") {
  bool before = false;
  bool serving = true;
  bool in_scope = false;
  bool after_scope = true;
  bool stopped = false;
  std::thread loop([&] {
    before = MayBlock();
    MarkLoopThread();
    serving = MayBlock();
    {
      const MayBlockScope outer;
      const MayBlockScope inner;
      in_scope = MayBlock();
    }
    after_scope = MayBlock();
    UnmarkLoopThread();
    stopped = MayBlock();
  });
  loop.join();
  CHECK(before);
  CHECK_FALSE(serving);
  CHECK(in_scope);
  CHECK_FALSE(after_scope);
  CHECK(stopped);
  CHECK(MayBlock());
}

TEST_CASE("a blocking call on the loop thread stops a debug build") {
  const ScratchDirectory scratch;
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::close(STDERR_FILENO);
    std::signal(SIGABRT, SIG_DFL);
    MarkLoopThread();
    [[maybe_unused]] const Result<bool> exists = NewPosixEnv()->Exists(scratch.path());
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  // A sanitizer may turn the abort into an exit status of its own.
  CHECK_FALSE((WIFEXITED(status) && WEXITSTATUS(status) == 0));
}
#endif

}  // namespace
}  // namespace cairn
