#pragma once
// A listening socket: hands each new connection to its owner as a transport, at most so many a
// tick.
//
// Thread: loop. Ownership: frees itself after Close, as uv_transport.h does.

#include <uv.h>

#include <functional>
#include <memory>
#include <string>

#include "server/uv_transport.h"
#include "util/status.h"

namespace cairn {

class UvListener {
  // Only Tcp and Unix make one.
  struct Passkey {};

 public:
  static constexpr int kAcceptsPerTick = 64;

  struct Setup {
    int backlog = 511;
    std::function<int()> keepalive_seconds;  // asked for each connection
    std::function<void(std::unique_ptr<UvTransport>)> on_connection;
    std::function<void(const Status&)> on_error;  // an accept failed
  };

  // address: IPv4 or IPv6, "*" (any IPv4) or "::*" (any IPv6). port 0: the system chooses.
  static Result<std::unique_ptr<UvListener>> Tcp(uv_loop_t* loop, const std::string& address,
                                                 int port, Setup setup);
  // Requires: nothing lies at `path` (the caller removed a stale socket), and no other thread makes
  // files meanwhile (umask). permissions 0: as umask has it.
  static Result<std::unique_ptr<UvListener>> Unix(uv_loop_t* loop, const std::string& path,
                                                  unsigned permissions, Setup setup);
  UvListener(Passkey, UvTransport::Kind kind, Setup setup)
      : kind_(kind), setup_(std::move(setup)) {}
  ~UvListener();

  // Takes what the last tick left. The loop's owner calls it once a tick.
  void NextTick();
  int port() const;  // of a TCP listener
  static void Close(std::unique_ptr<UvListener> self);

 private:
  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&handle_); }
  Status Bind(uv_loop_t* loop, const std::string& address, int port);
  Status Listen();
  void AcceptOne();
  static Result<std::unique_ptr<UvListener>> Finish(std::unique_ptr<UvListener> listener,
                                                    const Status& status);

  const UvTransport::Kind kind_;
  Setup setup_;
  union {
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  } handle_;
  bool initialized_ = false;
  std::string path_;
  int accepted_ = 0;       // in this tick
  bool deferred_ = false;  // one is ready that this tick did not take
  std::unique_ptr<UvListener> self_;
};

}  // namespace cairn
