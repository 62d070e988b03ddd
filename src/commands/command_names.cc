#include "commands/command_names.h"

#include <fmt/format.h>

namespace cairn {

namespace {

constexpr BitName Named(CommandFlag flag, std::string_view name) {
  return {static_cast<uint32_t>(flag), name};
}
constexpr BitName Named(AclCategory category, std::string_view name) {
  return {static_cast<uint32_t>(category), name};
}

constexpr BitName kFlags[] = {
    Named(CommandFlag::kWrite, "write"),
    Named(CommandFlag::kReadonly, "readonly"),
    Named(CommandFlag::kDenyOom, "denyoom"),
    Named(CommandFlag::kAdmin, "admin"),
    Named(CommandFlag::kPubsub, "pubsub"),
    Named(CommandFlag::kNoScript, "noscript"),
    Named(CommandFlag::kBlocking, "blocking"),
    Named(CommandFlag::kLoading, "loading"),
    Named(CommandFlag::kStale, "stale"),
    Named(CommandFlag::kSkipMonitor, "skip_monitor"),
    Named(CommandFlag::kSkipSlowlog, "skip_slowlog"),
    Named(CommandFlag::kAsking, "asking"),
    Named(CommandFlag::kFast, "fast"),
    Named(CommandFlag::kNoAuth, "no_auth"),
    Named(CommandFlag::kMayReplicate, "may_replicate"),
    Named(CommandFlag::kNoAsyncLoading, "no_async_loading"),
    Named(CommandFlag::kNoMulti, "no_multi"),
    Named(CommandFlag::kMovableKeys, "movablekeys"),
    Named(CommandFlag::kAllowBusy, "allow_busy"),
};

constexpr BitName kCategories[] = {
    Named(AclCategory::kKeyspace, "keyspace"),
    Named(AclCategory::kRead, "read"),
    Named(AclCategory::kWrite, "write"),
    Named(AclCategory::kSet, "set"),
    Named(AclCategory::kSortedSet, "sortedset"),
    Named(AclCategory::kList, "list"),
    Named(AclCategory::kHash, "hash"),
    Named(AclCategory::kString, "string"),
    Named(AclCategory::kBitmap, "bitmap"),
    Named(AclCategory::kHyperLogLog, "hyperloglog"),
    Named(AclCategory::kGeo, "geo"),
    Named(AclCategory::kStream, "stream"),
    Named(AclCategory::kPubsub, "pubsub"),
    Named(AclCategory::kAdmin, "admin"),
    Named(AclCategory::kFast, "fast"),
    Named(AclCategory::kSlow, "slow"),
    Named(AclCategory::kBlocking, "blocking"),
    Named(AclCategory::kDangerous, "dangerous"),
    Named(AclCategory::kConnection, "connection"),
    Named(AclCategory::kTransaction, "transaction"),
    Named(AclCategory::kScripting, "scripting"),
};

constexpr BitName kAccess[] = {
    {KeySpec::kRo, "RO"},
    {KeySpec::kRw, "RW"},
    {KeySpec::kOw, "OW"},
    {KeySpec::kRm, "RM"},
    {KeySpec::kAccess, "access"},
    {KeySpec::kUpdate, "update"},
    {KeySpec::kInsert, "insert"},
    {KeySpec::kDelete, "delete"},
    {KeySpec::kNotKey, "not_key"},
    {KeySpec::kIncomplete, "incomplete"},
    {KeySpec::kVariableFlags, "variable_flags"},
};

}  // namespace

const std::span<const BitName> kCommandFlagNames = kFlags;
const std::span<const BitName> kAclCategoryNames = kCategories;
const std::span<const BitName> kKeyAccessNames = kAccess;

void WriteBitNames(resp::Writer& reply, uint32_t bits, std::span<const BitName> names,
                   std::string_view prefix) {
  size_t count = 0;
  for (const BitName& name : names) count += (bits & name.bit) != 0 ? 1 : 0;
  reply.SetHeader(count);
  for (const BitName& name : names) {
    if ((bits & name.bit) != 0) reply.SimpleString(fmt::format("{}{}", prefix, name.name));
  }
}

ResolvedCommand FindByFullName(std::string_view name) {
  const size_t bar = name.find('|');
  const CommandSpec* spec = FindCommand(name.substr(0, bar));
  if (spec == nullptr || bar == std::string_view::npos) return {spec, nullptr};
  return {FindSubcommand(*spec, name.substr(bar + 1)), spec};
}

}  // namespace cairn
