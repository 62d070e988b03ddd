#pragma once
// What the server keeps for each row of the command table: its statistics and what the executor
// wants to know without looking at the row's specifications each time.
//
// Thread: loop.

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "commands/command.h"
#include "util/histogram.h"

namespace cairn {

struct CommandRecord {
  std::string name;  // "get", "client|list"
  uint64_t calls = 0, nanos = 0;
  uint64_t rejected = 0;                     // before it ran: arity, NOAUTH, LOADING, …
  uint64_t failed = 0;                       // ran and answered an error
  std::unique_ptr<Histogram> latency_nanos;  // made at the first call, if latencies are tracked
  // Keys whose use is noted for OBJECT IDLETIME: argv[first], every step, up to last (negative:
  // from the end). first 0: none.
  int touch_first = 0, touch_last = 0, touch_step = 1;
};

class CommandRecords {
 public:
  // Records for every command and subcommand of the table.
  CommandRecords();

  // Requires: a row of the table. O(1).
  CommandRecord& Of(const CommandSpec& spec);
  const std::deque<CommandRecord>& all() const { return records_; }
  void ResetStatistics();

 private:
  void AddRow(const CommandSpec& spec, std::string name);
  size_t PlaceOf(const CommandSpec& spec) const;

  std::deque<CommandRecord> records_;  // a deque: records keep their place
  // Open addressing by the row's address: a probe or two, no hashing of names.
  struct Slot {
    const CommandSpec* spec = nullptr;
    CommandRecord* record = nullptr;
  };
  std::vector<Slot> slots_;
};

// How often each error code was answered (INFO errorstats).
class ErrorCounts {
 public:
  // reply: an error reply as it is sent ("-WRONGTYPE …\r\n").
  void Count(std::string_view reply);
  const std::unordered_map<std::string, uint64_t>& counts() const { return counts_; }
  void Reset() { counts_.clear(); }

 private:
  // Clients cannot make up codes, but handlers' texts can have many first words.
  static constexpr size_t kMaxCodes = 128;
  std::unordered_map<std::string, uint64_t> counts_;
};

}  // namespace cairn
