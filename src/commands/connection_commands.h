#pragma once
// Handlers of the connection's own commands; their rows are in connection_rows.cc.

#include "commands/command.h"

namespace cairn {

// connection.cc
void EchoCommand(CommandContext& c);
void PingCommand(CommandContext& c);
void QuitCommand(CommandContext& c);
void ResetCommand(CommandContext& c);
void SelectCommand(CommandContext& c);

// auth.cc
void AuthCommand(CommandContext& c);
void HelloCommand(CommandContext& c);

// client.cc
void ClientGetnameCommand(CommandContext& c);
void ClientHelpCommand(CommandContext& c);
void ClientIdCommand(CommandContext& c);
void ClientInfoCommand(CommandContext& c);
void ClientNoEvictCommand(CommandContext& c);
void ClientNoTouchCommand(CommandContext& c);
void ClientReplyCommand(CommandContext& c);
void ClientSetinfoCommand(CommandContext& c);
void ClientSetnameCommand(CommandContext& c);

// client_pause.cc
void ClientPauseCommand(CommandContext& c);
void ClientUnblockCommand(CommandContext& c);
void ClientUnpauseCommand(CommandContext& c);

// client_list.cc
void ClientKillCommand(CommandContext& c);
void ClientListCommand(CommandContext& c);

// A name that CLIENT SETNAME and HELLO take: printable, no spaces.
bool IsClientName(std::string_view name);
constexpr std::string_view kBadClientName =
    "ERR Client names cannot contain spaces, newlines or special characters.";

}  // namespace cairn
