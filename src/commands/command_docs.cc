// COMMAND DOCS: what redis-cli's help and hints are made from.

#include "commands/command_commands.h"
#include "commands/command_names.h"
#include "commands/table.h"

namespace cairn {

namespace {

std::string_view ArgTypeName(CommandArg::Type type) {
  switch (type) {
    case CommandArg::Type::kString:
      return "string";
    case CommandArg::Type::kInteger:
      return "integer";
    case CommandArg::Type::kDouble:
      return "double";
    case CommandArg::Type::kKey:
      return "key";
    case CommandArg::Type::kPattern:
      return "pattern";
    case CommandArg::Type::kUnixTime:
      return "unix-time";
    case CommandArg::Type::kPureToken:
      return "pure-token";
    case CommandArg::Type::kOneOf:
      return "oneof";
    case CommandArg::Type::kBlock:
      return "block";
  }
  return "unknown";
}

constexpr BitName kArgFlagNames[] = {
    {CommandArg::kOptional, "optional"},
    {CommandArg::kMultiple, "multiple"},
    {CommandArg::kMultipleToken, "multiple_token"},
};

constexpr BitName kDocFlagNames[] = {
    {1, "deprecated"},
    {2, "syscmd"},
};

// Texts that are there, as pairs of a map.
void WriteText(resp::Writer& reply, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  reply.Bulk(name);
  reply.Bulk(text);
}
size_t Count(std::initializer_list<bool> there) {
  size_t count = 0;
  for (const bool one : there) count += one ? 1 : 0;
  return count;
}

void WriteArgs(resp::Writer& reply, std::span<const CommandArg> args) {
  reply.ArrayHeader(args.size());
  for (const CommandArg& arg : args) {
    reply.MapHeader(Count({true, true, arg.key_spec_index >= 0, !arg.token.empty(),
                           !arg.summary.empty(), !arg.since.empty(), !arg.deprecated_since.empty(),
                           arg.flags != 0, !arg.args.empty()}));
    WriteText(reply, "name", arg.name);
    WriteText(reply, "type", ArgTypeName(arg.type));
    if (arg.key_spec_index >= 0) {
      reply.Bulk("key_spec_index");
      reply.Integer(arg.key_spec_index);
    }
    WriteText(reply, "token", arg.token);
    WriteText(reply, "summary", arg.summary);
    WriteText(reply, "since", arg.since);
    WriteText(reply, "deprecated_since", arg.deprecated_since);
    if (arg.flags != 0) {
      reply.Bulk("flags");
      WriteBitNames(reply, arg.flags, kArgFlagNames);
    }
    if (!arg.args.empty()) {
      reply.Bulk("arguments");
      WriteArgs(reply, arg.args);
    }
  }
}

void WriteHistory(resp::Writer& reply, std::span<const CommandHistory> history) {
  if (history.empty()) return;
  reply.Bulk("history");
  reply.SetHeader(history.size());
  for (const CommandHistory& entry : history) {
    reply.ArrayHeader(2);
    reply.Bulk(entry.since);
    reply.Bulk(entry.change);
  }
}

void WriteDocs(resp::Writer& reply, const ResolvedCommand& command) {
  const CommandSpec& spec = *command.spec;
  const uint32_t doc_flags =
      (spec.deprecated_since.empty() ? 0u : 1u) | (spec.Has(CommandFlag::kSystemCommand) ? 2u : 0u);
  reply.Bulk(FullName(command));
  reply.MapHeader(Count({true, true, true, true, doc_flags != 0, !spec.deprecated_since.empty(),
                         !spec.replaced_by.empty(), !spec.history.empty(), !spec.args.empty(),
                         !spec.subcommands.empty()}));
  WriteText(reply, "summary", spec.summary);
  WriteText(reply, "since", spec.since);
  WriteText(reply, "group", spec.group);
  WriteText(reply, "complexity", spec.complexity);
  if (doc_flags != 0) {
    reply.Bulk("doc_flags");
    WriteBitNames(reply, doc_flags, kDocFlagNames);
  }
  WriteText(reply, "deprecated_since", spec.deprecated_since);
  WriteText(reply, "replaced_by", spec.replaced_by);
  WriteHistory(reply, spec.history);
  if (!spec.args.empty()) {
    reply.Bulk("arguments");
    WriteArgs(reply, spec.args);
  }
  if (!spec.subcommands.empty()) {
    reply.Bulk("subcommands");
    reply.MapHeader(spec.subcommands.size());
    for (const CommandSpec& subcommand : spec.subcommands) WriteDocs(reply, {&subcommand, &spec});
  }
}

}  // namespace

void CommandDocsCommand(CommandContext& c) {
  std::vector<ResolvedCommand> commands;
  if (c.argv.size() == 2) {
    for (const CommandSpec* spec : AllCommands()) commands.push_back({spec, nullptr});
  } else {
    for (const std::string_view name : c.argv.subspan(2)) {
      const ResolvedCommand command = FindByFullName(name);
      if (command.spec != nullptr) commands.push_back(command);
    }
  }
  c.reply.MapHeader(commands.size());
  for (const ResolvedCommand& command : commands) WriteDocs(c.reply, command);
}

}  // namespace cairn
