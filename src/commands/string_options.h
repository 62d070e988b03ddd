#pragma once
// The options of SET and GETEX: EX, PX, EXAT, PXAT, and what each has beside them.
//
// Thread: that of the attempt.

#include <cstdint>
#include <optional>

#include "commands/command.h"
#include "keyspace/expiry.h"

namespace cairn {

struct StringOptions {
  bool only_if_absent = false;   // NX
  bool only_if_present = false;  // XX
  bool get = false;
  bool keep_ttl = false;
  bool persist = false;
  size_t expiry_argument = 0;  // 0: none
  ExpiryUnit unit = ExpiryUnit::kSeconds;
  ExpiryBase base = ExpiryBase::kNow;
};

enum class StringOptionSet : uint8_t { kSet, kGetEx };

// Reads the options from argv[first] on. nullopt: the error was answered.
std::optional<StringOptions> ReadStringOptions(CommandContext& c, size_t first,
                                               StringOptionSet set);
// The time that the options name, 0 if they name none. nullopt: the error was answered.
std::optional<uint64_t> ReadExpiry(CommandContext& c, const StringOptions& options);
// The same for a time given by position (SETEX).
std::optional<uint64_t> ReadExpiry(CommandContext& c, size_t argument, ExpiryUnit unit,
                                   ExpiryBase base);

}  // namespace cairn
