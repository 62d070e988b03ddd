#include "server/command_records.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "commands/table.h"
#include "util/check.h"

namespace cairn {
namespace {

constexpr size_t kSlots = 2048;

}  // namespace

CommandRecords::CommandRecords() : slots_(kSlots) {
  for (const CommandSpec* spec : AllCommands()) AddRow(*spec, std::string(spec->name));
}

void CommandRecords::AddRow(const CommandSpec& spec, std::string name) {
  CommandRecord& record = records_.emplace_back();
  record.name = name;
  const bool has_keys = !spec.key_specs.empty() && !spec.Has(CommandFlag::kNoTouch);
  if (has_keys && spec.key_specs[0].begin == KeySpec::Begin::kIndex &&
      spec.key_specs[0].find == KeySpec::Find::kRange) {
    const KeySpec& keys = spec.key_specs[0];
    record.touch_first = keys.begin_index;
    record.touch_last = keys.last_key < 0 ? keys.last_key : keys.begin_index + keys.last_key;
    record.touch_step = std::max(1, keys.key_step);
  }
  size_t place = PlaceOf(spec);
  CHECK(slots_[place].spec == nullptr);
  CHECK(records_.size() < kSlots / 2);
  slots_[place] = {&spec, &record};
  for (const CommandSpec& subcommand : spec.subcommands) {
    AddRow(subcommand, fmt::format("{}|{}", name, subcommand.name));
  }
}

// The row's slot, or the free one where it would stand.
size_t CommandRecords::PlaceOf(const CommandSpec& spec) const {
  // Fibonacci hashing; rows lie a multiple of their size apart.
  const uint64_t mixed = reinterpret_cast<uintptr_t>(&spec) * 0x9e3779b97f4a7c15ULL;
  size_t place = mixed >> 32 & (kSlots - 1);
  while (slots_[place].spec != nullptr && slots_[place].spec != &spec) {
    place = (place + 1) & (kSlots - 1);
  }
  return place;
}

CommandRecord& CommandRecords::Of(const CommandSpec& spec) {
  const Slot& slot = slots_[PlaceOf(spec)];
  CHECK(slot.record != nullptr);
  return *slot.record;
}

void CommandRecords::ResetStatistics() {
  for (CommandRecord& record : records_) {
    record.calls = record.nanos = record.rejected = record.failed = 0;
    record.latency_nanos.reset();
  }
}

void ErrorCounts::Count(std::string_view reply) {
  if (!reply.empty() && reply[0] == '-') reply.remove_prefix(1);
  const std::string code(reply.substr(0, reply.find_first_of(" \r\n")));
  const auto found = counts_.find(code);
  if (found != counts_.end()) {
    ++found->second;
  } else if (counts_.size() < kMaxCodes) {
    counts_.emplace(code, 1);
  }
}

}  // namespace cairn
