#include "lsm/read_state.h"

#include "lsm/bloom.h"

namespace cairn::lsm {

Lookup GetFromVersion(const Version& version, BlockSource& source, std::string_view key,
                      uint64_t filter_secret, Entry* entry) {
  if (version.runs().empty()) return Lookup::kAbsent;
  const uint64_t hash = FilterHash(key, filter_secret);
  bool unknown = false;
  for (const SortedRun& run : version.runs()) {
    const TableRef* ref = FindTable(run.tables, key);
    if (ref == nullptr) continue;
    const TableReader* table = source.Table(*ref);
    const Lookup found =
        table == nullptr ? Lookup::kUnknown : TableGet(*table, source, key, hash, entry);
    // After a miss the older runs are still asked, so that what a cold key needs of all of them
    // (mostly filters) is fetched at once.
    unknown = unknown || found == Lookup::kUnknown;
    if (found == Lookup::kFound && !unknown) return found;
    if (found == Lookup::kFound || !source.status().ok()) break;
  }
  return unknown ? Lookup::kUnknown : Lookup::kAbsent;
}

Below CheapBelowVersion(const Version& version, BlockSource& peek, std::string_view key,
                        uint64_t filter_secret) {
  if (version.runs().empty()) return Below::kAbsent;
  const uint64_t hash = FilterHash(key, filter_secret);
  for (const SortedRun& run : version.runs()) {
    const TableRef* ref = FindTable(run.tables, key);
    if (ref == nullptr) continue;
    const TableReader* table = peek.Table(*ref);
    if (table == nullptr || TableMayContain(*table, peek, key, hash)) return Below::kUnknown;
  }
  return Below::kAbsent;
}

}  // namespace cairn::lsm
