#pragma once
// XXH3, the one hash function of the project: block and record checksums, filters, hash tables.
// Reference: Yann Collet, xxHash, https://xxhash.com.

#include <cstdint>
#include <string_view>

namespace cairn {

// 64-bit XXH3 of the bytes. A seed ties the result to a place (checksums) or keeps it from being
// guessed (filters and tables that hold clients' keys).
uint64_t Hash64(std::string_view bytes, uint64_t seed);

}  // namespace cairn
