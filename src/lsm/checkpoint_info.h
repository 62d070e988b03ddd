#pragma once
// What a checkpoint is called and what it holds (checkpoint.h makes them).
//
// Any thread; plain values and functions.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lsm/types.h"

namespace cairn::lsm {

struct CheckpointInfo {
  std::string name;
  uint64_t time_ms = 0;   // wall clock; the name says the same
  Sequence sequence = 0;  // it is the state after this one
  uint64_t tables = 0;
  uint64_t table_bytes = 0;
};

// "2026-11-28T18-03-05.123Z": UTC, in the order of time, and nothing that a shell or rsync takes
// for something else.
std::string CheckpointName(uint64_t wall_ms);
// The reverse; nullopt if the name is none.
std::optional<uint64_t> ParseCheckpointName(std::string_view name);

}  // namespace cairn::lsm
