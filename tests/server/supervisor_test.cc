#include "server/supervisor.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdlib>
#include <string>

#include "support/scratch_directory.h"

namespace cairn::test {
namespace {

// A supervisor's socket, and what was told to it.
class Listener {
 public:
  // '@' at the begin: an abstract name.
  explicit Listener(const std::string& name) : fd_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(::bind(fd_, reinterpret_cast<sockaddr*>(&address), length) == 0);
    REQUIRE(::setenv("NOTIFY_SOCKET", name.c_str(), 1) == 0);
  }
  ~Listener() {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(fd_);
  }
  std::string Take() {
    char buffer[256];
    const ssize_t size = ::recv(fd_, buffer, sizeof(buffer), MSG_DONTWAIT);
    return size < 0 ? "" : std::string(buffer, static_cast<size_t>(size));
  }

 private:
  const int fd_;
};

TEST_CASE("the supervisor is told by way of the socket that it named") {
  ScratchDirectory scratch;
  for (const std::string& name :
       {scratch.path() + "/notify", "@cairn-test-" + std::to_string(::getpid())}) {
    INFO(name);
    Listener supervisor(name);
    NotifySupervisor("READY=1\nSTATUS=Ready");
    CHECK(supervisor.Take() == "READY=1\nSTATUS=Ready");
    CHECK(supervisor.Take().empty());
  }
}

TEST_CASE("no supervisor, or one that is gone, changes nothing") {
  ::unsetenv("NOTIFY_SOCKET");
  NotifySupervisor("READY=1");
  for (const std::string& name : {std::string("/nowhere/notify"), std::string("vsock:2:1234"),
                                  std::string(), std::string(200, '/')}) {
    REQUIRE(::setenv("NOTIFY_SOCKET", name.c_str(), 1) == 0);
    NotifySupervisor("READY=1");
  }
  ::unsetenv("NOTIFY_SOCKET");
}

}  // namespace
}  // namespace cairn::test
