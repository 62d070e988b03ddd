#pragma once
// What a repair has lost: said line by line, and remembered as far as it decides what else must be
// left out. Where the newest version of a key may have stood in what is lost, an older one is a
// wrong answer: so keys of a lost stretch are dropped, unless a version is left that is newer than
// all that the stretch can have held.
//
// Thread: one.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lsm/types.h"
#include "tools/check/report.h"

namespace cairn::check {

// A stretch of a table that cannot be read. Its keys are in [lo, hi).
struct LostKeys {
  std::string where;  // "data/cairn/000012.sst offset 4096"
  std::string why;
  std::string lo;
  std::string hi;  // empty: nobody knows where it ends
  lsm::Sequence max_sequence = lsm::kMaxSequence;
};

class Losses {
 public:
  // `keep_older`: older versions are kept all the same.
  Losses(Report& report, bool keep_older) : report_(report), keep_older_(keep_older) {}

  // "lost: WHERE: keys from LO up to HI, sequences up to N: WHY"
  void AddKeys(LostKeys lost);
  // Of keys that nobody knows: what they overwrote or deleted shows as it was before.
  void AddUnknown(std::string_view text);
  // No keys, but what was known about them.
  void Add(std::string_view text);
  // Worth knowing: damaged, and nothing lost by that.
  void Note(std::string_view text) { report_.Note(text); }

  // Whether a version of the key that is newer than `sequence` may be lost. Requires: keys ascend
  // from call to call, and a stretch is added before the first key of it is asked for.
  bool MayHide(std::string_view key, lsm::Sequence sequence);
  bool any() const { return any_; }
  // Whether records of the server itself may be among what is lost.
  bool system_records() const { return system_records_; }

 private:
  Report& report_;
  const bool keep_older_;
  std::vector<LostKeys> ahead_;  // that end behind the last key asked for
  bool any_ = false;
  bool system_records_ = false;
};

// The smallest key that is greater.
inline std::string KeyAfter(std::string_view key) {
  return std::string(key) + '\0';
}

}  // namespace cairn::check
