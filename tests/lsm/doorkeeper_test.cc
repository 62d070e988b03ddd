#include "lsm/doorkeeper.h"

#include <catch2/catch.hpp>
#include <vector>

#include "support/seed.h"
#include "util/random.h"

namespace cairn::lsm {

TEST_CASE("doorkeeper: the second time within its memory gets in, the first does not") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  constexpr size_t kPlaces = 1024;
  Doorkeeper keeper(kPlaces);
  int errors = 0;
  for (int i = 0; i < 10000; ++i) {
    const uint64_t hash = random.Next();
    if (keeper.Admits(hash)) ++errors;
    CHECK(keeper.Admits(hash));
  }
  // Four fingerprints of 15 bits each to be taken for.
  CHECK(errors < 15);
}

TEST_CASE("doorkeeper: it forgets after about as many others as it has places") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  constexpr size_t kPlaces = 1024;
  const auto remembered_after = [&](size_t others) {
    int remembered = 0;
    for (int round = 0; round < 200; ++round) {
      Doorkeeper keeper(kPlaces);
      const uint64_t hash = random.Next();
      keeper.Admits(hash);
      for (size_t i = 0; i < others; ++i) keeper.Admits(random.Next());
      remembered += keeper.Admits(hash) ? 1 : 0;
    }
    return remembered;
  };
  CHECK(remembered_after(kPlaces / 16) > 160);
  CHECK(remembered_after(kPlaces * 16) < 10);
}

// Two that took each other's place by turns would stay outside for ever.
TEST_CASE("doorkeeper: whoever comes again and again gets in, beside others that do") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  Doorkeeper keeper(1024);
  std::vector<uint64_t> hashes(256);
  for (uint64_t& hash : hashes) hash = random.Next();
  for (const uint64_t hash : hashes) keeper.Admits(hash);
  size_t admitted = 0;
  for (const uint64_t hash : hashes) admitted += keeper.Admits(hash) ? 1 : 0;
  CHECK(admitted > 245);
}

}  // namespace cairn::lsm
