// MEMORY: what keys take, and where the memory is.

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <array>
#include <variant>

#include "commands/arguments.h"
#include "commands/diagnostics_commands.h"

namespace cairn {

namespace {

constexpr std::string_view kHelp[] = {
    "DOCTOR",
    "    Says what about the memory is not as it should be.",
    "MALLOC-STATS",
    "    Shows the C library's own figures.",
    "PURGE",
    "    Gives back to the system what the C library holds for later.",
    "STATS",
    "    Shows where the memory is.",
    "USAGE <key> [SAMPLES <count>]",
    "    Says how many bytes the key and its value take in memory, when they are there.",
};

// Beside key and value: the header of a memtable's or record cache's record, its place in tree and
// index, and the space id that its key begins with.
constexpr int64_t kRecordOverheadBytes = 64;

double Ratio(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

int64_t Difference(uint64_t a, uint64_t b) {
  return static_cast<int64_t>(a) - static_cast<int64_t>(b);
}

struct Figure {
  std::string_view name;
  std::variant<int64_t, double> value;
};

void ReplyFigure(CommandContext& c, const Figure& figure) {
  c.reply.Bulk(figure.name);
  if (const auto* integer = std::get_if<int64_t>(&figure.value)) {
    c.reply.Integer(*integer);
  } else {
    c.reply.Double(std::get<double>(figure.value));
  }
}

// A database has no hash tables: its keys lie in memtables and tables.
void ReplyDatabase(CommandContext& c, int db) {
  c.reply.Bulk(fmt::format("db.{}", db));
  c.reply.MapHeader(3);
  for (const char* table : {"main", "expires", "slot-to-keys"}) {
    ReplyFigure(c, {fmt::format("overhead.hashtable.{}", table), int64_t{0}});
  }
}

std::string Advice(const MemoryReport& report) {
  constexpr uint64_t kLittle = uint64_t{5} << 20, kMuch = uint64_t{64} << 20;
  std::string text;
  if (report.counted - std::min(report.counted, report.startup) < kLittle) {
    return "Little memory is used so far: there is nothing to say about it.\n";
  }
  const uint64_t uncounted = report.resident - std::min(report.resident, report.counted);
  if (uncounted > kMuch && uncounted > report.counted / 2) {
    text += fmt::format(
        "The process takes {} bytes more than it knows of: the C library holds them for later. "
        "MEMORY PURGE gives back what it can.\n",
        uncounted);
  }
  if (report.limit > 0 && report.counted > report.limit) {
    text += fmt::format(
        "The server takes {} bytes, more than maxmemory ({}): what is not a cache does not fit. "
        "Look for clients with long output, or give it more.\n",
        report.counted, report.limit);
  }
  if (report.clients > kMuch && report.clients > report.counted / 4) {
    text += fmt::format(
        "The buffers of clients take {} bytes: some do not read their replies. CLIENT LIST names "
        "them (omem), client-output-buffer-limit bounds them.\n",
        report.clients);
  }
  if (report.frozen > kMuch && report.frozen > report.counted / 2) {
    text += fmt::format(
        "Memtables of {} bytes wait to be flushed: the disk is slower than the writers.\n",
        report.frozen);
  }
  return text.empty() ? "The memory is as it should be.\n" : text;
}

}  // namespace

void MemoryUsageCommand(CommandContext& c) {
  for (size_t i = 3; i < c.argv.size(); i += 2) {
    if (!Is(c.argv[i], "SAMPLES") || i + 1 == c.argv.size()) {
      c.reply.Error(kSyntaxError);
      return;
    }
    // A value is one record: there is nothing to take samples of.
    const std::optional<int64_t> samples = ReadInteger(c, i + 1);
    if (!samples) return;
    if (*samples < 0) {
      c.reply.Error(kSyntaxError);
      return;
    }
  }
  const KeyRef key = OpenKey(c, c.argv[2]);
  if (!key.exists) {
    c.reply.Null();
    return;
  }
  const size_t bytes = key.name.size() + key.value.size() + (key.expire_at_ms == 0 ? 0 : 8);
  c.reply.Integer(static_cast<int64_t>(bytes) + kRecordOverheadBytes);
}

void MemoryStatsCommand(CommandContext& c) {
  const MemoryReport report = c.server.ReportMemory();
  int64_t keys = 0;
  for (const auto& [db, count] : report.keys_by_db) keys += count;
  const auto bytes = [](uint64_t value) { return static_cast<int64_t>(value); };
  const uint64_t beyond_start = report.used - std::min(report.used, report.startup);
  const std::array before = {
      Figure{"peak.allocated", bytes(report.peak)},
      Figure{"total.allocated", bytes(report.used)},
      Figure{"startup.allocated", bytes(report.startup)},
      Figure{"replication.backlog", int64_t{0}},
      Figure{"clients.slaves", int64_t{0}},
      Figure{"clients.normal", bytes(report.clients)},
      Figure{"cluster.links", int64_t{0}},
      Figure{"aof.buffer", bytes(report.log_buffer)},
      Figure{"lua.caches", int64_t{0}},
      Figure{"functions.caches", int64_t{0}},
  };
  const std::array after = {
      Figure{"overhead.total", bytes(report.used - report.dataset)},
      Figure{"keys.count", keys},
      Figure{"keys.bytes-per-key", keys == 0 ? 0 : bytes(beyond_start) / keys},
      Figure{"dataset.bytes", bytes(report.dataset)},
      Figure{"dataset.percentage", Ratio(report.dataset, beyond_start) * 100},
      Figure{"peak.percentage", Ratio(report.used, report.peak) * 100},
      Figure{"allocator.allocated", bytes(report.counted)},
      Figure{"allocator.active", bytes(report.resident)},
      Figure{"allocator.resident", bytes(report.resident)},
      Figure{"allocator-fragmentation.ratio", Ratio(report.resident, report.counted)},
      Figure{"allocator-fragmentation.bytes", Difference(report.resident, report.counted)},
      Figure{"allocator-rss.ratio", 1.0},
      Figure{"allocator-rss.bytes", int64_t{0}},
      Figure{"rss-overhead.ratio", 1.0},
      Figure{"rss-overhead.bytes", int64_t{0}},
      Figure{"fragmentation", Ratio(report.resident, report.used)},
      Figure{"fragmentation.bytes", Difference(report.resident, report.used)},
  };
  c.reply.MapHeader(before.size() + report.keys_by_db.size() + after.size());
  for (const Figure& figure : before) ReplyFigure(c, figure);
  for (const auto& [db, count] : report.keys_by_db) ReplyDatabase(c, db);
  for (const Figure& figure : after) ReplyFigure(c, figure);
}

void MemoryDoctorCommand(CommandContext& c) {
  c.reply.Verbatim("txt", Advice(c.server.ReportMemory()));
}

// On a worker: both walk over every free chunk, with the allocator's locks held.

void MemoryMallocStatsCommand(CommandContext& c) {
  const struct mallinfo2 info = ::mallinfo2();
  c.reply.Verbatim("txt", fmt::format("bytes from the system, in arenas: {}\n"
                                      "  in use:                        {}\n"
                                      "  free:                          {} in {} chunks\n"
                                      "  free at the top, trimmable:    {}\n"
                                      "bytes in mappings of their own:  {} in {} mappings\n",
                                      info.arena, info.uordblks, info.fordblks, info.ordblks,
                                      info.keepcost, info.hblkhd, info.hblks));
}

void MemoryPurgeCommand(CommandContext& c) {
  ::malloc_trim(0);
  c.reply.Ok();
}

void MemoryHelpCommand(CommandContext& c) {
  ReplyHelp(c, "MEMORY", kHelp);
}

}  // namespace cairn
