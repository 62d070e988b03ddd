// COMMAND, COMMAND COUNT, COMMAND INFO, COMMAND LIST.

#include <algorithm>

#include "commands/arguments.h"
#include "commands/command_commands.h"
#include "commands/command_names.h"
#include "commands/table.h"
#include "util/glob.h"

namespace cairn {

namespace {

// First key, last key and step as they were told before key specs: what the specs that are plain
// ranges cover together.
struct LegacyKeys {
  int first = 0, last = 0, step = 0;
};

LegacyKeys LegacyKeysOf(const CommandSpec& spec) {
  LegacyKeys keys;
  for (const KeySpec& key_spec : spec.key_specs) {
    if (key_spec.begin != KeySpec::Begin::kIndex || key_spec.find != KeySpec::Find::kRange)
      continue;
    const int last =
        key_spec.last_key >= 0 ? key_spec.begin_index + key_spec.last_key : key_spec.last_key;
    if (keys.step == 0) {
      keys = {key_spec.begin_index, last, key_spec.key_step};
    } else if (keys.last + 1 == key_spec.begin_index && keys.step == 1) {
      keys.last = last;
    }
  }
  return keys;
}

void WriteKeySpec(resp::Writer& reply, const KeySpec& spec) {
  reply.MapHeader(spec.notes.empty() ? 3 : 4);
  if (!spec.notes.empty()) {
    reply.Bulk("notes");
    reply.Bulk(spec.notes);
  }
  reply.Bulk("flags");
  WriteBitNames(reply, spec.access, kKeyAccessNames);
  reply.Bulk("begin_search");
  reply.MapHeader(2);
  reply.Bulk("type");
  switch (spec.begin) {
    case KeySpec::Begin::kIndex:
      reply.Bulk("index");
      reply.Bulk("spec");
      reply.MapHeader(1);
      reply.Bulk("index");
      reply.Integer(spec.begin_index);
      break;
    case KeySpec::Begin::kKeyword:
      reply.Bulk("keyword");
      reply.Bulk("spec");
      reply.MapHeader(2);
      reply.Bulk("keyword");
      reply.Bulk(spec.begin_keyword);
      reply.Bulk("startfrom");
      reply.Integer(spec.begin_index);
      break;
    case KeySpec::Begin::kUnknown:
      reply.Bulk("unknown");
      reply.Bulk("spec");
      reply.MapHeader(0);
      break;
  }
}

void WriteFindKeys(resp::Writer& reply, const KeySpec& spec) {
  reply.Bulk("find_keys");
  reply.MapHeader(2);
  reply.Bulk("type");
  switch (spec.find) {
    case KeySpec::Find::kRange:
      reply.Bulk("range");
      reply.Bulk("spec");
      reply.MapHeader(3);
      reply.Bulk("lastkey");
      reply.Integer(spec.last_key);
      reply.Bulk("keystep");
      reply.Integer(spec.key_step);
      reply.Bulk("limit");
      reply.Integer(spec.limit);
      break;
    case KeySpec::Find::kKeyNum:
      reply.Bulk("keynum");
      reply.Bulk("spec");
      reply.MapHeader(3);
      reply.Bulk("keynumidx");
      reply.Integer(spec.keynum_index);
      reply.Bulk("firstkey");
      reply.Integer(spec.first_key);
      reply.Bulk("keystep");
      reply.Integer(spec.key_step);
      break;
    case KeySpec::Find::kUnknown:
      reply.Bulk("unknown");
      reply.Bulk("spec");
      reply.MapHeader(0);
      break;
  }
}

void WriteInfo(resp::Writer& reply, const ResolvedCommand& command) {
  if (command.spec == nullptr) {
    reply.Null();
    return;
  }
  const CommandSpec& spec = *command.spec;
  const LegacyKeys keys = LegacyKeysOf(spec);
  reply.ArrayHeader(10);
  reply.Bulk(FullName(command));
  reply.Integer(spec.arity);
  WriteBitNames(reply, spec.flags, kCommandFlagNames);
  reply.Integer(keys.first);
  reply.Integer(keys.last);
  reply.Integer(keys.step);
  WriteBitNames(reply, spec.acl_categories, kAclCategoryNames, "@");
  reply.SetHeader(spec.tips.size());
  for (const std::string_view tip : spec.tips) reply.Bulk(tip);
  reply.SetHeader(spec.key_specs.size());
  for (const KeySpec& key_spec : spec.key_specs) {
    WriteKeySpec(reply, key_spec);
    WriteFindKeys(reply, key_spec);
  }
  // Redis's own oddity: a set if there are none.
  if (spec.subcommands.empty()) return reply.SetHeader(0);
  reply.ArrayHeader(spec.subcommands.size());
  for (const CommandSpec& subcommand : spec.subcommands) WriteInfo(reply, {&subcommand, &spec});
}

void WriteAllInfo(resp::Writer& reply) {
  reply.ArrayHeader(AllCommands().size());
  for (const CommandSpec* spec : AllCommands()) WriteInfo(reply, {spec, nullptr});
}

// FILTERBY: which commands COMMAND LIST names. Modules there are none.
enum class ListFilter : uint8_t { kNone, kModule, kAclCategory, kPattern };

bool Passes(const ResolvedCommand& command, ListFilter filter, std::string_view value) {
  switch (filter) {
    case ListFilter::kNone:
      return true;
    case ListFilter::kModule:
      return false;
    case ListFilter::kPattern:
      return GlobMatch(value, FullName(command), true);
    case ListFilter::kAclCategory:
      return std::ranges::any_of(kAclCategoryNames, [&](const BitName& category) {
        return (command.spec->acl_categories & category.bit) != 0 && Is(value, category.name);
      });
  }
  return false;
}

void WriteList(resp::Writer& reply, ListFilter filter, std::string_view value) {
  resp::DeferredArray names(reply);
  const auto add = [&](const ResolvedCommand& command) {
    if (!Passes(command, filter, value)) return;
    reply.Bulk(FullName(command));
    names.Add();
  };
  for (const CommandSpec* spec : AllCommands()) {
    add({spec, nullptr});
    for (const CommandSpec& subcommand : spec->subcommands) add({&subcommand, spec});
  }
  names.Close();
}

}  // namespace

void CommandCommand(CommandContext& c) {
  WriteAllInfo(c.reply);
}

void CommandCountCommand(CommandContext& c) {
  c.reply.Integer(static_cast<int64_t>(AllCommands().size()));
}

void CommandInfoCommand(CommandContext& c) {
  if (c.argv.size() == 2) {
    WriteAllInfo(c.reply);
    return;
  }
  c.reply.ArrayHeader(c.argv.size() - 2);
  for (const std::string_view name : c.argv.subspan(2)) WriteInfo(c.reply, FindByFullName(name));
}

void CommandListCommand(CommandContext& c) {
  if (c.argv.size() == 2) {
    WriteList(c.reply, ListFilter::kNone, {});
    return;
  }
  ListFilter filter = ListFilter::kNone;
  if (c.argv.size() == 5 && Is(c.argv[2], "FILTERBY")) {
    if (Is(c.argv[3], "MODULE")) filter = ListFilter::kModule;
    if (Is(c.argv[3], "ACLCAT")) filter = ListFilter::kAclCategory;
    if (Is(c.argv[3], "PATTERN")) filter = ListFilter::kPattern;
  }
  if (filter == ListFilter::kNone) {
    c.reply.Error(kSyntaxError);
    return;
  }
  WriteList(c.reply, filter, c.argv[4]);
}

}  // namespace cairn
