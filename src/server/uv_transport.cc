#include "server/uv_transport.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "server/loop.h"
#include "util/check.h"

namespace cairn {
namespace {

Status UvError(std::string_view what, int code) {
  return Status::IoError(fmt::format("{}: {}", what, uv_strerror(code)));
}

struct Address {
  std::string name = "?:0";
  bool loopback = false;
};

Address Describe(const sockaddr_storage& storage) {
  char text[INET6_ADDRSTRLEN + 1] = {};
  Address address;
  if (storage.ss_family == AF_INET) {
    const auto* in = reinterpret_cast<const sockaddr_in*>(&storage);
    uv_ip4_name(in, text, sizeof(text));
    address.name = fmt::format("{}:{}", text, ntohs(in->sin_port));
    address.loopback = ntohl(in->sin_addr.s_addr) >> 24 == 127;
  } else if (storage.ss_family == AF_INET6) {
    const auto* in = reinterpret_cast<const sockaddr_in6*>(&storage);
    uv_ip6_name(in, text, sizeof(text));
    address.name = fmt::format("[{}]:{}", text, ntohs(in->sin6_port));
    address.loopback = IN6_IS_ADDR_LOOPBACK(&in->sin6_addr);
  }
  return address;
}

// As Redis: the first probe after `seconds`, the others a third of that apart, three of them.
void SetKeepalive(int fd, int seconds) {
  const int on = 1;
  const int interval = std::max(1, seconds / 3);
  const int count = 3;
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof(seconds));
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}

}  // namespace

Result<std::unique_ptr<UvTransport>> UvTransport::Accept(uv_stream_t* listener, Kind kind,
                                                         const std::string& unix_path,
                                                         int keepalive_seconds) {
  auto transport = std::make_unique<UvTransport>(Passkey(), kind);
  const Status opened = transport->Open(listener);
  if (!opened.ok()) {
    UvTransport& failed = *transport;
    if (failed.initialized_) failed.Close(std::move(transport));
    return opened;
  }
  transport->Configure(keepalive_seconds, unix_path);
  return transport;
}

Status UvTransport::Open(uv_stream_t* listener) {
  const int initialized = kind_ == Kind::kTcp ? uv_tcp_init(listener->loop, &handle_.tcp)
                                              : uv_pipe_init(listener->loop, &handle_.pipe, 0);
  if (initialized != 0) return UvError("socket", initialized);
  initialized_ = true;
  stream()->data = this;
  if (const int code = uv_accept(listener, stream()); code != 0) return UvError("accept", code);
  return Status::Ok();
}

void UvTransport::Configure(int keepalive_seconds, const std::string& unix_path) {
  if (kind_ == Kind::kUnix) {
    peer_name_ = local_name_ = unix_path + ":0";
    is_local_ = true;
    return;
  }
  uv_tcp_nodelay(&handle_.tcp, 1);
  if (keepalive_seconds > 0) SetKeepalive(fd(), keepalive_seconds);
  sockaddr_storage storage{};
  int length = sizeof(storage);
  if (uv_tcp_getpeername(&handle_.tcp, reinterpret_cast<sockaddr*>(&storage), &length) == 0) {
    const Address peer = Describe(storage);
    peer_name_ = peer.name;
    is_local_ = peer.loopback;
  }
  length = sizeof(storage);
  if (uv_tcp_getsockname(&handle_.tcp, reinterpret_cast<sockaddr*>(&storage), &length) == 0) {
    local_name_ = Describe(storage).name;
  }
}

UvTransport::~UvTransport() {
  CHECK(!initialized_ || uv_is_closing(handle()));
}

int UvTransport::fd() const {
  uv_os_fd_t fd = -1;
  return uv_fileno(handle(), &fd) == 0 ? fd : -1;
}

void UvTransport::StartReading(TransportEvents& events) {
  events_ = &events;
  const auto allocate = [](uv_handle_t* handle, size_t, uv_buf_t* buffer) {
    Loop::NoteEvent(handle->loop);
    auto& self = *static_cast<UvTransport*>(handle->data);
    const std::span<char> target = self.events_->ReadTarget();
    buffer->base = target.data();
    buffer->len = target.size();
  };
  const int code = uv_read_start(stream(), allocate, OnUvRead);
  DCHECK(code == 0 || code == UV_EALREADY);
  static_cast<void>(code);
}

void UvTransport::OnUvRead(uv_stream_t* stream, ssize_t count, const uv_buf_t*) {
  auto& self = *static_cast<UvTransport*>(stream->data);
  // Nothing there (EAGAIN), or no place for it now (UV_ENOBUFS): the next poll says so again.
  if (count == 0 || count == UV_ENOBUFS || self.events_ == nullptr) return;
  if (count > 0) return self.events_->OnRead(static_cast<size_t>(count));
  uv_read_stop(stream);
  self.events_->OnEnd(count == UV_EOF ? "" : uv_strerror(static_cast<int>(count)));
}

void UvTransport::StopReading() {
  uv_read_stop(stream());
}

std::optional<size_t> UvTransport::TryWrite(std::string_view bytes) {
  DCHECK(queued_.empty());
  // libuv takes a char* that it only reads from.
  uv_buf_t buffer = uv_buf_init(const_cast<char*>(bytes.data()),
                                static_cast<unsigned>(std::min(bytes.size(), size_t{1} << 30)));
  const int written = uv_try_write(stream(), &buffer, 1);
  if (written == UV_EAGAIN) return 0;
  if (written < 0) return std::nullopt;
  return static_cast<size_t>(written);
}

void UvTransport::Write(resp::OutputBuffer bytes) {
  DCHECK(queued_.empty());
  queued_ = std::move(bytes);
  // uv_buf_t counts in size_t on Unix, whatever uv_buf_init takes.
  uv_buf_t buffer{const_cast<char*>(queued_.data()), queued_.size()};
  write_.data = this;
  const auto done = [](uv_write_t* request, int status) {
    Loop::NoteEvent(request->handle->loop);
    auto& self = *static_cast<UvTransport*>(request->data);
    self.queued_ = {};
    if (self.events_ == nullptr) return;
    status == 0 ? self.events_->OnWritten() : self.events_->OnEnd(uv_strerror(status));
  };
  const int code = uv_write(&write_, stream(), &buffer, 1, done);
  if (code == 0) return;
  queued_ = {};
  if (events_ != nullptr) events_->OnEnd(uv_strerror(code));
}

void UvTransport::Close(std::unique_ptr<Transport> self) {
  CHECK(self.get() == this);
  events_ = nullptr;
  self_ = std::move(self);
  uv_close(reinterpret_cast<uv_handle_t*>(&handle_), [](uv_handle_t* handle) {
    const std::unique_ptr<Transport> last =
        std::move(static_cast<UvTransport*>(handle->data)->self_);
  });
}

}  // namespace cairn
