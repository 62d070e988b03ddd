#pragma once
// TCP and unix sockets over libuv.
//
// Thread: loop. A read costs one read(2), a TryWrite one write(2).

#include <uv.h>

#include <memory>
#include <string>

#include "server/transport.h"
#include "util/status.h"

namespace cairn {

class UvTransport final : public Transport {
  // Only Accept makes one.
  struct Passkey {};

 public:
  enum class Kind : uint8_t { kTcp, kUnix };

  // Takes the connection that `listener` has ready. Requires: its connection callback said so.
  // keepalive_seconds 0: none.
  static Result<std::unique_ptr<UvTransport>> Accept(uv_stream_t* listener, Kind kind,
                                                     const std::string& unix_path,
                                                     int keepalive_seconds);
  UvTransport(Passkey, Kind kind) : kind_(kind) {}
  // The file descriptor is given back by Close only, since libuv needs a turn of the loop for it.
  ~UvTransport() override;

  void StartReading(TransportEvents& events) override;
  void StopReading() override;
  std::optional<size_t> TryWrite(std::string_view bytes) override;
  void Write(resp::OutputBuffer bytes) override;
  size_t queued_bytes() const override { return queued_.size(); }
  void Close(std::unique_ptr<Transport> self) override;

  std::string peer_name() const override { return peer_name_; }
  std::string local_name() const override { return local_name_; }
  bool is_unix_socket() const override { return kind_ == Kind::kUnix; }
  bool is_local() const override { return is_local_; }
  int fd() const override;

 private:
  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&handle_); }
  const uv_handle_t* handle() const { return reinterpret_cast<const uv_handle_t*>(&handle_); }
  Status Open(uv_stream_t* listener);
  void Configure(int keepalive_seconds, const std::string& unix_path);
  static void OnUvRead(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer);

  const Kind kind_;
  union {
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  } handle_;
  bool initialized_ = false;
  TransportEvents* events_ = nullptr;  // null: no more events
  resp::OutputBuffer queued_;          // what write_ is sending
  uv_write_t write_;
  std::string peer_name_, local_name_;
  bool is_local_ = false;
  std::unique_ptr<Transport> self_;  // while the system finishes closing
};

}  // namespace cairn
