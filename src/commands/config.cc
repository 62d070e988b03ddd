// CONFIG: the configuration in force.

#include "commands/arguments.h"
#include "commands/server_commands.h"

namespace cairn {

namespace {

constexpr std::string_view kHelp[] = {
    "GET <pattern> [<pattern> ...]",
    "    Shows the options that match, with their values.",
    "SET <option> <value> [<option> <value> ...]",
    "    Changes options, all or none.",
    "REWRITE",
    "    Writes what is in force to the configuration file.",
    "RESETSTAT",
    "    Sets the counters of INFO back.",
};

void ReplyOkOr(CommandContext& c, const std::optional<std::string>& error) {
  if (error) {
    c.reply.Error(*error);
  } else {
    c.reply.Ok();
  }
}

}  // namespace

void ConfigGetCommand(CommandContext& c) {
  const auto options = c.server.ConfigGet(c.argv.subspan(2));
  c.reply.MapHeader(options.size());
  for (const auto& [name, value] : options) {
    c.reply.Bulk(name);
    c.reply.Bulk(value);
  }
}

void ConfigSetCommand(CommandContext& c) {
  if (c.argv.size() % 2 != 0) {
    c.reply.Error(kSyntaxError);
    return;
  }
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  for (size_t i = 2; i < c.argv.size(); i += 2) pairs.emplace_back(c.argv[i], c.argv[i + 1]);
  ReplyOkOr(c, c.server.ConfigSet(pairs));
}

void ConfigRewriteCommand(CommandContext& c) {
  ReplyOkOr(c, c.server.ConfigRewrite());
}

void ConfigResetstatCommand(CommandContext& c) {
  c.server.ResetStatistics();
  c.reply.Ok();
}

void ConfigHelpCommand(CommandContext& c) {
  ReplyHelp(c, "CONFIG", kHelp);
}

}  // namespace cairn
