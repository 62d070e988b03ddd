#include "server/large_command.h"

#include "resp/writer.h"
#include "server/connection.h"
#include "util/check.h"

namespace cairn {

LargeCommand::LargeCommand(Connection& connection, const CommandRun& run, ServerControl& control,
                           uint64_t max_bulk_bytes)
    : connection(&connection),
      words(run.argv.begin(), run.argv.end()),
      argv(words.begin(), words.end()),
      spec(run.spec),
      session(connection.session()),
      control(control),
      max_bulk_bytes(max_bulk_bytes),
      seed(run.seed) {
  CHECK(spec->Has(CommandFlag::kLarge));
}

void LargeCommand::Run(Keyspace& keyspace, lsm::ReadContext& reads) {
  Transaction tx(keyspace, reads);
  tx.Begin(now_ms, seed, false);
  tx.PinDatabase(session.db, space);
  Effects effects;
  resp::Writer writer(reply, session.protocol);
  CommandContext context{argv, *spec, tx, effects, writer, session, control, max_bulk_bytes};
  spec->handler(context);
  status = tx.status();
  // The removal of an expired key can wait for the next who finds it.
  if (tx.has_writes()) tx.DropWrites();
  counters = tx.counters();
}

}  // namespace cairn
