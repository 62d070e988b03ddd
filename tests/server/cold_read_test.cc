// The whole server while commands wait for blocks that the disk does not give: clients go, are
// killed, stay idle, and the server stops.

#include <catch2/catch.hpp>
#include <csignal>
#include <memory>
#include <string>
#include <thread>

#include "env/fault_env.h"
#include "server/server.h"
#include "support/raw_client.h"

namespace cairn::test {
namespace {

Config SmallConfig() {
  Config config;
  config.bind = {"127.0.0.1"};
  config.port = kAnyPort;
  config.dir = "/data";
  config.engine.memtable_bytes = 4 << 20;
  config.engine.wal_slot_bytes = 1 << 20;
  config.engine.wal_bytes = 8 << 20;
  config.engine.block_cache_bytes = 1 << 20;
  config.engine.record_cache_bytes = 0;
  return config;
}

// A server on a thread of its own, stopped and joined at the end.
class RunningServer {
 public:
  explicit RunningServer(Env& env) : log_([] { return uint64_t{0}; }) {
    log_.SetSink([](std::string_view) {});
    server_ = std::make_unique<Server>(env, log_, SmallConfig(), "");
    REQUIRE(server_->Start().ok());
    thread_ = std::thread([this] { exit_code_ = server_->Run(); });
    while (Connect()->Call({"DBSIZE"}).value().starts_with("-LOADING")) std::this_thread::yield();
  }
  ~RunningServer() { Stop(); }

  int Stop() {
    server_->RequestStop();
    return Join();
  }
  int Join() {
    if (thread_.joinable()) thread_.join();
    return exit_code_;
  }
  std::unique_ptr<RawClient> Connect() { return RawClient::Connect(server_->port()).value(); }

 private:
  Logger log_;
  std::unique_ptr<Server> server_;
  int exit_code_ = -1;
  std::thread thread_;
};

// A server with two keys on its disk, which gives no block for now, and a client that waits for
// one.
struct Parked {
  Parked() {
    std::signal(SIGPIPE, SIG_IGN);  // as the program does: a client goes while it is written to
    {
      RunningServer first(env);
      // Between the server's own records, which a start reads and some more behind them, and the
      // keys lie blocks that nobody asks for.
      const auto writer = first.Connect();
      for (int i = 100; i < 200; ++i) {
        const std::string key = "a" + std::to_string(i);
        REQUIRE(writer->Call({"SET", key, std::string(5000, 'f')}).value() == "+OK\r\n");
      }
      REQUIRE(writer->Call({"MSET", "k", "v", "other", "w"}).value() == "+OK\r\n");
      REQUIRE(first.Stop() == 0);
    }
    // Replays the log into a table.
    REQUIRE(RunningServer(env).Stop() == 0);
    server = std::make_unique<RunningServer>(env);
    env.SetReadsInline(false);
    client = server->Connect();
    id = client->Call({"CLIENT", "ID"}).value();
    id = id.substr(1, id.size() - 3);
    REQUIRE(client->Send("GET k\r\nGET other\r\n").ok());
    while (env.queued_batches() == 0) std::this_thread::yield();
  }
  // The disk gives what it is asked for until somebody has his reply.
  std::string ReplyOf(RawClient& waiting) {
    while (waiting.IsQuietFor(1)) env.RunReads();
    return waiting.ReadReply().value();
  }

  FaultEnv env;
  std::unique_ptr<RunningServer> server;
  std::unique_ptr<RawClient> client;
  std::string id;
};

TEST_CASE("while a command waits for its blocks others are served, and it is answered in the end") {
  Parked f;
  const auto other = f.server->Connect();
  CHECK(other->Call({"SET", "x", "y"}).value() == "+OK\r\n");
  CHECK(other->Call({"GET", "x"}).value() == "$1\r\ny\r\n");
  CHECK(f.client->IsQuietFor(20));
  CHECK(f.ReplyOf(*f.client) == "$1\r\nv\r\n");
  CHECK(f.ReplyOf(*f.client) == "$1\r\nw\r\n");
  CHECK(f.server->Stop() == 0);
}

TEST_CASE("a client that hangs up while its command waits takes nothing with it") {
  Parked f;
  f.client.reset();
  const auto other = f.server->Connect();
  REQUIRE(other->Send("GET k\r\n").ok());
  CHECK(f.ReplyOf(*other) == "$1\r\nv\r\n");
  CHECK(f.server->Stop() == 0);
}

TEST_CASE("CLIENT KILL closes a client whose command waits, before and after the blocks come") {
  Parked f;
  const auto other = f.server->Connect();
  const bool blocks_come = GENERATE(false, true);
  if (blocks_come) f.env.RunReads(1);
  CHECK(other->Call({"CLIENT", "KILL", "ID", f.id}).value() == ":1\r\n");
  // If they came, the answer may have been faster.
  const std::string rest = f.client->ReadToEnd().value();
  CHECK((blocks_come || rest.empty()));
  f.env.RunReads();
  CHECK(other->Call({"PING"}).value() == "+PONG\r\n");
  REQUIRE(other->Send("GET k\r\n").ok());
  CHECK(f.ReplyOf(*other) == "$1\r\nv\r\n");
  CHECK(f.server->Stop() == 0);
}

TEST_CASE("a client whose command waits is not idle") {
  Parked f;
  const auto other = f.server->Connect(), idle = f.server->Connect();
  REQUIRE(idle->Call({"PING"}).value() == "+PONG\r\n");
  REQUIRE(other->Call({"CONFIG", "SET", "timeout", "10"}).value() == "+OK\r\n");
  f.env.AdvanceMicros(60'000'000);
  CHECK(idle->ReadToEnd().value().empty());
  CHECK(f.client->IsQuietFor(250));
  CHECK(f.ReplyOf(*f.client) == "$1\r\nv\r\n");
}

TEST_CASE("SHUTDOWN and SIGTERM do not wait for a command that waits") {
  Parked f;
  if (GENERATE(true, false)) {
    const auto other = f.server->Connect();
    CHECK(other->SendAndReadToEnd("SHUTDOWN\r\n").value().empty());
    CHECK(f.server->Join() == 0);
  } else {
    CHECK(f.server->Stop() == 0);
  }
  CHECK(f.client->ReadToEnd().value().empty());
  // Reads that were under way end with the server.
  f.server.reset();
  CHECK(f.env.queued_batches() == 0);
  f.env.SetReadsInline(true);
  RunningServer again(f.env);
  CHECK(again.Connect()->Call({"GET", "k"}).value() == "$1\r\nv\r\n");
}

TEST_CASE("a block that cannot be read is an error for who waits for it, and for nobody else") {
  Parked f;
  const auto other = f.server->Connect();
  f.env.AddFault({.kind = OpKind::kRead, .path_part = ".sst", .once = false});
  const std::string reply = f.ReplyOf(*f.client);
  CHECK(reply.starts_with("-ERR stored data cannot be read"));
  CHECK(other->Call({"PING"}).value() == "+PONG\r\n");
  f.env.ClearFaults();
  REQUIRE(other->Send("GET k\r\n").ok());
  CHECK(f.ReplyOf(*other) == "$1\r\nv\r\n");
}

}  // namespace
}  // namespace cairn::test
