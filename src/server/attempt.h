#pragma once
// What one run of a handler needs: a read context, the transaction over it and the other staged
// effects; and what stays the same from attempt to attempt of one command.
//
// Thread: loop. Pooled by the executor; one that is fetched for belongs to its parked command.

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "commands/command.h"
#include "commands/effects.h"
#include "commands/slow_log.h"
#include "keyspace/transaction.h"
#include "lsm/read_context.h"

namespace cairn {

struct CommandRecord;

struct Attempt {
  Attempt(Keyspace& keyspace, std::unique_ptr<lsm::ReadContext> context)
      : reads(std::move(context)), tx(keyspace, *reads) {}

  std::unique_ptr<lsm::ReadContext> reads;
  Transaction tx;
  Effects effects;
};

struct CommandRun {
  std::span<const std::string_view> argv;
  const CommandSpec* spec = nullptr;
  CommandRecord* record = nullptr;
  uint64_t seed = 0;
  uint32_t attempts = 0;
  uint32_t settles = 0;       // times that unsettled counts were settled for it
  uint64_t start_nanos = 0;   // of this attempt
  uint64_t begun_nanos = 0;   // of the command
  bool wait_is_over = false;  // it has waited for what it asked (WAIT), or in vain
  CommandWaits waits;
};

}  // namespace cairn
