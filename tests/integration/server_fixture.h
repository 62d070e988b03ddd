#pragma once
// A running cairn-server and the small steps that all integration tests take with one.

#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/raw_client.h"
#include "support/redis_process.h"

namespace cairn::test {

constexpr auto kServer = RedisProcess::Program::kCairn;

inline std::unique_ptr<RedisProcess> StartServer(const std::vector<std::string>& arguments = {}) {
  auto process = RedisProcess::StartInTemp(kServer, arguments);
  INFO(process.status().ToString());
  REQUIRE(process.ok());
  return std::move(process).value();
}

inline std::unique_ptr<RedisProcess> StartServerIn(const TempDirectory& directory,
                                                   const std::vector<std::string>& arguments = {}) {
  auto process = RedisProcess::Start(kServer, directory.path(), arguments);
  INFO(process.status().ToString());
  REQUIRE(process.ok());
  return std::move(process).value();
}

inline std::unique_ptr<RawClient> Connect(const RedisProcess& server) {
  auto client = RawClient::Connect(server.port());
  INFO(client.status().ToString());
  REQUIRE(client.ok());
  return std::move(client).value();
}

// The reply, or a text that no reply is.
inline std::string Call(RawClient& client, std::initializer_list<std::string_view> arguments) {
  Result<std::string> reply = client.Call(arguments);
  return reply.ok() ? std::move(reply).value() : "(" + reply.status().ToString() + ")";
}

inline std::string NextReply(RawClient& client) {
  Result<std::string> reply = client.ReadReply();
  return reply.ok() ? std::move(reply).value() : "(" + reply.status().ToString() + ")";
}

inline std::string Bulk(std::string_view bytes) {
  return fmt::format("${}\r\n{}\r\n", bytes.size(), bytes);
}

}  // namespace cairn::test
