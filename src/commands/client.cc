// CLIENT: this connection.

#include <fmt/format.h>

#include <algorithm>

#include "commands/arguments.h"
#include "commands/connection_commands.h"

namespace cairn {

namespace {

constexpr std::string_view kHelp[] = {
    "GETNAME",
    "    Says this connection's name.",
    "ID",
    "    Says this connection's number.",
    "INFO",
    "    Describes this connection.",
    "KILL <ip:port>",
    "    Closes the connection from that address.",
    "KILL <filter> <value> [<filter> <value> ...]",
    "    Closes every connection that all filters choose:",
    "    ID, TYPE (NORMAL|MASTER|REPLICA|PUBSUB), USER, ADDR, LADDR, SKIPME (YES|NO).",
    "LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB) | ID <id> [<id> ...]]",
    "    Describes the connections.",
    "NO-EVICT (ON|OFF)",
    "    Keeps this connection when memory for clients is short.",
    "NO-TOUCH (ON|OFF)",
    "    Keeps this connection's commands from counting as use of keys.",
    "PAUSE <timeout> [WRITE|ALL]",
    "    Holds back all commands, or only those that write, for so many milliseconds.",
    "REPLY (ON|OFF|SKIP)",
    "    Turns this connection's replies on, off, or off for one command.",
    "SETINFO (LIB-NAME|LIB-VER) <value>",
    "    Notes which client library this is.",
    "SETNAME <name>",
    "    Names this connection.",
    "UNBLOCK <client-id> [TIMEOUT|ERROR]",
    "    Ends the wait of that connection's command, as if its time were over or with an error.",
    "UNPAUSE",
    "    Ends a pause.",
};

// ON or OFF into *to, and +OK.
void Switch(CommandContext& c, bool* to) {
  const bool on = Is(c.argv[2], "ON");
  if (!on && !Is(c.argv[2], "OFF")) {
    c.reply.Error(kSyntaxError);
    return;
  }
  *to = on;
  c.reply.Ok();
}

}  // namespace

bool IsClientName(std::string_view name) {
  return std::ranges::all_of(name, [](char byte) { return IsPrintable(byte) && byte != ' '; });
}

void ClientGetnameCommand(CommandContext& c) {
  if (c.session.name.empty()) {
    c.reply.Null();
  } else {
    c.reply.Bulk(c.session.name);
  }
}

void ClientHelpCommand(CommandContext& c) {
  ReplyHelp(c, "CLIENT", kHelp);
}

void ClientIdCommand(CommandContext& c) {
  c.reply.Integer(static_cast<int64_t>(c.session.id));
}

void ClientInfoCommand(CommandContext& c) {
  c.reply.Verbatim("txt", c.server.ClientInfo(c.session));
}

void ClientNoEvictCommand(CommandContext& c) {
  Switch(c, &c.session.no_evict);
}

void ClientNoTouchCommand(CommandContext& c) {
  Switch(c, &c.session.no_touch);
}

void ClientReplyCommand(CommandContext& c) {
  if (Is(c.argv[2], "ON")) {
    c.session.reply_mode = ReplyMode::kOn;
    c.session.skip_this_reply = false;
    c.reply.Ok();
  } else if (Is(c.argv[2], "OFF")) {
    c.session.reply_mode = ReplyMode::kOff;
  } else if (Is(c.argv[2], "SKIP")) {
    if (c.session.reply_mode != ReplyMode::kOff) c.session.reply_mode = ReplyMode::kSkipNext;
  } else {
    c.reply.Error(kSyntaxError);
  }
}

void ClientSetinfoCommand(CommandContext& c) {
  std::string* to = nullptr;
  if (Is(c.argv[2], "LIB-NAME")) to = &c.session.library_name;
  if (Is(c.argv[2], "LIB-VER")) to = &c.session.library_version;
  const std::string_view attribute = c.argv[2].substr(0, c.argv[2].find('\0'));
  if (to == nullptr) {
    c.reply.Error(fmt::format("ERR Unrecognized option '{}'", attribute));
  } else if (!IsClientName(c.argv[3])) {
    c.reply.Error(
        fmt::format("ERR {} cannot contain spaces, newlines or special characters.", attribute));
  } else {
    *to = c.argv[3];
    c.reply.Ok();
  }
}

void ClientSetnameCommand(CommandContext& c) {
  if (!IsClientName(c.argv[2])) {
    c.reply.Error(kBadClientName);
    return;
  }
  c.session.name = c.argv[2];
  c.reply.Ok();
}

}  // namespace cairn
