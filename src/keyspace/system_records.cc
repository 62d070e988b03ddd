#include "keyspace/system_records.h"

#include <climits>

#include "util/check.h"
#include "util/coding.h"

namespace cairn {

namespace {

Status Malformed(std::string_view what) {
  return Status::Corruption("system record: malformed " + std::string(what));
}

// A space id that a user's data may have.
bool IsUserSpace(uint64_t space) {
  return space >= lsm::kFirstUserSpace;
}

}  // namespace

std::string DatabaseKey(int db) {
  CAIRN_CHECK(db >= 0);
  std::string key(1, kDatabaseRecord);
  const auto number = static_cast<uint32_t>(db);
  for (int shift = 24; shift >= 0; shift -= 8) key.push_back(static_cast<char>(number >> shift));
  return key;
}

std::string DatabaseValue(lsm::SpaceId space) {
  CAIRN_CHECK(IsUserSpace(space));
  std::string value(1, static_cast<char>(DatabaseLayout::kFlat));
  PutFixed64(&value, space);
  return value;
}

std::string NextSpaceValue(lsm::SpaceId next) {
  CAIRN_CHECK(IsUserSpace(next));
  std::string value;
  PutFixed64(&value, next);
  return value;
}

std::string DeadSpaceKey(lsm::SpaceId space) {
  CAIRN_CHECK(IsUserSpace(space));
  std::string key(1, kDeadSpaceRecord);
  PutBigEndian64(&key, space);
  return key;
}

std::string DeadSpaceValue(DeadSpaceKind kind) {
  return std::string(1, static_cast<char>(kind));
}

Result<int> ParseDatabaseKey(std::string_view key) {
  if (key.size() != kDatabaseKeyBytes || key[0] != kDatabaseRecord)
    return Malformed("database key");
  uint32_t number = 0;
  for (const char c : key.substr(1)) number = number << 8 | static_cast<unsigned char>(c);
  if (number >= static_cast<uint32_t>(kMaxDatabases)) return Malformed("database key");
  return static_cast<int>(number);
}

Result<lsm::SpaceId> ParseDatabaseValue(std::string_view value) {
  if (value.empty()) return Malformed("database value");
  if (static_cast<DatabaseLayout>(value[0]) != DatabaseLayout::kFlat) {
    return Status::NotSupported("a database has a layout that this version does not know: " +
                                std::to_string(static_cast<unsigned char>(value[0])));
  }
  value.remove_prefix(1);
  uint64_t space = 0;
  if (!GetFixed64(&value, &space) || !value.empty() || !IsUserSpace(space)) {
    return Malformed("database value");
  }
  return space;
}

Result<lsm::SpaceId> ParseNextSpaceValue(std::string_view value) {
  uint64_t next = 0;
  if (!GetFixed64(&value, &next) || !value.empty() || !IsUserSpace(next)) {
    return Malformed("next space id");
  }
  return next;
}

Result<lsm::SpaceId> ParseDeadSpaceKey(std::string_view key) {
  if (key.size() != kDeadSpaceKeyBytes || key[0] != kDeadSpaceRecord) {
    return Malformed("dead space key");
  }
  const uint64_t space = DecodeBigEndian64(key.data() + 1);
  if (!IsUserSpace(space)) return Malformed("dead space key");
  return space;
}

}  // namespace cairn
