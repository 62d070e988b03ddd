#pragma once
// How many filter bits a key gets in each run: under the same number of bits altogether, young and
// small runs get more and the last one less, so that a read of an absent key, which asks the filter
// of every run, is misled as seldom as can be.
//
// Any thread; pure functions.
// Source: Dayan, Athanassoulis, Idreos, "Monkey: Optimal navigable key-value store" (SIGMOD 2017).

#include <cstdint>
#include <span>
#include <vector>

#include "lsm/version.h"

namespace cairn::lsm {

// More are of little use: a filter has no more probes than these make full.
constexpr double kMaxFilterBits = 26;

// Bits per key for runs of so many keys: `bits_per_key` on the average over all keys, with the
// least sum over the runs of exp(-ln(2)^2 * bits), a Bloom filter's false positives. A run may get
// none; none gets more than kMaxFilterBits or, if that is more, `bits_per_key`.
std::vector<double> AllocateFilterBits(double bits_per_key, std::span<const uint64_t> keys);

// For what is added to the run `into` of the version, or to a new one if it names none such: so
// many entries, some of which come from the version's tables `taken`. O(tables).
double FilterBitsFor(double bits_per_key, const Version& version, RunId into,
                     uint64_t added_entries, std::span<const FileNumber> taken);

}  // namespace cairn::lsm
