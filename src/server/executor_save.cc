// The part of the executor that deals with SAVE: its connection stays parked until the checkpoint
// is done; nobody else waits.

#include <fmt/format.h>
#include <utility>

#include "server/executor.h"
#include "util/check.h"

namespace cairn {

void Executor::OnSaved(const Status& status) {
  if (save_waiter_ == nullptr) return;
  Connection& connection = *std::exchange(save_waiter_, nullptr);
  ParkedCommand& parked = connection.parked();
  CHECK(parked.reason == ParkReason::kSave);
  parked.BeginRunning(parts_.clock.Nanos());
  CommandRun run = parked.run;
  resp::Writer reply(connection.queue.buffer(), connection.session().protocol);
  if (status.ok()) {
    reply.Ok();
  } else {
    reply.Error(fmt::format("ERR {}", status.ToString()));
  }
  NoteErrorReply(connection, run);
  // What the checkpoint holds is on the disk.
  CloseReply(connection, 0);
  NoteDone(connection, run);
  Unpark(connection, nullptr);
}

}  // namespace cairn
