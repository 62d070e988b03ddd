// Counting: INCR, DECR and their kin.

#include <fmt/format.h>

#include <cmath>

#include "commands/arguments.h"
#include "commands/string_commands.h"
#include "commands/string_store.h"
#include "util/parse.h"

namespace cairn {

namespace {

void StoreNumber(CommandContext& c, const KeyRef& key, std::string_view digits, Encoding encoding,
                 std::string_view event) {
  c.tx.Put(key, Type::kString, encoding, digits, key.expire_at_ms);
  NotifyIfNew(c, key);
  c.tx.Notify(KeyEventClass::kString, event, key.db, key.name);
}

void Increment(CommandContext& c, int64_t by) {
  const KeyRef key = OpenKey(c, c.argv[1]);
  if (!CheckString(c, key)) return;
  const std::optional<int64_t> old = key.exists ? ParseInt64(key.value) : 0;
  if (!old) {
    c.reply.Error(kNotAnInteger);
    return;
  }
  int64_t sum = 0;
  if (__builtin_add_overflow(*old, by, &sum)) {
    c.reply.Error("ERR increment or decrement would overflow");
    return;
  }
  const fmt::format_int digits(sum);
  StoreNumber(c, key, c.tx.Keep({digits.data(), digits.size()}), Encoding::kInt, "incrby");
  c.reply.Integer(sum);
}

}  // namespace

void IncrCommand(CommandContext& c) {
  Increment(c, 1);
}

void DecrCommand(CommandContext& c) {
  Increment(c, -1);
}

void IncrbyCommand(CommandContext& c) {
  const std::optional<int64_t> by = ReadInteger(c, 2);
  if (by) Increment(c, *by);
}

void DecrbyCommand(CommandContext& c) {
  const std::optional<int64_t> by = ReadInteger(c, 2);
  if (!by) return;
  if (*by == INT64_MIN) {
    c.reply.Error("ERR decrement would overflow");
    return;
  }
  Increment(c, -*by);
}

void IncrbyfloatCommand(CommandContext& c) {
  const KeyRef key = OpenKey(c, c.argv[1]);
  if (!CheckString(c, key)) return;
  const std::optional<long double> old = key.exists ? ParseLongDouble(key.value) : 0;
  const std::optional<long double> by = old ? ParseLongDouble(c.argv[2]) : std::nullopt;
  if (!by) {
    c.reply.Error(kNotAFloat);
    return;
  }
  const long double sum = *old + *by;
  if (std::isnan(sum) || std::isinf(sum)) {
    c.reply.Error("ERR increment would produce NaN or Infinity");
    return;
  }
  const std::string_view digits = c.tx.Keep(FormatLongDouble(sum));
  StoreNumber(c, key, digits, TextEncoding(digits), "incrbyfloat");
  c.reply.Bulk(digits);
}

}  // namespace cairn
