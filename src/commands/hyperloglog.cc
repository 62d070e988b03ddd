// HyperLogLogs: strings in Redis's format, so that GET and SET carry them between servers.

#include "keyspace/hyperloglog.h"

#include <fmt/format.h>

#include "commands/arguments.h"
#include "commands/hyperloglog_commands.h"
#include "commands/server_control.h"
#include "commands/string_store.h"

namespace cairn {

namespace {

constexpr std::string_view kCorrupted = "INVALIDOBJ Corrupted HLL object detected";

// False, and an error was answered, if the key is there and no HyperLogLog.
bool CheckHyperLogLog(CommandContext& c, const KeyRef& key) {
  if (!CheckString(c, key)) return false;
  if (!key.exists || HyperLogLog::LooksLikeOne(key.value)) return true;
  c.reply.Error("WRONGTYPE Key is not a valid HyperLogLog string value.");
  return false;
}

HyperLogLog Read(const KeyRef& key) {
  return key.exists ? HyperLogLog(key.value) : HyperLogLog();
}

void Store(CommandContext& c, const KeyRef& key, const HyperLogLog& counter) {
  c.tx.Put(key, Type::kString, Encoding::kRaw, c.tx.Keep(counter.bytes()), key.expire_at_ms);
  NotifyIfNew(c, key);
}

void NotifyAdded(CommandContext& c, const KeyRef& key) {
  c.tx.Notify(KeyEventClass::kString, "pfadd", key.db, key.name);
}

// Merges the keys named from argv[1] on into the registers. False: the error was answered.
bool MergeKeys(CommandContext& c, HyperLogLog::Registers* registers, bool* any_dense) {
  for (const std::string_view name : c.argv.subspan(1)) {
    const KeyRef key = LookUpKey(c, name);
    if (!CheckHyperLogLog(c, key)) return false;
    if (!key.exists) continue;
    const HyperLogLog counter = Read(key);
    *any_dense |= counter.dense();
    if (!counter.MergeInto(registers)) {
      c.reply.Error(kCorrupted);
      return false;
    }
  }
  return true;
}

void CountUnion(CommandContext& c) {
  HyperLogLog::Registers registers{};
  bool any_dense = false;
  if (!MergeKeys(c, &registers, &any_dense)) return;
  c.reply.Integer(static_cast<int64_t>(HyperLogLog::Estimate(registers)));
}

// PFDEBUG GETREG: a sparse one stays dense, as in Redis.
void ReplyRegisters(CommandContext& c, const KeyRef& key) {
  HyperLogLog counter = Read(key);
  const bool was_dense = counter.dense();
  HyperLogLog::Registers registers{};
  if (!counter.MakeDense() || !counter.MergeInto(&registers)) {
    c.reply.Error(kCorrupted);
    return;
  }
  if (!was_dense) Store(c, key, counter);
  c.reply.ArrayHeader(registers.size());
  for (const uint8_t count : registers) c.reply.Integer(count);
}

void DebugToDense(CommandContext& c, const KeyRef& key) {
  HyperLogLog counter = Read(key);
  const bool was_dense = counter.dense();
  if (!counter.MakeDense()) {
    c.reply.Error(kCorrupted);
    return;
  }
  if (!was_dense) Store(c, key, counter);
  c.reply.IntegerBool(!was_dense);
}

}  // namespace

void PfaddCommand(CommandContext& c) {
  const KeyRef key = OpenKey(c, c.argv[1]);
  if (!CheckHyperLogLog(c, key)) return;
  HyperLogLog counter = Read(key);
  const uint64_t sparse_max_bytes = c.server.hll_sparse_max_bytes();
  bool changed = !key.exists;
  for (const std::string_view element : c.argv.subspan(2)) {
    const std::optional<bool> raised = counter.Add(element, sparse_max_bytes);
    if (!raised) {
      c.reply.Error(kCorrupted);
      return;
    }
    changed |= *raised;
  }
  if (changed) counter.ForgetCount();
  if (changed || key.encoding != Encoding::kRaw) Store(c, key, counter);
  if (changed) NotifyAdded(c, key);
  c.reply.IntegerBool(changed);
}

void PfcountCommand(CommandContext& c) {
  if (c.argv.size() > 2) return CountUnion(c);
  const KeyRef key = LookUpKey(c, c.argv[1]);
  if (!CheckHyperLogLog(c, key)) return;
  if (!key.exists) {
    c.reply.Integer(0);
    return;
  }
  HyperLogLog counter = Read(key);
  std::optional<uint64_t> count = counter.kept_count();
  if (!count) {
    count = counter.Count();
    if (!count) {
      c.reply.Error(kCorrupted);
      return;
    }
    counter.KeepCount(*count);
  }
  // Spares the next who asks the walk; the answer stands without.
  if (counter.bytes() != key.value || key.encoding != Encoding::kRaw) {
    c.tx.PutIfRoom(key, Encoding::kRaw, c.tx.Keep(counter.bytes()));
  }
  c.reply.Integer(static_cast<int64_t>(*count));
}

void PfmergeCommand(CommandContext& c) {
  HyperLogLog::Registers registers{};
  bool any_dense = false;
  if (!MergeKeys(c, &registers, &any_dense)) return;
  const KeyRef key = OpenKey(c, c.argv[1]);
  HyperLogLog counter = Read(key);
  bool whole = !any_dense || counter.MakeDense();
  for (size_t i = 0; i < registers.size() && whole; ++i) {
    if (registers[i] == 0) continue;
    whole = counter.Raise(i, registers[i], c.server.hll_sparse_max_bytes()).has_value();
  }
  if (!whole) {
    c.reply.Error(kCorrupted);
    return;
  }
  counter.ForgetCount();
  Store(c, key, counter);
  NotifyAdded(c, key);
  c.reply.Ok();
}

void PfdebugCommand(CommandContext& c) {
  const KeyRef key = OpenKey(c, c.argv[2]);
  if (!key.exists) {
    c.reply.Error("ERR The specified key does not exist");
    return;
  }
  if (!CheckHyperLogLog(c, key)) return;
  if (Is(c.argv[1], "GETREG")) return ReplyRegisters(c, key);
  if (Is(c.argv[1], "TODENSE")) return DebugToDense(c, key);
  const HyperLogLog counter = Read(key);
  if (Is(c.argv[1], "ENCODING")) {
    c.reply.SimpleString(counter.dense() ? "dense" : "sparse");
  } else if (!Is(c.argv[1], "DECODE")) {
    const std::string_view given = c.argv[1].substr(0, c.argv[1].find('\0'));
    c.reply.Error(fmt::format("ERR Unknown PFDEBUG subcommand '{}'", given));
  } else if (counter.dense()) {
    c.reply.Error("ERR HLL encoding is not sparse");
  } else {
    c.reply.Bulk(counter.RunsText());
  }
}

}  // namespace cairn
