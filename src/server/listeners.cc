#include "server/listeners.h"

#include <sys/un.h>

#include <fmt/format.h>
#include <string>
#include <utility>

#include "util/check.h"

namespace cairn {
namespace {

// Longer ones would be cut by the system without a word.
Status CheckSocketPath(const std::string& path) {
  constexpr size_t kRoom = sizeof(sockaddr_un::sun_path);
  if (path.size() < kRoom) return {};
  return Status::InvalidArgument(
      fmt::format("unix socket path too long ({}), must be under {}", path.size(), kRoom));
}

}  // namespace

UvListener::Setup Listeners::MakeSetup(const Config& config) {
  return {
      .backlog = static_cast<int>(config.tcp_backlog),
      .keepalive_seconds = [&config] { return static_cast<int>(config.tcp_keepalive_seconds); },
      .on_connection =
          [this](std::unique_ptr<UvTransport> transport) { on_connection_(std::move(transport)); },
      .on_error =
          [this](const Status& status) {
            log_.Warning("Accepting client connection: {}", status.message());
          }};
}

Status Listeners::Open(const Config& config) {
  if (config.port != 0) RETURN_IF_ERROR(OpenTcp(config));
  if (!config.unixsocket.empty()) RETURN_IF_ERROR(OpenUnix(config));
  if (listeners_.empty()) return Status::InvalidArgument("Configured to not listen anywhere");
  return Status::Ok();
}

Status Listeners::OpenTcp(const Config& config) {
  const int port = config.port == kAnyPort ? 0 : static_cast<int>(config.port);
  for (std::string address : config.bind) {
    const bool optional = address.starts_with('-');
    if (optional) address.erase(0, 1);
    auto listener = UvListener::Tcp(loop_, address, port, MakeSetup(config));
    if (listener.ok()) {
      listeners_.push_back(std::move(listener).value());
      continue;
    }
    if (optional && listener.status().code() == StatusCode::kNotFound) continue;
    return listener.status();
  }
  return Status::Ok();
}

Status Listeners::OpenUnix(const Config& config) {
  RETURN_IF_ERROR(CheckSocketPath(config.unixsocket).Annotate(config.unixsocket));
  // As Redis: what lies there is taken for what a killed server left.
  Status removed = env_.Remove(config.unixsocket);
  if (!removed.ok() && removed.code() != StatusCode::kNotFound) return removed;
  auto listener = UvListener::Unix(loop_, config.unixsocket,
                                   static_cast<unsigned>(config.unixsocketperm), MakeSetup(config));
  if (!listener.ok()) return listener.status();
  listeners_.push_back(std::move(listener).value());
  return Status::Ok();
}

void Listeners::NextTick() {
  for (const auto& listener : listeners_) listener->NextTick();
}

void Listeners::Close() {
  for (auto& listener : listeners_) UvListener::Close(std::move(listener));
  listeners_.clear();
}

int Listeners::port() const {
  return listeners_.empty() ? 0 : listeners_.front()->port();
}

}  // namespace cairn
