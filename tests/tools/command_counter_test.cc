// cairn-responder owes one answer a command, however the bytes are cut.

#include "tools/responder/command_counter.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

namespace cairn {
namespace {

uint64_t Count(std::string_view bytes, size_t piece_bytes) {
  CommandCounter counter;
  uint64_t commands = 0;
  for (size_t at = 0; at < bytes.size(); at += piece_bytes) {
    commands += counter.Feed(bytes.substr(at, piece_bytes));
  }
  return commands;
}

TEST_CASE("every command counts once, in pieces of any size") {
  struct {
    std::string_view bytes;
    uint64_t commands;
  } const cases[] = {
      {"*1\r\n$4\r\nPING\r\n", 1},
      {"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", 2},
      {"PING\r\n\r\nPING\n", 2},                              // inline; an empty line is none
      {"*2\r\n$3\r\nGET\r\n$0\r\n\r\nPING\r\n", 2},           // an empty argument
      {"*2\r\n$3\r\nGET\r\n$12\r\n*1\r\n$4\r\nPING\r\n", 1},  // a value that looks like one
      {"*0\r\n*1\r\n$4\r\nPING\r\n", 1},                      // no arguments: no command
      {"*2\r\n$3\r\nGET\r\n$11\r\n0123456789\n\r\n*1\r\n$4\r\nPI", 1},  // the second is not whole
  };
  for (const auto& [bytes, commands] : cases) {
    for (size_t piece_bytes = 1; piece_bytes <= bytes.size(); ++piece_bytes) {
      INFO(bytes << " in pieces of " << piece_bytes);
      REQUIRE(Count(bytes, piece_bytes) == commands);
    }
  }
}

}  // namespace
}  // namespace cairn
