#include "server/uv_listener.h"

#include <netinet/in.h>
#include <sys/stat.h>

#include <fmt/format.h>
#include <utility>

#include "server/loop.h"
#include "util/check.h"

namespace cairn {
namespace {

Status UvError(std::string_view what, int code) {
  const std::string text = fmt::format("{}: {}", what, uv_strerror(code));
  // The caller lets an optional address go that this machine does not have.
  if (code == UV_EADDRNOTAVAIL || code == UV_EAFNOSUPPORT) return Status::NotFound(text);
  return Status::IoError(text);
}

Result<sockaddr_storage> ParseAddress(const std::string& address, int port) {
  sockaddr_storage storage{};
  auto* in4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* in6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (address == "*" && uv_ip4_addr("0.0.0.0", port, in4) == 0) return storage;
  if (address == "::*" && uv_ip6_addr("::", port, in6) == 0) return storage;
  if (uv_ip4_addr(address.c_str(), port, in4) == 0) return storage;
  if (uv_ip6_addr(address.c_str(), port, in6) == 0) return storage;
  return Status::InvalidArgument(fmt::format("bind {}: not an IPv4 or IPv6 address", address));
}

// The mask makes the socket with its permissions: a chmod later would leave a moment without them.
int BindWithPermissions(uv_pipe_t* pipe, const std::string& path, unsigned permissions) {
  if (permissions == 0) return uv_pipe_bind(pipe, path.c_str());
  const mode_t before = ::umask(~permissions & 0777);
  const int code = uv_pipe_bind(pipe, path.c_str());
  ::umask(before);
  return code;
}

}  // namespace

Result<std::unique_ptr<UvListener>> UvListener::Tcp(uv_loop_t* loop, const std::string& address,
                                                    int port, Setup setup) {
  auto listener =
      std::make_unique<UvListener>(Passkey(), UvTransport::Kind::kTcp, std::move(setup));
  const Status bound = listener->Bind(loop, address, port);
  return Finish(std::move(listener), bound);
}

Status UvListener::Bind(uv_loop_t* loop, const std::string& address, int port) {
  ASSIGN_OR_RETURN(const sockaddr_storage storage, ParseAddress(address, port));
  const std::string what = fmt::format("listening on {}:{}", address, port);
  if (const int code = uv_tcp_init(loop, &handle_.tcp); code != 0) return UvError(what, code);
  initialized_ = true;
  const unsigned flags = storage.ss_family == AF_INET6 ? UV_TCP_IPV6ONLY : 0;
  const auto* generic = reinterpret_cast<const sockaddr*>(&storage);
  const int code = uv_tcp_bind(&handle_.tcp, generic, flags);
  if (code != 0) return UvError(what, code);
  return Listen().Annotate(what);
}

Result<std::unique_ptr<UvListener>> UvListener::Unix(uv_loop_t* loop, const std::string& path,
                                                     unsigned permissions, Setup setup) {
  auto listener =
      std::make_unique<UvListener>(Passkey(), UvTransport::Kind::kUnix, std::move(setup));
  const std::string what = fmt::format("listening on {}", path);
  listener->path_ = path;
  int code = uv_pipe_init(loop, &listener->handle_.pipe, 0);
  if (code != 0) return UvError(what, code);
  listener->initialized_ = true;
  code = BindWithPermissions(&listener->handle_.pipe, path, permissions);
  Status status = code == 0 ? listener->Listen().Annotate(what) : UvError(what, code);
  // libuv does not tell the two apart.
  if (code == UV_EACCES) status = Status::IoError(what + ": no such directory, or not permitted");
  return Finish(std::move(listener), status);
}

Result<std::unique_ptr<UvListener>> UvListener::Finish(std::unique_ptr<UvListener> listener,
                                                       const Status& status) {
  if (status.ok()) return listener;
  if (listener->initialized_) Close(std::move(listener));
  return status;
}

Status UvListener::Listen() {
  stream()->data = this;
  const auto ready = [](uv_stream_t* stream, int status) {
    Loop::NoteEvent(stream->loop);
    auto& self = *static_cast<UvListener*>(stream->data);
    if (status != 0) return self.setup_.on_error(UvError("accept", status));
    if (self.accepted_ >= kAcceptsPerTick) {
      // Not taken: libuv stops listening until it is.
      self.deferred_ = true;
      return;
    }
    self.AcceptOne();
  };
  const int code = uv_listen(stream(), setup_.backlog, ready);
  return code == 0 ? Status::Ok() : UvError("listen", code);
}

void UvListener::AcceptOne() {
  ++accepted_;
  auto transport = UvTransport::Accept(stream(), kind_, path_, setup_.keepalive_seconds());
  if (!transport.ok()) return setup_.on_error(transport.status());
  setup_.on_connection(std::move(transport).value());
}

void UvListener::NextTick() {
  accepted_ = 0;
  if (!std::exchange(deferred_, false)) return;
  AcceptOne();
}

int UvListener::port() const {
  sockaddr_storage storage{};
  int length = sizeof(storage);
  if (kind_ != UvTransport::Kind::kTcp) return 0;
  if (uv_tcp_getsockname(&handle_.tcp, reinterpret_cast<sockaddr*>(&storage), &length) != 0) {
    return 0;
  }
  // The port lies at the same place in both families.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
}

UvListener::~UvListener() {
  CHECK(!initialized_ || uv_is_closing(reinterpret_cast<const uv_handle_t*>(&handle_)));
}

void UvListener::Close(std::unique_ptr<UvListener> self) {
  UvListener& listener = *self;
  listener.stream()->data = &listener;
  listener.self_ = std::move(self);
  uv_close(reinterpret_cast<uv_handle_t*>(&listener.handle_), [](uv_handle_t* handle) {
    const std::unique_ptr<UvListener> last =
        std::move(static_cast<UvListener*>(handle->data)->self_);
  });
}

}  // namespace cairn
