#pragma once
// What makes one store's bytes different from another's: a random id and a random secret, made once
// when the directory is made and kept in the MANIFEST's head.
//
// Any thread; plain values.

#include <cstdint>
#include <string>

namespace cairn {
class Env;
}

namespace cairn::lsm {

struct StoreIdentity {
  uint64_t id_high = 0;
  uint64_t id_low = 0;
  // Seeds checksums and hashes, so that stored bytes cannot be forged by a client and hash
  // collisions cannot be computed. Never shown in logs or INFO.
  uint64_t secret_high = 0;
  uint64_t secret_low = 0;

  bool operator==(const StoreIdentity&) const = default;
  // The id as 32 hex digits.
  std::string IdText() const;
  // A seed of its own for each use and place: a hash over secret, purpose, a and b.
  uint64_t Seed(uint64_t purpose, uint64_t a = 0, uint64_t b = 0) const;
};

// The purposes of Seed. Persisted; numbers are never used again.
constexpr uint64_t kSeedFilter = 1;           // bloom filters
constexpr uint64_t kSeedWalRecord = 2;        // a = segment, b = offset in the slot
constexpr uint64_t kSeedWalHeader = 3;        // slot header; a, b unused
constexpr uint64_t kSeedManifest = 4;         // a = MANIFEST number, b = offset
constexpr uint64_t kSeedWalRecordHeader = 5;  // as kSeedWalRecord, over the record's header alone
constexpr uint64_t kSeedManifestHeader = 6;   // as kSeedManifest, over the record's header alone

StoreIdentity NewStoreIdentity(Env& env);

}  // namespace cairn::lsm
