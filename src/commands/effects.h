#pragma once
// What an attempt stages beside its writes (those are the transaction's): applied by the executor
// when the attempt commits, forgotten when it is abandoned (design §2).
//
// Thread: that of the attempt. Lifetime: cleared with the transaction's Begin; views as there.

#include <cstdint>
#include <optional>
#include <vector>

#include "commands/scan_table.h"
#include "lsm/types.h"

namespace cairn {

// The command cannot be answered yet: it is run again when this much is durable, when the time is
// over, or when CLIENT UNBLOCK says so. It must not have staged any write.
struct WaitRequest {
  lsm::Sequence durable = 0;  // 0: only time ends it
  int64_t timeout_ms = 0;     // from its first attempt on; 0: none
};

struct Effects {
  std::vector<ScanStep> scan_steps;
  std::optional<WaitRequest> wait;

  void Clear() {
    scan_steps.clear();
    wait.reset();
  }
  void Apply(ScanTable& scans) const {
    for (const ScanStep& step : scan_steps) scans.Apply(step);
  }
};

}  // namespace cairn
