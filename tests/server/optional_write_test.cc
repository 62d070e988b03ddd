// What a command writes for the sake of the next one does not keep it from answering.

#include <catch2/catch.hpp>

#include "server_fixture.h"

namespace cairn::test {
namespace {

TEST_CASE("PFCOUNT answers while there is no room for the count that it would keep") {
  Fixture f;
  Client client = f.Connect();
  CHECK(f.Ask(client, "PFADD h a b c\r\n") == ":1\r\n");
  const size_t commits = f.engine.commits();
  f.engine.set_admission(lsm::Admission::kPark);
  CHECK(f.Ask(client, "PFCOUNT h\r\n") == ":3\r\n");
  CHECK(f.executor.parked_count() == 0);
  CHECK(f.engine.commits() == commits);
  f.engine.set_admission(lsm::Admission::kAdmit);
  CHECK(f.Ask(client, "PFCOUNT h\r\nPFCOUNT h\r\n") == ":3\r\n:3\r\n");
  CHECK(f.engine.commits() == commits + 1);
}

}  // namespace
}  // namespace cairn::test
