#pragma once
// Storing a string as the commands do it: encoding, events.
//
// Thread: that of the attempt.

#include <string_view>

#include "commands/command.h"
#include "keyspace/strings.h"

namespace cairn {

// The key for a write that does not care what it holds. Nothing is read, unless somebody listens
// and has to be told whether the key is new.
inline KeyRef OpenToOverwrite(CommandContext& c, std::string_view name) {
  return c.tx.listening() ? c.tx.Open(c.session.db, name) : c.tx.OpenBlind(c.session.db, name);
}

// The event of a key that was not there. Redis fires it before the command's own.
inline void NotifyIfNew(CommandContext& c, const KeyRef& key) {
  if (!key.exists) c.tx.Notify(KeyEventClass::kNew, "new", key.db, key.name);
}

// Makes the key hold a value in the encoding that a value set as a whole gets, and stages the
// event "set". `value` must outlive the attempt.
inline void StoreString(CommandContext& c, const KeyRef& key, std::string_view value,
                        uint64_t expire_at_ms) {
  c.tx.Put(key, Type::kString, StringEncoding(value), value, expire_at_ms);
  NotifyIfNew(c, key);
  c.tx.Notify(KeyEventClass::kString, "set", key.db, key.name);
}

}  // namespace cairn
