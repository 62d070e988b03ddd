#pragma once
// All the sockets that the server listens on, as the configuration names them.
//
// Thread: loop.

#include <functional>
#include <memory>
#include <vector>

#include "env/env.h"
#include "server/config.h"
#include "server/uv_listener.h"
#include "util/log.h"

namespace cairn {

class Listeners {
 public:
  using OnConnection = std::function<void(std::unique_ptr<Transport>)>;

  Listeners(uv_loop_t* loop, Env& env, Logger& log, OnConnection on_connection)
      : loop_(loop), env_(env), log_(log), on_connection_(std::move(on_connection)) {}
  ~Listeners() { Close(); }

  // `config` is asked for tcp-keepalive with each connection and must live as long. An address
  // that begins with '-' may be missing on this machine; none at all is an error.
  Status Open(const Config& config);
  void NextTick();
  void Close();
  int port() const;

 private:
  UvListener::Setup MakeSetup(const Config& config);
  Status OpenTcp(const Config& config);
  Status OpenUnix(const Config& config);

  uv_loop_t* loop_;
  Env& env_;
  Logger& log_;
  OnConnection on_connection_;
  std::vector<std::unique_ptr<UvListener>> listeners_;
};

}  // namespace cairn
