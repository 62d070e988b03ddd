#pragma once
// What an attempt stages beside its writes (those are the transaction's): applied by the executor
// when the attempt commits, forgotten when it is abandoned (design §2).
//
// Thread: that of the attempt. Lifetime: cleared with the transaction's Begin; views as there.

#include <vector>

#include "commands/scan_table.h"

namespace cairn {

struct Effects {
  std::vector<ScanStep> scan_steps;
  // SAVE: its reply comes when the checkpoint that it has begun is done.
  bool waits_for_save = false;

  void Clear() {
    scan_steps.clear();
    waits_for_save = false;
  }
  void Apply(ScanTable& scans) const {
    for (const ScanStep& step : scan_steps) scans.Apply(step);
  }
};

}  // namespace cairn
