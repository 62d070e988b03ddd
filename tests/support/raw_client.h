#pragma once
// A blocking client that shows a server's bytes as they are: sends arguments or raw bytes, reads
// one reply, nested ones included, exactly as it came. For tests that compare replies byte for byte
// or send what no client library would.
//
// Thread safety: one thread. Errors: kIoError when the server closed or reset (ReadToEnd tells the
// two apart), kBusy when nothing came in time, kCorruption when what came is no reply.

#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "util/status.h"

struct sockaddr;

namespace cairn::test {

// The command in RESP, as client libraries send it.
std::string EncodeCommand(std::span<const std::string> arguments);
std::string EncodeCommand(std::initializer_list<std::string_view> arguments);

class RawClient {
 public:
  static constexpr int kTimeoutMs = 10'000;

  static Result<std::unique_ptr<RawClient>> Connect(int port);
  static Result<std::unique_ptr<RawClient>> ConnectUnix(const std::string& path);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  Status Send(std::string_view bytes);
  Result<std::string> ReadReply(int timeout_ms = kTimeoutMs);
  Result<std::string> Call(std::initializer_list<std::string_view> arguments);
  Result<std::string> Call(std::span<const std::string> arguments);
  // Sends raw bytes, then reads all that comes until the server closes.
  Result<std::string> SendAndReadToEnd(std::string_view bytes);
  Result<std::string> ReadToEnd(int timeout_ms = kTimeoutMs);
  // Nothing is on its way for so long.
  bool IsQuietFor(int timeout_ms);
  // No more bytes to the server; replies can still be read.
  void ShutdownWrite();

  int fd() const { return fd_; }

 private:
  explicit RawClient(int fd) : fd_(fd) {}
  static Result<std::unique_ptr<RawClient>> ConnectTo(const sockaddr* address, size_t address_bytes,
                                                      int family);
  // Appends what has come to buffer_, at most 64 KiB. OK with *at_end set when the server has
  // closed.
  Status Receive(int timeout_ms, bool* at_end);

  int fd_;
  std::string buffer_;
  size_t returned_bytes_ = 0;  // of buffer_, from its front
};

// Finds where one reply ends as its bytes come, in RESP2 and RESP3, without looking twice at what
// it has passed.
class ReplyScanner {
 public:
  // `bytes` begins with the reply and only ever grows between calls. True if it is whole.
  // kCorruption if it is no reply.
  Result<bool> Scan(std::string_view bytes);
  // Its length. Requires: Scan said true.
  size_t size() const { return at_; }

 private:
  // The element at at_; false if it is not whole.
  Result<bool> Element(std::string_view bytes);

  size_t at_ = 0;
  size_t elements_left_ = 1;
};

}  // namespace cairn::test
