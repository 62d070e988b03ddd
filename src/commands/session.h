#pragma once
// What commands know of the connection that they serve. Owned by the server's connection; control
// commands change it.
//
// Thread: loop.

#include <cstdint>
#include <string>

namespace cairn {

// How safe writes are before this connection is told of them (CAIRN.DURABILITY): as the server's
// appendfsync says, on disk, or in the kernel's hands.
enum class Durability : uint8_t { kDefault, kAlways, kWritten };

enum class ReplyMode : uint8_t { kOn, kOff, kSkipNext };  // CLIENT REPLY

struct Session {
  uint64_t id = 0;
  int db = 0;
  int protocol = 2;            // RESP version; the connection rebuilds its writer from it
  bool authenticated = false;  // always true where no password is set
  std::string user = "default";
  std::string name;
  std::string library_name, library_version;  // CLIENT SETINFO
  ReplyMode reply_mode = ReplyMode::kOn;
  bool skip_this_reply = false;  // CLIENT REPLY SKIP took effect for the command being run
  bool no_evict = false, no_touch = false;
  bool close_after_reply = false;  // QUIT, CLIENT KILL of oneself
  bool unix_socket = false;
  bool is_local = false;                    // a unix socket or a loopback address
  std::string peer_address, local_address;  // "127.0.0.1:1234", or "/path:0" for a unix socket
  int fd = -1;
  uint64_t created_at_ms = 0, last_command_at_ms = 0;
  std::string last_command;  // "get", "client|list"
  Durability durability = Durability::kDefault;
  uint64_t last_write = 0;  // the sequence of the last write that it made; 0: none
};

}  // namespace cairn
