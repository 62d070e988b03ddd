#include "support/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

namespace cairn::test {
namespace {

Status FromErrno(std::string_view what) {
  return Status::IoError(fmt::format("{}: {}", what, std::strerror(errno)));
}

template <typename Arguments>
std::string Encode(const Arguments& arguments) {
  std::string bytes = fmt::format("*{}\r\n", arguments.size());
  for (const std::string_view argument : arguments) {
    bytes += fmt::format("${}\r\n", argument.size());
    bytes += argument;
    bytes += "\r\n";
  }
  return bytes;
}

}  // namespace

std::string EncodeCommand(std::span<const std::string> arguments) {
  return Encode(arguments);
}
std::string EncodeCommand(std::initializer_list<std::string_view> arguments) {
  return Encode(arguments);
}

Result<std::unique_ptr<RawClient>> RawClient::ConnectTo(const sockaddr* address,
                                                        size_t address_bytes, int family) {
  const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return FromErrno("socket");
  std::unique_ptr<RawClient> client(new RawClient(fd));
  if (::connect(fd, address, static_cast<socklen_t>(address_bytes)) != 0) {
    return FromErrno("connect");
  }
  return client;
}

Result<std::unique_ptr<RawClient>> RawClient::Connect(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  ASSIGN_OR_RETURN(auto client,
                   ConnectTo(reinterpret_cast<sockaddr*>(&address), sizeof(address), AF_INET));
  // Pieces that a test sends one by one must go out one by one.
  const int on = 1;
  ::setsockopt(client->fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return client;
}

Result<std::unique_ptr<RawClient>> RawClient::ConnectUnix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return Status::InvalidArgument(path);
  path.copy(address.sun_path, path.size());
  return ConnectTo(reinterpret_cast<sockaddr*>(&address), sizeof(address), AF_UNIX);
}

RawClient::~RawClient() {
  ::close(fd_);
}

Status RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return FromErrno("send");
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return {};
}

Status RawClient::Receive(int timeout_ms, bool* at_end) {
  if (returned_bytes_ == buffer_.size()) {
    buffer_.clear();
    returned_bytes_ = 0;
  }
  pollfd poll_fd{fd_, POLLIN, 0};
  const int ready = ::poll(&poll_fd, 1, timeout_ms);
  if (ready == 0) return Status::Busy(fmt::format("no reply within {} ms", timeout_ms));
  char bytes[65536];
  const ssize_t received = ::recv(fd_, bytes, sizeof(bytes), 0);
  if (received < 0) return FromErrno("recv");
  buffer_.append(bytes, static_cast<size_t>(received));
  *at_end = received == 0;
  return {};
}

Result<std::string> RawClient::ReadReply(int timeout_ms) {
  ReplyScanner scanner;
  for (;;) {
    ASSIGN_OR_RETURN(const bool whole,
                     scanner.Scan(std::string_view(buffer_).substr(returned_bytes_)));
    if (whole) break;
    bool at_end = false;
    RETURN_IF_ERROR(Receive(timeout_ms, &at_end));
    if (at_end) return Status::IoError("the server closed the connection");
  }
  const size_t begin = std::exchange(returned_bytes_, returned_bytes_ + scanner.size());
  return buffer_.substr(begin, scanner.size());
}

Result<std::string> RawClient::Call(std::initializer_list<std::string_view> arguments) {
  RETURN_IF_ERROR(Send(EncodeCommand(arguments)));
  return ReadReply();
}

Result<std::string> RawClient::Call(std::span<const std::string> arguments) {
  RETURN_IF_ERROR(Send(EncodeCommand(arguments)));
  return ReadReply();
}

Result<std::string> RawClient::SendAndReadToEnd(std::string_view bytes) {
  RETURN_IF_ERROR(Send(bytes));
  return ReadToEnd();
}

Result<std::string> RawClient::ReadToEnd(int timeout_ms) {
  for (bool at_end = false; !at_end;) RETURN_IF_ERROR(Receive(timeout_ms, &at_end));
  return std::exchange(buffer_, {}).substr(std::exchange(returned_bytes_, 0));
}

bool RawClient::IsQuietFor(int timeout_ms) {
  pollfd poll_fd{fd_, POLLIN, 0};
  return buffer_.size() == returned_bytes_ && ::poll(&poll_fd, 1, timeout_ms) == 0;
}

void RawClient::ShutdownWrite() {
  ::shutdown(fd_, SHUT_WR);
}

Result<bool> ReplyScanner::Scan(std::string_view bytes) {
  while (elements_left_ > 0) {
    ASSIGN_OR_RETURN(const bool whole, Element(bytes));
    if (!whole) return false;
    --elements_left_;
  }
  return true;
}

Result<bool> ReplyScanner::Element(std::string_view bytes) {
  const size_t line_end = bytes.find("\r\n", at_);
  if (line_end == std::string_view::npos) return false;
  const size_t next = line_end + 2;
  const char type = bytes[at_];
  if (std::string_view("+-:_,#(").find(type) != std::string_view::npos) {
    at_ = next;
    return true;
  }
  int64_t count = 0;
  const char* digits = bytes.data() + at_ + 1;
  const auto [stopped_at, error] = std::from_chars(digits, bytes.data() + line_end, count);
  if (error != std::errc() || stopped_at != bytes.data() + line_end || count < -1 ||
      std::string_view("$=!*~>%|").find(type) == std::string_view::npos) {
    return Status::Corruption(fmt::format("no reply: {:?}", bytes.substr(at_, 100)));
  }
  const size_t size = static_cast<size_t>(std::max<int64_t>(count, 0));
  if (type == '$' || type == '=' || type == '!') {
    const size_t end = count < 0 ? next : next + size + 2;
    if (bytes.size() < end) return false;
    at_ = end;
    return true;
  }
  at_ = next;
  elements_left_ += type == '%' ? 2 * size : size;
  // Attributes stand before a reply, they are none.
  if (type == '|') elements_left_ += size + 1;
  return true;
}

}  // namespace cairn::test
