#pragma once
// The records of the system space that the keyspace keeps: which space a database is, the next
// space id, dead spaces. Layouts: src/keyspace/README.md, "System space".
//
// Thread safety: pure functions. Errors: kCorruption for bytes that are no such record,
// kNotSupported for a layout of a later Cairn.

#include <string>
#include <string_view>

#include "lsm/types.h"
#include "util/status.h"

namespace cairn {

// Persisted.
constexpr lsm::SpaceId kSystemSpace = 1;

// How the keys of a database lie in spaces. Persisted; numbers are never used again.
enum class DatabaseLayout : uint8_t {
  kFlat = 1,   // one space
  kSlots = 2,  // reserved: one space per hash slot
};

// What a dead space was, so that a sweep knows whether it had children. Persisted.
enum class DeadSpaceKind : uint8_t { kDatabase = 1, kCollection = 2 };

// Keys: the first byte is the kind of record, numbers behind it are big-endian.
constexpr char kDatabaseRecord = 'd';
constexpr char kDeadSpaceRecord = 'x';
constexpr std::string_view kNextSpaceKey = "n";
constexpr int kMaxDatabases = 65536;  // their numbers are below it
constexpr size_t kDatabaseKeyBytes = 5;
constexpr size_t kDeadSpaceKeyBytes = 9;

std::string DatabaseKey(int db);
std::string DatabaseValue(lsm::SpaceId space);
std::string NextSpaceValue(lsm::SpaceId next);
std::string DeadSpaceKey(lsm::SpaceId space);
std::string DeadSpaceValue(DeadSpaceKind kind);

Result<int> ParseDatabaseKey(std::string_view key);
Result<lsm::SpaceId> ParseDatabaseValue(std::string_view value);
Result<lsm::SpaceId> ParseNextSpaceValue(std::string_view value);
Result<lsm::SpaceId> ParseDeadSpaceKey(std::string_view key);

}  // namespace cairn
