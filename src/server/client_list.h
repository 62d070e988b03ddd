#pragma once
// CLIENT LIST, INFO and KILL: connections as lines of text, in Redis's format.
//
// Thread: loop.

#include <string>

#include "commands/server_control.h"
#include "server/clients.h"

namespace cairn {

// Without a line end.
std::string ClientLine(const Connection& connection, uint64_t now_nanos, uint64_t now_ms);
bool MatchesFilter(const Connection& connection, const ClientFilter& filter);
std::string ListClients(Clients& clients, const ClientFilter& filter);
// Closes those that match; `self`, if it is one of them, after its reply. How many.
int KillClients(Clients& clients, const ClientFilter& filter, Session& self);

}  // namespace cairn
