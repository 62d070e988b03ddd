#include "lsm/store_identity.h"

#include <fmt/format.h>

#include "env/env.h"
#include "util/coding.h"
#include "util/hash.h"

namespace cairn::lsm {

std::string StoreIdentity::IdText() const {
  return fmt::format("{:016x}{:016x}", id_high, id_low);
}

uint64_t StoreIdentity::Seed(uint64_t purpose, uint64_t a, uint64_t b) const {
  char bytes[40];
  EncodeFixed64(bytes, secret_high);
  EncodeFixed64(bytes + 8, secret_low);
  EncodeFixed64(bytes + 16, purpose);
  EncodeFixed64(bytes + 24, a);
  EncodeFixed64(bytes + 32, b);
  return Hash64({bytes, sizeof bytes}, secret_low);
}

StoreIdentity NewStoreIdentity(Env& env) {
  char bytes[32];
  env.FillRandom(bytes, sizeof bytes);
  return {.id_high = DecodeFixed64(bytes),
          .id_low = DecodeFixed64(bytes + 8),
          .secret_high = DecodeFixed64(bytes + 16),
          .secret_low = DecodeFixed64(bytes + 24)};
}

}  // namespace cairn::lsm
