// AUTH and HELLO: who is there, and in which protocol.

#include <fmt/format.h>

#include <algorithm>

#include "commands/arguments.h"
#include "commands/connection_commands.h"

namespace cairn {

namespace {

constexpr std::string_view kDefaultUser = "default";
constexpr std::string_view kWrongPassword =
    "WRONGPASS invalid username-password pair or user is disabled.";

// Takes as long for a wrong password as for the right one, so that time tells nothing of it.
bool SamePassword(std::string_view given, std::string_view wanted) {
  unsigned difference = given.size() == wanted.size() ? 0 : 1;
  for (size_t i = 0; i < given.size(); ++i) {
    const char other = wanted.empty() ? '\0' : wanted[i % wanted.size()];
    difference |= static_cast<unsigned char>(given[i] ^ other);
  }
  return difference == 0;
}

// There is one user. Without a password set, any password is right.
bool Authenticate(CommandContext& c, std::string_view user, std::string_view password) {
  const std::string& wanted = c.server.password();
  if (user != kDefaultUser || (!wanted.empty() && !SamePassword(password, wanted))) {
    c.reply.Error(kWrongPassword);
    return false;
  }
  c.session.authenticated = true;
  c.session.user = kDefaultUser;
  return true;
}

// The protocol that HELLO asks for; 0: none.
std::optional<int> ReadProtocol(CommandContext& c) {
  if (c.argv.size() < 2) return 0;
  const std::optional<int64_t> version =
      ReadInteger(c, 1, "ERR Protocol version is not an integer or out of range");
  if (!version) return std::nullopt;
  if (*version < 2 || *version > 3) {
    c.reply.Error("NOPROTO unsupported protocol version");
    return std::nullopt;
  }
  return static_cast<int>(*version);
}

// Does what each option of HELLO says as it comes; what came before a wrong one stays done, as in
// Redis. False if one was wrong.
bool ApplyHelloOptions(CommandContext& c) {
  for (size_t i = 2; i < c.argv.size(); ++i) {
    const size_t more = c.argv.size() - 1 - i;
    if (Is(c.argv[i], "AUTH") && more >= 2) {
      if (!Authenticate(c, c.argv[i + 1], c.argv[i + 2])) return false;
      i += 2;
    } else if (Is(c.argv[i], "SETNAME") && more >= 1) {
      const std::string_view name = c.argv[++i];
      if (!IsClientName(name)) {
        c.reply.Error(kBadClientName);
        return false;
      }
      c.session.name = name;
    } else {
      c.reply.Error(fmt::format("ERR Syntax error in HELLO option '{}'",
                                c.argv[i].substr(0, c.argv[i].find('\0'))));
      return false;
    }
  }
  return true;
}

void ReplyHello(CommandContext& c) {
  c.reply.MapHeader(7);
  c.reply.Bulk("server");
  c.reply.Bulk("redis");  // the protocol's: clients look for it
  c.reply.Bulk("version");
  c.reply.Bulk(c.server.redis_version());
  c.reply.Bulk("proto");
  c.reply.Integer(c.session.protocol);
  c.reply.Bulk("id");
  c.reply.Integer(static_cast<int64_t>(c.session.id));
  c.reply.Bulk("mode");
  c.reply.Bulk("standalone");
  c.reply.Bulk("role");
  c.reply.Bulk("master");
  c.reply.Bulk("modules");
  c.reply.ArrayHeader(0);
}

}  // namespace

void AuthCommand(CommandContext& c) {
  if (c.argv.size() > 3) {
    c.reply.Error(kSyntaxError);
    return;
  }
  const bool names_user = c.argv.size() == 3;
  if (!names_user && c.server.password().empty()) {
    c.reply.Error(
        "ERR AUTH <password> called without any password configured for the default user. Are you "
        "sure your configuration is correct?");
    return;
  }
  const std::string_view user = names_user ? c.argv[1] : kDefaultUser;
  if (Authenticate(c, user, c.argv.back())) c.reply.Ok();
}

void HelloCommand(CommandContext& c) {
  const std::optional<int> protocol = ReadProtocol(c);
  if (!protocol || !ApplyHelloOptions(c)) return;
  if (!c.session.authenticated) {
    c.reply.Error(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
        "AUTH <user> <pass> option can be used to authenticate the client and select the RESP "
        "protocol version at the same time");
    return;
  }
  if (*protocol != 0) {
    c.session.protocol = *protocol;
    c.reply.set_protocol(*protocol);
  }
  ReplyHello(c);
}

}  // namespace cairn
