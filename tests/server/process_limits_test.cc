// How the descriptors that the system allows are shared by connections and tables.

#include "server/process_limits.h"

#include <catch2/catch.hpp>

namespace cairn {
namespace {

TEST_CASE("open files: all that is wanted, if it fits with the reserve") {
  const OpenFileShares wanted = {.clients = 10'000, .tables = 1000};
  const OpenFileShares shares = ShareOpenFiles(11'000 + kReservedFiles, kReservedFiles, wanted);
  CHECK(shares.clients == 10'000);
  CHECK(shares.tables == 1000);
}

TEST_CASE("open files: too few are shared so that they suffice") {
  const OpenFileShares wanted = {.clients = 10'000, .tables = 1000};
  for (const int64_t files : {11'255, 4096, 1024, 512}) {
    CAPTURE(files);
    const OpenFileShares shares = ShareOpenFiles(files, kReservedFiles, wanted);
    CHECK(shares.clients + shares.tables + kReservedFiles <= files);
    CHECK(shares.clients >= 1);
    CHECK(shares.tables >= kMinOpenTables);
    CHECK(shares.tables <= wanted.tables);
  }
  CHECK(ShareOpenFiles(4096, kReservedFiles, wanted).tables == (4096 - kReservedFiles) / 4);
  SECTION("a few clients leave the tables what they want") {
    CHECK(ShareOpenFiles(4096, kReservedFiles, {.clients = 100, .tables = 1000}).tables == 1000);
  }
  SECTION("tables that want little leave the rest to clients") {
    CHECK(ShareOpenFiles(1024, kReservedFiles, {.clients = 10'000, .tables = 64}).clients ==
          1024 - kReservedFiles - 64);
  }
  SECTION("nobody is left with nothing") {
    CHECK(ShareOpenFiles(100, kReservedFiles, wanted).clients == 1);
    CHECK(ShareOpenFiles(100, kReservedFiles, wanted).tables == kMinOpenTables);
  }
}

}  // namespace
}  // namespace cairn
