// cairn-responder: a bare libuv server that answers +OK to every RESP command and stores nothing.
// It has the shape of Cairn's loop (one thread, one shared read buffer, one uv_try_write for each
// read), so scripts/bench measures with it what that shape alone costs.

#include <uv.h>

#include <fmt/core.h>
#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tools/responder/command_counter.h"
#include "util/parse.h"

namespace cairn {
namespace {

constexpr size_t kReadBufferBytes = 64 * 1024;
constexpr int kBacklog = 511;
constexpr std::string_view kReply = "+OK\r\n";

// Owned by its libuv handle: made in OnConnection, destroyed by the close callback.
struct Connection {
  uv_tcp_t handle;
  CommandCounter counter;
};

// What uv_try_write could not hand to the kernel; destroyed when it is written.
struct DelayedWrite {
  uv_write_t request;
  std::string bytes;
};

struct Server {
  uv_loop_t loop;
  uv_tcp_t listener;
  std::array<char, kReadBufferBytes> read_buffer;
  std::string replies;  // kReply again and again, as many as were ever owed at once
};

struct Options {
  std::string bind = "127.0.0.1";
  int port = 6379;
};

void Close(Connection* connection) {
  auto* handle = reinterpret_cast<uv_handle_t*>(&connection->handle);
  if (uv_is_closing(handle) != 0) return;
  uv_close(handle, [](uv_handle_t* closed) {
    std::unique_ptr<Connection> owned(static_cast<Connection*>(closed->data));
  });
}

void WriteRest(Connection* connection, std::string_view rest) {
  auto write = std::make_unique<DelayedWrite>();
  write->bytes = rest;
  write->request.data = write.get();
  uv_buf_t buffer = uv_buf_init(write->bytes.data(), static_cast<unsigned>(rest.size()));
  const int result =
      uv_write(&write->request, reinterpret_cast<uv_stream_t*>(&connection->handle), &buffer, 1,
               [](uv_write_t* request, int) {
                 std::unique_ptr<DelayedWrite> owned(static_cast<DelayedWrite*>(request->data));
               });
  if (result == 0) {
    static_cast<void>(write.release());  // the callback owns it now
  } else {
    Close(connection);
  }
}

void Reply(Server* server, Connection* connection, uint64_t commands) {
  const size_t length = commands * kReply.size();
  while (server->replies.size() < length) server->replies.append(kReply);
  uv_buf_t buffer = uv_buf_init(server->replies.data(), static_cast<unsigned>(length));
  const int result = uv_try_write(reinterpret_cast<uv_stream_t*>(&connection->handle), &buffer, 1);
  if (result < 0 && result != UV_EAGAIN) {
    Close(connection);
    return;
  }
  const size_t written = static_cast<size_t>(std::max(result, 0));
  if (written < length) {
    WriteRest(connection, std::string_view(server->replies).substr(written, length - written));
  }
}

void OnAllocate(uv_handle_t* handle, size_t, uv_buf_t* buffer) {
  auto* server = static_cast<Server*>(handle->loop->data);
  *buffer = uv_buf_init(server->read_buffer.data(), kReadBufferBytes);
}

void OnRead(uv_stream_t* stream, ssize_t length, const uv_buf_t* buffer) {
  auto* connection = static_cast<Connection*>(stream->data);
  if (length < 0) {
    Close(connection);
    return;
  }
  const uint64_t commands =
      connection->counter.Feed(std::string_view(buffer->base, static_cast<size_t>(length)));
  if (commands > 0) Reply(static_cast<Server*>(stream->loop->data), connection, commands);
}

void OnConnection(uv_stream_t* listener, int status) {
  if (status < 0) return;
  Connection* connection = std::make_unique<Connection>().release();  // Close gives it back
  uv_tcp_init(listener->loop, &connection->handle);
  connection->handle.data = connection;
  auto* stream = reinterpret_cast<uv_stream_t*>(&connection->handle);
  if (uv_accept(listener, stream) != 0 || uv_read_start(stream, OnAllocate, OnRead) != 0) {
    Close(connection);
    return;
  }
  uv_tcp_nodelay(&connection->handle, 1);
}

bool ParseOptions(int argc, char** argv, Options* options) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const std::string_view value = argv[i + 1];
    if (name == "--bind") {
      options->bind = value;
    } else if (name == "--port") {
      const auto port = ParseUint64(value);
      if (!port || *port == 0 || *port > UINT16_MAX) return false;
      options->port = static_cast<int>(*port);
    } else {
      return false;
    }
  }
  return argc % 2 == 1;
}

int Listen(Server* server, const Options& options) {
  sockaddr_in address;
  int result = uv_ip4_addr(options.bind.c_str(), options.port, &address);
  if (result == 0) result = uv_tcp_init(&server->loop, &server->listener);
  if (result == 0) {
    result = uv_tcp_bind(&server->listener, reinterpret_cast<const sockaddr*>(&address), 0);
  }
  if (result != 0) return result;
  return uv_listen(reinterpret_cast<uv_stream_t*>(&server->listener), kBacklog, OnConnection);
}

int Run(const Options& options) {
  auto server = std::make_unique<Server>();
  uv_loop_init(&server->loop);
  server->loop.data = server.get();
  const int result = Listen(server.get(), options);
  if (result != 0) {
    fmt::print(stderr, "cannot listen on {}:{}: {}\n", options.bind, options.port,
               uv_strerror(result));
    return 1;
  }
  return uv_run(&server->loop, UV_RUN_DEFAULT);  // until a signal ends the process
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  cairn::Options options;
  if (!cairn::ParseOptions(argc, argv, &options)) {
    fmt::print(stderr, "usage: cairn-responder [--bind ADDRESS] [--port PORT]\n");
    return 2;
  }
  return cairn::Run(options);
}
