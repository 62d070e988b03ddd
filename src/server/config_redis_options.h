#pragma once
// Every option of Redis 7.0 that Cairn does not implement, and what it means in a config file, on
// the command line or in CONFIG SET: ignored with a warning, because what it tunes is not here, or
// refused, because a user who relies on it (access, encryption, topology, copies) must not be told
// "started" without it. Options that are implemented stand in server/config.h; together the two
// name every option that Redis 7.0 knows. redis.conf.example says the same to users.
//
// Thread safety: constants.

#include <optional>
#include <span>
#include <string_view>

namespace cairn {

enum class RedisOptionClass : unsigned char { kIgnored, kRefused };

struct RedisOption {
  std::string_view name;  // lower case
  RedisOptionClass option_class;
  // Why, as it follows "option NAME is ignored: " or "… is refused: ".
  std::string_view note;
  // kRefused: the value that asks for nothing, so that it is accepted ("no", "0", ""); nullopt if
  // every value asks for something.
  std::optional<std::string_view> harmless_value = std::nullopt;

  // For a refused option: false if the start must be refused over this value (its words joined by
  // one space, quotes taken off).
  bool IsHarmless(std::string_view value) const;
};

// All of them, sorted by name.
std::span<const RedisOption> RedisOnlyOptions();

// nullptr if Cairn implements the option or Redis 7.0 has none of that name. `name` in any case.
// O(log n).
const RedisOption* FindRedisOnlyOption(std::string_view name);

}  // namespace cairn
