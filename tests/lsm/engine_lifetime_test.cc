// What may still be under way when an engine or a part of it goes.

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <thread>

#include "env/posix_env.h"
#include "lsm/log_writer.h"
#include "support/scratch_directory.h"

namespace cairn::lsm {
namespace {

uint64_t BytesIn(const std::string& directory) {
  uint64_t bytes = 0;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(directory, error)) {
    bytes += file.file_size(error);
  }
  return bytes;
}

}  // namespace

// The LOCK goes soon after: another server may have opened the slots by then.
TEST_CASE("once the log writer is gone, no slot is written to any more") {
  const test::ScratchDirectory scratch;
  const std::unique_ptr<Env> env = NewPosixEnv();
  const auto background = NewThreadedBackground({}, [] {});
  const std::string wal = scratch.File("wal");
  auto slots = std::make_shared<WalSlots>(
      *env,
      WalSlots::Options{
          .directory = wal, .identity = {}, .slot_bytes = size_t{256} << 20, .slot_count = 2});
  REQUIRE(slots->Open().ok());
  auto log = std::make_unique<LogWriter>(*env, *background, slots, LogWriterOptions{});
  while (BytesIn(wal) == 0) std::this_thread::yield();
  log.reset();
  const uint64_t bytes = BytesIn(wal);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK(BytesIn(wal) == bytes);
}

}  // namespace cairn::lsm
