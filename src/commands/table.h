#pragma once
// Finds the row of a command, and says what is wrong when there is none.
//
// Thread safety: the table is constant; any thread.
// Source: Redis 7.0 (lookup, error texts), design §15.

#include <span>
#include <string>
#include <string_view>

#include "commands/command.h"

namespace cairn {

// Every top-level row, family by family.
std::span<const CommandSpec* const> AllCommands();

// The top-level row of that name in any case, or null. No allocation.
const CommandSpec* FindCommand(std::string_view name);
// The subcommand's row of that name in any case, or null.
const CommandSpec* FindSubcommand(const CommandSpec& container, std::string_view name);

struct ResolvedCommand {
  const CommandSpec* spec = nullptr;       // null: no such command
  const CommandSpec* container = nullptr;  // of which spec is a subcommand
};
// The row for a command as it was sent, subcommands resolved. Requires: argv not empty.
ResolvedCommand ResolveCommand(std::span<const std::string_view> argv);

// "get", "config|get".
std::string FullName(const ResolvedCommand& command);

// Error texts for the client, complete with "ERR ".
// Requires: ResolveCommand(argv).spec is null.
std::string UnknownCommandError(std::span<const std::string_view> argv);
std::string ArityError(const ResolvedCommand& command);

}  // namespace cairn
