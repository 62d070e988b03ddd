#pragma once
// A connection's two-way stream of bytes, as the server sees it (design §1): TCP and unix sockets
// (uv_transport.h), memory in tests; TLS would be one more implementation.
//
// Thread: loop. Ownership: the connection owns its transport and gives it back to itself with
// Close; the events outlive the transport's last call of them.

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "resp/output_buffer.h"

namespace cairn {

// What a transport tells its connection. Any of them may close the connection.
class TransportEvents {
 public:
  // Where the next bytes shall go, valid until the OnRead or OnEnd that follows. Empty: nothing can
  // be taken before the next poll. Closes nothing.
  virtual std::span<char> ReadTarget() = 0;
  // `bytes` of the last ReadTarget are filled.
  virtual void OnRead(size_t bytes) = 0;
  // Nothing more will be read: the peer has shut down its side (`error` is empty) or the
  // connection broke (what the system said). Bytes can still be written in the first case.
  virtual void OnEnd(std::string_view error) = 0;
  // What Write took over is with the kernel.
  virtual void OnWritten() = 0;

 protected:
  ~TransportEvents() = default;
};

class Transport {
 public:
  virtual ~Transport() = default;
  virtual void StartReading(TransportEvents& events) = 0;
  virtual void StopReading() = 0;
  // Hands the kernel what it takes at once: how many bytes that was, or nullopt if the connection
  // is broken. Requires: queued_bytes() == 0.
  virtual std::optional<size_t> TryWrite(std::string_view bytes) = 0;
  // Takes over what TryWrite left and writes it when there is room; OnWritten follows, or OnEnd
  // with an error. Requires: queued_bytes() == 0, StartReading was called.
  virtual void Write(resp::OutputBuffer bytes) = 0;
  virtual size_t queued_bytes() const = 0;
  // Ends it: no event comes afterwards, what was queued is dropped. `self` is this transport; it
  // frees itself when the system is done with it.
  virtual void Close(std::unique_ptr<Transport> self) = 0;

  // "127.0.0.1:1234", "[::1]:1234", or "/path:0" for a unix socket.
  virtual std::string peer_name() const = 0;
  virtual std::string local_name() const = 0;
  virtual bool is_unix_socket() const = 0;
  // The peer is this machine: a loopback address or a unix socket (protected mode).
  virtual bool is_local() const = 0;
  virtual int fd() const = 0;
};

}  // namespace cairn
