// CLIENT LIST and CLIENT KILL: the connections of all clients.

#include <fmt/format.h>

#include <algorithm>

#include "commands/arguments.h"
#include "commands/connection_commands.h"

namespace cairn {

namespace {

std::string_view AsCString(std::string_view text) {
  return text.substr(0, text.find('\0'));
}

// The name of a type of clients in lower case; "slave" is an older word for "replica".
std::optional<std::string> ReadClientType(CommandContext& c, size_t argument) {
  constexpr std::string_view kTypes[] = {"normal", "replica", "slave", "pubsub", "master"};
  for (const std::string_view type : kTypes) {
    if (Is(c.argv[argument], type)) return std::string(type == "slave" ? "replica" : type);
  }
  c.reply.Error(fmt::format("ERR Unknown client type '{}'", AsCString(c.argv[argument])));
  return std::nullopt;
}

// One filter and its value into *filter. False: the error was answered.
bool ReadKillFilter(CommandContext& c, size_t argument, ClientFilter* filter) {
  const std::string_view name = c.argv[argument];
  const std::string_view value = c.argv[argument + 1];
  if (Is(name, "ID")) {
    constexpr std::string_view kBadId = "ERR client-id should be greater than 0";
    const std::optional<int64_t> id = ReadInteger(c, argument + 1, kBadId);
    if (!id) return false;
    if (*id < 1) {
      c.reply.Error(kBadId);
      return false;
    }
    filter->id = static_cast<uint64_t>(*id);
  } else if (Is(name, "TYPE")) {
    filter->type = ReadClientType(c, argument + 1);
    return filter->type.has_value();
  } else if (Is(name, "ADDR")) {
    filter->address = value;
  } else if (Is(name, "LADDR")) {
    filter->local_address = value;
  } else if (Is(name, "USER")) {
    if (value != "default") {
      c.reply.Error(fmt::format("ERR No such user '{}'", AsCString(value)));
      return false;
    }
    filter->user = value;
  } else if (Is(name, "SKIPME") && (Is(value, "YES") || Is(value, "NO"))) {
    filter->skip_me = Is(value, "YES");
  } else {
    c.reply.Error(kSyntaxError);
    return false;
  }
  return true;
}

}  // namespace

void ClientListCommand(CommandContext& c) {
  ClientFilter filter;
  filter.skip_me = false;
  if (c.argv.size() == 4 && Is(c.argv[2], "TYPE")) {
    filter.type = ReadClientType(c, 3);
    if (!filter.type) return;
  } else if (c.argv.size() > 3 && Is(c.argv[2], "ID")) {
    for (size_t i = 3; i < c.argv.size(); ++i) {
      const std::optional<int64_t> id = ReadInteger(c, i, "ERR Invalid client ID");
      if (!id) return;
      filter.ids.push_back(static_cast<uint64_t>(*id));
    }
  } else if (c.argv.size() != 2) {
    c.reply.Error(kSyntaxError);
    return;
  }
  c.reply.Verbatim("txt", c.server.ClientList(filter, c.session));
}

void ClientKillCommand(CommandContext& c) {
  ClientFilter filter;
  if (c.argv.size() == 3) {
    // The old form may name the connection that says it.
    filter.address = c.argv[2];
    filter.skip_me = false;
    if (c.server.ClientKill(filter, c.session) == 0) {
      c.reply.Error("ERR No such client");
    } else {
      c.reply.Ok();
    }
    return;
  }
  for (size_t i = 2; i < c.argv.size(); i += 2) {
    if (i + 1 == c.argv.size()) {
      c.reply.Error(kSyntaxError);
      return;
    }
    if (!ReadKillFilter(c, i, &filter)) return;
  }
  c.reply.Integer(c.server.ClientKill(filter, c.session));
}

}  // namespace cairn
