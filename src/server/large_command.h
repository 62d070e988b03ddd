#pragma once
// A command that runs as a snapshot job (design §2): the same handler, on a worker, over what was
// committed when it began.
//
// Thread: made and answered on the loop, run on a worker in between; `connection` is the loop's
// alone. Ownership: shared by the executor and the job, since the connection may go, or the server
// stop, while it runs.

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "commands/server_control.h"
#include "commands/session.h"
#include "lsm/read_context.h"
#include "resp/output_buffer.h"
#include "server/attempt.h"
#include "util/status.h"

namespace cairn {

class Connection;

struct LargeCommand {
  // Copies what the handler looks at. `control` outlives it.
  LargeCommand(Connection& connection, const CommandRun& run, ServerControl& control,
               uint64_t max_bulk_bytes);

  // The worker's part.
  void Run(Keyspace& keyspace, lsm::ReadContext& reads);

  Connection* connection;  // null: it went away
  const std::shared_ptr<std::atomic<bool>> cancelled = std::make_shared<std::atomic<bool>>(false);
  std::vector<std::string> words;
  std::vector<std::string_view> argv;  // of words
  const CommandSpec* spec;
  Session session;
  ServerControl& control;
  uint64_t max_bulk_bytes;
  uint64_t now_ms = 0;
  uint64_t seed;
  lsm::SpaceId space = 0;     // what the session's database is
  lsm::Sequence depends = 0;  // the newest sequence when it began
  resp::OutputBuffer reply;   // what came of it
  AttemptCounters counters;
  Status status;
};

}  // namespace cairn
