#include "server/clients.h"

#include <algorithm>
#include <utility>

#include "server/executor.h"
#include "util/check.h"

namespace cairn {

Clients::Clients(const Parts& parts)
    : parts_(parts), read_buffer_(std::make_unique_for_overwrite<char[]>(kReadBufferBytes)) {}

Clients::~Clients() {
  CloseAll();
}

Connection& Clients::Add(std::unique_ptr<Transport> transport) {
  const uint64_t id = next_id_++;
  auto connection = std::make_unique<Connection>(*this, std::move(transport), id);
  Connection& added = *connection;
  connections_.emplace(id, std::move(connection));
  parts_.log.Verbose("Accepted {}", added.session().peer_address);
  added.Start();
  return added;
}

void Clients::Refuse(std::unique_ptr<Transport> transport, std::string_view error) {
  Add(std::move(transport)).Refuse(error);
}

void Clients::ForEach(const std::function<void(Connection&)>& visit) {
  for (auto at = connections_.begin(); at != connections_.end();) {
    Connection& connection = *at->second;
    ++at;  // closing takes it out
    visit(connection);
  }
}

Connection* Clients::Find(uint64_t id) {
  const auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : found->second.get();
}

void Clients::AddDirty(Connection& connection) {
  if (connection.dirty_ || connection.closed()) return;
  connection.dirty_ = true;
  dirty_.push_back(&connection);
}

void Clients::AddReady(Connection& connection) {
  if (connection.ready_ || connection.closed()) return;
  connection.ready_ = true;
  ready_.push_back(&connection);
}

void Clients::AddArrived(Connection& connection, size_t bytes) {
  DCHECK(!connection.arrived_);
  connection.arrived_ = true;
  arrived_.push_back({&connection, {read_buffer_.get() + arrived_bytes_, bytes}, 0});
  arrived_bytes_ += bytes;
  if (kReadBufferBytes - arrived_bytes_ < kLeastReadBytes) RunArrived();
}

void Clients::RunArrived() {
  for (size_t begin = 0; begin < arrived_.size();) {
    size_t end = begin;
    for (size_t left = Connection::kAnnounced; end < arrived_.size() && left > 0; ++end) {
      Arrived& arrived = arrived_[end];
      if (arrived.connection->closed()) continue;
      arrived.announced = arrived.connection->Announce(arrived.input, left);
      left -= arrived.announced;
    }
    parts_.executor.Prefetch();
    for (; begin < end; ++begin) {
      arrived_[begin].connection->RunArrived(arrived_[begin].input, arrived_[begin].announced);
    }
  }
  arrived_.clear();
  arrived_bytes_ = 0;
}

void Clients::RunReadyTurns() {
  // Who gets ready meanwhile has to wait for the next tick.
  being_visited_.swap(ready_);
  for (Connection* connection : being_visited_) {
    connection->ready_ = false;
    if (!connection->closed()) connection->TakeTurn();
  }
  being_visited_.clear();
}

void Clients::EndTick() {
  being_visited_.swap(dirty_);
  for (Connection* connection : being_visited_) {
    connection->dirty_ = false;
    connection->Flush();
  }
  being_visited_.clear();
  if (closed_.empty()) return;
  // The lists may still name them.
  const auto is_closed = [](const Connection* connection) { return connection->closed(); };
  std::erase_if(dirty_, is_closed);
  std::erase_if(ready_, is_closed);
  closed_.clear();
}

void Clients::OnTimer() {
  ForEach([](Connection& connection) { connection.OnTimer(); });
}

void Clients::CloseAll() {
  ForEach([](Connection& connection) { connection.Close(); });
  dirty_.clear();
  ready_.clear();
  closed_.clear();
}

void Clients::OnClosed(Connection& connection) {
  const auto found = connections_.find(connection.session().id);
  CHECK(found != connections_.end());
  parts_.log.Verbose("Client closed connection {}", connection.session().peer_address);
  closed_.push_back(std::move(found->second));
  connections_.erase(found);
}

void Clients::LogProtocolError(const Connection& connection, std::string_view error) {
  parts_.log.Verbose("Protocol error ({}) from client id={} addr={}", error,
                     connection.session().id, connection.session().peer_address);
}

void Clients::LogOverLimit(const Connection& connection, std::string_view which) {
  parts_.log.Warning("Client id={} addr={} closed: over its {} limit (in {} bytes, out {} bytes)",
                     connection.session().id, connection.session().peer_address, which,
                     connection.input_bytes(), connection.output_bytes());
}

void Clients::LogIdle(const Connection& connection) {
  parts_.log.Verbose("Closing idle client id={} addr={}", connection.session().id,
                     connection.session().peer_address);
}

void Clients::LogForeignRequest(const Connection& connection) {
  const uint64_t now = parts_.clock.tick_nanos();
  std::optional<uint64_t>& logged_at = foreign_request_logged_at_nanos_;
  if (logged_at.has_value() && now - *logged_at <= kForeignRequestLogNanos) return;
  logged_at = now;
  parts_.log.Warning(
      "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands "
      "to Cairn. This is likely due to an attacker attempting to use Cross Protocol Scripting to "
      "compromise your Cairn instance. Connection from {} aborted.",
      connection.session().peer_address);
}

}  // namespace cairn
