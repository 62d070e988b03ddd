// COMMAND GETKEYS, COMMAND GETKEYSANDFLAGS, COMMAND HELP.

#include "commands/arguments.h"
#include "commands/command_commands.h"
#include "commands/command_names.h"
#include "commands/key_extraction.h"
#include "commands/table.h"

namespace cairn {

namespace {

constexpr std::string_view kHelp[] = {
    "(no subcommand)",
    "    Describes every command.",
    "COUNT",
    "    Says how many commands there are.",
    "DOCS [<command> ...]",
    "    Shows the documentation of the commands, or of all.",
    "GETKEYS <whole-command>",
    "    Finds the keys in a command.",
    "GETKEYSANDFLAGS <whole-command>",
    "    Finds the keys in a command, and what is done to each.",
    "INFO [<command> ...]",
    "    Describes the commands, or all.",
    "LIST [FILTERBY (MODULE <name> | ACLCAT <category> | PATTERN <pattern>)]",
    "    Lists the names of commands.",
};

// The key arguments of the command that begins at argv[2], or the error was answered.
std::optional<std::vector<KeyArgument>> KeysOfArgument(CommandContext& c) {
  const auto argv = c.argv.subspan(2);
  const ResolvedCommand command = ResolveCommand(argv);
  if (command.spec == nullptr) {
    c.reply.Error("ERR Invalid command specified");
    return std::nullopt;
  }
  if (command.spec->key_specs.empty()) {
    c.reply.Error("ERR The command has no key arguments");
    return std::nullopt;
  }
  if (!command.spec->ArityFits(argv.size())) {
    c.reply.Error("ERR Invalid number of arguments specified for command");
    return std::nullopt;
  }
  std::vector<KeyArgument> keys;
  if (!ExtractKeys(*command.spec, argv, &keys) || keys.empty()) {
    c.reply.Error("ERR Invalid arguments specified for command");
    return std::nullopt;
  }
  return keys;
}

}  // namespace

void CommandGetkeysCommand(CommandContext& c) {
  const auto keys = KeysOfArgument(c);
  if (!keys) return;
  c.reply.ArrayHeader(keys->size());
  for (const KeyArgument& key : *keys) c.reply.Bulk(c.argv[key.index + 2]);
}

void CommandGetkeysandflagsCommand(CommandContext& c) {
  const auto keys = KeysOfArgument(c);
  if (!keys) return;
  c.reply.ArrayHeader(keys->size());
  for (const KeyArgument& key : *keys) {
    c.reply.ArrayHeader(2);
    c.reply.Bulk(c.argv[key.index + 2]);
    WriteBitNames(c.reply, key.access, kKeyAccessNames);
  }
}

void CommandHelpCommand(CommandContext& c) {
  ReplyHelp(c, "COMMAND", kHelp);
}

}  // namespace cairn
