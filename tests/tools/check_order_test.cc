// What no checksum tells: tables, each sound in itself, that contradict each other or the catalog.

#include "hand_made.h"
#include "keyspace/system_records.h"
#include "lsm/block_builder.h"
#include "lsm/block_format.h"

namespace cairn::check {
namespace {

// One line of damage, which says `what`.
void CheckDamage(const Outcome& outcome, std::string_view what) {
  INFO(outcome.text);
  CHECK(outcome.exit_code == kExitDamage);
  CHECK(outcome.Says(what));
  CHECK(outcome.Says("\n1 damaged, 0 unreadable"));
}

TEST_CASE("runs that agree are sound") {
  HandMade store;
  store.AddRun({{"a", 9, kTombstone, lsm::Below::kLive}, {"b", 8}});
  store.AddRun({{"a", 3}, {"c", 2, lsm::EntryKind::kValue, lsm::Below::kUnknown}});
  // -1 and 1, 1, 0 and one that may be 1.
  store.snapshot().counts[kSpace] = {.live = 1, .unsettled = 1};
  const Outcome outcome = store.Verify();
  INFO(outcome.text);
  CHECK(outcome.exit_code == kExitClean);
  CHECK(outcome.Says("space 1024: 2 live keys in the tables, 1 not yet settled"));
}

TEST_CASE("a newer run with an older version") {
  HandMade store;
  store.AddRun({{"a", 4, lsm::EntryKind::kValue, lsm::Below::kLive}, {"b", 8}});
  store.AddRun({{"a", 5}, {"c", 2}});
  store.snapshot().counts[kSpace] = {.live = 3};
  CheckDamage(store.Verify(), "key 1024/a: its version 4 stands above 5");
}

TEST_CASE("a version in two runs: an input of a merge that was left unbounded") {
  HandMade store;
  store.AddRun({{"a", 5, lsm::EntryKind::kValue, lsm::Below::kUnknown}, {"b", 8}});
  store.AddRun({{"a", 5}, {"c", 2}});
  store.snapshot().counts[kSpace] = {.live = 3, .unsettled = 1};
  CheckDamage(store.Verify(), "key 1024/a: its version 5 stands above 5");
}

TEST_CASE("an entry that is wrong about what lies below it") {
  {
    HandMade store;
    store.AddRun({{"a", 5, lsm::EntryKind::kValue, lsm::Below::kLive}});
    store.snapshot().counts[kSpace] = {.live = 0, .unsettled = 1};
    const Outcome outcome = store.Verify();
    CHECK(outcome.Says("key 1024/a: its version 5 counts a live one below it, which is not there"));
  }
  HandMade store;
  store.AddRun({{"a", 5, kTombstone, lsm::Below::kAbsent}});
  store.AddRun({{"a", 3}});
  store.snapshot().counts[kSpace] = {.live = 1};
  CHECK(store.Verify().Says("key 1024/a: its version 5 counts none below it, but 3 is there"));
}

TEST_CASE("a count that could be, but is not what the entries add up to") {
  HandMade store;
  store.AddRun({{"a", 5, lsm::EntryKind::kValue, lsm::Below::kUnknown}, {"b", 8}});
  store.snapshot().counts[kSpace] = {.live = 2};
  CheckDamage(store.Verify(),
              "its tables hold 2 live keys, and their entries add up to 1 (and 1 unsettled)");
}

TEST_CASE("a table that holds what its dead-set mark says is gone") {
  const auto not_counted = lsm::Below::kNotCounted;
  for (const lsm::Sequence mark : {6, 7}) {
    HandMade store;
    store.AddRun({{DeadSpaceKey(kSpace + 1), 7, lsm::EntryKind::kValue, not_counted, kSystemSpace},
                  {"b", 8}});
    store.AddRun({{"a", 3}, {"z", 2, lsm::EntryKind::kValue, lsm::Below::kAbsent, kSpace + 1}},
                 mark);
    store.snapshot().counts[kSpace] = {.live = 2};
    const Outcome outcome = store.Verify();
    if (mark < 7) {
      INFO(outcome.text);
      CHECK(outcome.exit_code == kExitClean);
    } else {
      CheckDamage(outcome, "000003.sst: holds key 1025/z of a space that died at sequence 7");
    }
  }
}

TEST_CASE("a next file number that is in use") {
  HandMade store;
  store.AddRun({{"a", 5}});
  store.snapshot().counts[kSpace] = {.live = 1};
  store.snapshot().next_file = 2;
  CheckDamage(store.Verify(), "table 1 of run 2 is not below the next file number 2");
}

TEST_CASE("a table with a sequence that is not flushed") {
  HandMade store;
  store.AddRun({{"a", 101}});
  store.snapshot().counts[kSpace] = {.live = 1};
  CheckDamage(store.Verify(), "table 1 holds sequence 101, but only 100 is flushed");
}

void PutHandle(std::string* to, lsm::BlockHandle handle) {
  PutVarint64(to, handle.offset);
  PutVarint64(to, handle.stored_bytes);
}

// A table of one block with `junk` between that and its index.
lsm::TableInfo WriteTableWithJunk(FaultEnv& env, lsm::FileNumber number, std::string_view junk,
                                  uint64_t secret) {
  lsm::TableProperties properties;
  lsm::TableInfo& info = properties.info;
  info.file = number;
  info.id = {1, 2};
  lsm::MakeKey(&info.smallest, kSpace, "a");
  info.largest = info.smallest;
  info.min_sequence = info.max_sequence = 5;
  info.entries = info.values = 1;
  info.raw_key_bytes = info.smallest.size();
  properties.filter_secret_check = lsm::FilterSecretCheck(secret);
  std::string bytes;
  const auto seal = [&](lsm::BlockKind kind, std::string_view block) {
    lsm::BlockHandle handle{.offset = bytes.size(), .stored_bytes = 0};
    handle.stored_bytes = lsm::SealBlock(&bytes, kind, block, false, info.id, handle.offset);
    return handle;
  };
  lsm::BlockBuilder data(4);
  data.AddEntry(info.smallest, {.below = lsm::Below::kAbsent, .sequence = 5, .value = {}});
  properties.raw_block_bytes = data.size_bytes();
  const lsm::BlockHandle block = seal(lsm::BlockKind::kData, data.Finish());
  properties.data_blocks = properties.partitions = 1;
  properties.data_block_bytes = block.stored_bytes;
  bytes += junk;
  const std::string bound = info.largest + '\0';
  std::string payload;
  PutHandle(&payload, block);
  lsm::BlockBuilder index(4);
  index.Add(bound, payload);
  const lsm::BlockHandle index_block = seal(lsm::BlockKind::kIndex, index.Finish());
  properties.index_block_bytes = index_block.stored_bytes;
  payload.clear();
  PutHandle(&payload, index_block);
  PutHandle(&payload, {});
  lsm::BlockBuilder top(4);
  top.Add(bound, payload);
  const lsm::BlockHandle top_block = seal(lsm::BlockKind::kTopIndex, top.Finish());
  payload.clear();
  lsm::EncodeTableProperties(&payload, properties);
  const lsm::BlockHandle properties_block = seal(lsm::BlockKind::kProperties, payload);
  lsm::BlockBuilder directory(1);
  payload.clear();
  PutHandle(&payload, properties_block);
  directory.Add(lsm::kPropertiesName, payload);
  payload.clear();
  PutHandle(&payload, top_block);
  directory.Add(lsm::kTopIndexName, payload);
  lsm::TableFooter footer;
  footer.id = info.id;
  footer.directory = seal(lsm::BlockKind::kDirectory, directory.Finish());
  info.size_bytes = bytes.size() + lsm::kFooterBytes;
  lsm::EncodeTableFooter(&bytes, footer, info.size_bytes);
  auto file = env.CreateAppend(HandMade::PathOf(number));
  REQUIRE(file.ok());
  REQUIRE((*file)->Append(bytes).ok());
  return info;
}

TEST_CASE("bytes in a table that no block covers") {
  for (const std::string_view junk : {"", "junk"}) {
    HandMade store;
    store.AddTable(WriteTableWithJunk(store.env(), store.next(), junk, store.filter_secret()));
    store.snapshot().counts[kSpace] = {.live = 1};
    const Outcome outcome = store.Verify();
    if (junk.empty()) {
      INFO(outcome.text);
      CHECK(outcome.exit_code == kExitClean);
    } else {
      CheckDamage(outcome, ": the block in front of it ends at offset ");
    }
  }
}

}  // namespace
}  // namespace cairn::check
