#include "commands/table.h"

#include <fmt/format.h>

#include <vector>

#include "commands/families.h"
#include "util/ascii.h"
#include "util/check.h"

namespace cairn {

namespace {

constexpr size_t kMaxQuotedBytes = 128;  // of what the client sent, in an error text

// FNV-1a over lower-case letters: the names are few and ours, so no seed is needed.
uint32_t HashOfName(std::string_view name) {
  uint32_t hash = 2166136261u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(ToLower(c))) * 16777619u;
  return hash ^ hash >> 15;
}

// Open addressing, at most a quarter full: nearly every look-up ends at its first slot.
class NameIndex {
 public:
  NameIndex() {
    for (const auto rows : {StringRows(), CounterRows(), BitmapRows(), HyperLogLogRows(), KeyRows(),
                            ExpiryRows(), ConnectionRows(), ServerRows(), SaveRows(),
                            DiagnosticsRows(), ReplicationRows(), CommandRows()}) {
      for (const CommandSpec& row : rows) all_.push_back(&row);
    }
    size_t slot_count = 1;
    while (slot_count < all_.size() * 4) slot_count *= 2;
    slots_.resize(slot_count);
    for (const CommandSpec* row : all_) {
      CAIRN_CHECK(Find(row->name) == nullptr);
      size_t slot = HashOfName(row->name) & (slots_.size() - 1);
      while (slots_[slot] != nullptr) slot = (slot + 1) & (slots_.size() - 1);
      slots_[slot] = row;
    }
  }

  const CommandSpec* Find(std::string_view name) const {
    const size_t mask = slots_.size() - 1;
    for (size_t slot = HashOfName(name) & mask; slots_[slot] != nullptr; slot = (slot + 1) & mask) {
      if (EqualsIgnoreCase(slots_[slot]->name, name)) return slots_[slot];
    }
    return nullptr;
  }
  std::span<const CommandSpec* const> all() const { return all_; }

 private:
  std::vector<const CommandSpec*> all_;
  std::vector<const CommandSpec*> slots_;
};

const NameIndex& Names() {
  static const NameIndex names;
  return names;
}

// As C's "%.128s" prints it: up to the first zero byte.
std::string_view Quoted(std::string_view text, size_t limit = kMaxQuotedBytes) {
  return text.substr(0, std::min(limit, text.find('\0')));
}

}  // namespace

std::span<const CommandSpec* const> AllCommands() {
  return Names().all();
}

const CommandSpec* FindCommand(std::string_view name) {
  return Names().Find(name);
}

const CommandSpec* FindSubcommand(const CommandSpec& container, std::string_view name) {
  for (const CommandSpec& row : container.subcommands) {
    if (EqualsIgnoreCase(row.name, name)) return &row;
  }
  return nullptr;
}

ResolvedCommand ResolveCommand(std::span<const std::string_view> argv) {
  CAIRN_CHECK(!argv.empty());
  const CommandSpec* spec = FindCommand(argv[0]);
  if (spec == nullptr || spec->subcommands.empty() || argv.size() == 1) return {spec, nullptr};
  return {FindSubcommand(*spec, argv[1]), spec};
}

std::string FullName(const ResolvedCommand& command) {
  if (command.container == nullptr) return std::string(command.spec->name);
  return fmt::format("{}|{}", command.container->name, command.spec->name);
}

std::string UnknownCommandError(std::span<const std::string_view> argv) {
  if (argv.size() > 1 && FindCommand(argv[0]) != nullptr) {
    return fmt::format("ERR unknown subcommand '{}'. Try {} HELP.", Quoted(argv[1]),
                       UpperCase(argv[0]));
  }
  std::string arguments;
  for (const std::string_view argument : argv.subspan(1)) {
    if (arguments.size() >= kMaxQuotedBytes) break;
    arguments += fmt::format("'{}' ", Quoted(argument, kMaxQuotedBytes - arguments.size()));
  }
  return fmt::format("ERR unknown command '{}', with args beginning with: {}", Quoted(argv[0]),
                     arguments);
}

std::string ArityError(const ResolvedCommand& command) {
  return fmt::format("ERR wrong number of arguments for '{}' command", FullName(command));
}

}  // namespace cairn
