#include "server/client_list.h"

#include <fmt/format.h>
#include <algorithm>

#include "util/ascii.h"

namespace cairn {
namespace {

// Every client is a normal one until there are replicas and subscribers.
bool IsType(std::string_view type) {
  return EqualsIgnoreCase(type, "normal");
}

std::string Flags(const Connection& connection) {
  std::string flags;
  if (connection.is_blocked()) flags += 'b';
  if (connection.session().close_after_reply) flags += 'c';
  if (connection.session().unix_socket) flags += 'U';
  if (connection.session().no_evict) flags += 'e';
  if (connection.session().no_touch) flags += 'T';
  return flags.empty() ? "N" : flags;
}

}  // namespace

std::string ClientLine(const Connection& connection, uint64_t now_nanos, uint64_t now_ms) {
  const Session& session = connection.session();
  const uint64_t age = (now_ms - std::min(now_ms, session.created_at_ms)) / 1000;
  const uint64_t idle =
      (now_nanos - std::min(now_nanos, connection.idle_since_nanos())) / 1000000000;
  const size_t output = connection.output_bytes();
  const std::string command =
      connection.last_command == nullptr ? "NULL" : *connection.last_command;
  return fmt::format(
      "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={} sub=0 psub=0 ssub=0 "
      "multi=-1 qbuf={} qbuf-free=0 argv-mem={} multi-mem=0 rbs={} rbp={} obl={} oll=0 omem={} "
      "tot-mem={} events={} cmd={} user={} redir=-1 resp={}",
      session.id, session.peer_address, session.local_address, session.fd, session.name, age, idle,
      Flags(connection), session.db, connection.input_bytes(), connection.parked_bytes(),
      connection.queue.buffer().capacity(), connection.queue.buffer().capacity(), output, output,
      connection.memory_bytes(), output > 0 ? "rw" : "r", command, session.user, session.protocol);
}

bool MatchesFilter(const Connection& connection, const ClientFilter& filter) {
  const Session& session = connection.session();
  if (filter.id && *filter.id != session.id) return false;
  if (!filter.ids.empty() && std::ranges::find(filter.ids, session.id) == filter.ids.end()) {
    return false;
  }
  if (filter.address && *filter.address != session.peer_address) return false;
  if (filter.local_address && *filter.local_address != session.local_address) return false;
  if (filter.user && *filter.user != session.user) return false;
  return !filter.type || IsType(*filter.type);
}

std::string ListClients(Clients& clients, const ClientFilter& filter) {
  const uint64_t now_nanos = clients.clock().Nanos();
  const uint64_t now_ms = clients.clock().WallMsAt(now_nanos);
  std::string list;
  clients.ForEach([&](Connection& connection) {
    if (!MatchesFilter(connection, filter)) return;
    list += ClientLine(connection, now_nanos, now_ms) + '\n';
  });
  return list;
}

int KillClients(Clients& clients, const ClientFilter& filter, Session& self) {
  int killed = 0;
  clients.ForEach([&](Connection& connection) {
    if (!MatchesFilter(connection, filter)) return;
    const bool is_self = connection.session().id == self.id;
    if (is_self && filter.skip_me) return;
    ++killed;
    if (is_self) {
      self.close_after_reply = true;
    } else {
      connection.Close();
    }
  });
  return killed;
}

}  // namespace cairn
