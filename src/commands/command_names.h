#pragma once
// The names by which clients see flags, categories and key access (COMMAND INFO), bit by bit, and
// the names of commands as COMMAND takes them.
//
// Thread safety: constants and pure functions.

#include <cstdint>
#include <span>
#include <string_view>

#include "commands/command.h"
#include "commands/table.h"
#include "resp/writer.h"

namespace cairn {

struct BitName {
  uint32_t bit;
  std::string_view name;
};

// In the order in which they are printed.
extern const std::span<const BitName> kCommandFlagNames;
extern const std::span<const BitName> kAclCategoryNames;  // without '@'
extern const std::span<const BitName> kKeyAccessNames;

// The set bits' names as a set of simple strings.
void WriteBitNames(resp::Writer& reply, uint32_t bits, std::span<const BitName> names,
                   std::string_view prefix = {});

// "config|get" or "get", in any case; spec is null if there is none.
ResolvedCommand FindByFullName(std::string_view name);

}  // namespace cairn
