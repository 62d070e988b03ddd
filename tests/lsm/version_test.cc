// Versions, their edits and their text: what an edit makes of a catalog, what it refuses, and when
// a table's file may go. Cases: tests/cases/version.txt.

#include "lsm/version.h"

#include <fmt/format.h>
#include <vector>

#include "edit_text.h"
#include "lsm/tagged_fields.h"
#include "lsm/version_edit.h"
#include "support/seed.h"
#include "support/text_case.h"
#include "util/random.h"

namespace cairn::test {
namespace {

using lsm::CatalogState;
using lsm::TableLifetimes;
using lsm::VersionEdit;

class VersionCases {
 public:
  std::string Run(const TextCase& text_case) {
    if (text_case.command == "reset") {
      state_ = {};
      return "";
    }
    if (text_case.command == "edit") return Edit(text_case);
    if (text_case.command == "parse") return Parse(text_case.input);
    if (text_case.command == "overlap") return Overlap(text_case);
    FAIL("unknown command " << text_case.command);
    return "";
  }

 private:
  std::string Edit(const TextCase& text_case) {
    VersionEdit edit = ParseEdit(text_case.input);
    edit.number = ParseUint64(text_case.Named("number", std::to_string(state_.edit + 1))).value();
    // Through its bytes and back, as a MANIFEST would.
    std::string bytes;
    EncodeVersionEdit(&bytes, edit);
    auto decoded = lsm::DecodeVersionEdit(bytes);
    REQUIRE(decoded.ok());
    CHECK(decoded->DebugString() == edit.DebugString());
    std::vector<std::shared_ptr<const lsm::TableInfo>> removed;
    auto after = ApplyEdit(state_, *decoded, *lifetimes_, &removed);
    if (!after.ok()) return after.status().ToString();
    state_ = *after;
    CHECK(state_.version->Validate().ok());
    CheckSnapshot();
    std::string text = state_.DebugString();
    for (const auto& info : removed) text += fmt::format("removed {}\n", info->file);
    return text;
  }

  // A snapshot of the state makes the same state.
  void CheckSnapshot() {
    VersionEdit snapshot = SnapshotEdit(state_);
    snapshot.number = state_.edit;
    auto again = ApplyEdit({}, snapshot, *lifetimes_);
    REQUIRE(again.ok());
    CHECK(again->DebugString() == state_.DebugString());
  }

  static std::string Parse(const std::string& text) {
    auto version = lsm::ParseVersionDebug(text);
    if (!version.ok()) return version.status().ToString();
    CHECK(version->DebugString() == text);
    return version->Validate().ToString();
  }

  std::string Overlap(const TextCase& text_case) const {
    std::string text;
    for (const lsm::SortedRun& run : state_.version->runs()) {
      text += fmt::format("run {}:", run.id);
      for (const lsm::TableRef& ref :
           run.Overlapping(KeyOf(text_case.Argument(0)), KeyOf(text_case.Argument(1)))) {
        text += fmt::format(" {}", ref.table->file);
      }
      text += "\n";
    }
    return text;
  }

  CatalogState state_;
  std::shared_ptr<TableLifetimes> lifetimes_ = TableLifetimes::Create(nullptr);
};

TEST_CASE("version edits: text cases") {
  VersionCases cases;
  RunTextCases(std::string(CAIRN_CASES_DIR) + "/version.txt",
               [&](const TextCase& text_case) { return cases.Run(text_case); });
}

TEST_CASE("keys as text are read back, whatever their bytes") {
  std::string key;
  lsm::MakeKey(&key, 70000, "");
  for (int c = 0; c < 256; ++c) key.push_back(static_cast<char>(c));
  const std::string text = lsm::KeyDebugString(key);
  CHECK(text.starts_with("70000/\\x00\\x01"));
  CHECK(KeyOf(text) == key);
  for (const char* bad : {"", "1024", "x/a", "1024/a b", "1024/\\x0", "1024/\\y00", "1024/\\xG0"}) {
    INFO(bad);
    CHECK(lsm::ParseKeyDebug(bad).status().code() == StatusCode::kInvalidArgument);
  }
}

TEST_CASE("a file is obsolete when its edit is durable and the last version is gone") {
  std::vector<lsm::FileNumber> obsolete;
  auto lifetimes = TableLifetimes::Create([&](lsm::FileNumber file) { obsolete.push_back(file); });
  VersionEdit add = ParseEdit(
      "next file 20\norder 9\nadd 1 to run 9 [1024/a .. 1024/b] seq 1-2\n"
      "add 2 to run 9 [1024/c .. 1024/d] seq 1-2\n");
  add.number = 1;
  CatalogState state = *ApplyEdit({}, add, *lifetimes);
  auto pinned = state.version;

  VersionEdit remove = ParseEdit("remove 1\n");
  remove.number = 2;
  std::vector<std::shared_ptr<const lsm::TableInfo>> removed;
  state = *ApplyEdit(state, remove, *lifetimes, &removed);
  REQUIRE(removed.size() == 1);
  lifetimes->MarkObsolete(removed[0]->file);
  removed.clear();
  CHECK(obsolete.empty());  // a reader still pins the version before
  pinned.reset();
  CHECK(obsolete == std::vector<lsm::FileNumber>{1});
  state = {};
  CHECK(obsolete.size() == 1);  // a table that is still part of the store only loses its readers

  auto info = lifetimes->Track(MakeInfo(7, "12345678a", "12345678b", 1, 2));
  lifetimes->MarkObsolete(7);
  lifetimes->Detach();
  info.reset();
  CHECK(obsolete.size() == 1);
}

TEST_CASE("unknown fields of an edit: optional ones are skipped, others refused") {
  VersionEdit edit = ParseEdit("flushed 7\n");
  edit.number = 3;
  std::string bytes;
  EncodeVersionEdit(&bytes, edit);
  std::string with_optional = bytes;
  lsm::PutField(&with_optional, 999, lsm::FieldNeed::kOptional, "later");
  auto decoded = lsm::DecodeVersionEdit(with_optional);
  REQUIRE(decoded.ok());
  CHECK(decoded->flushed_seq == 7);
  lsm::PutField(&bytes, 998, lsm::FieldNeed::kMandatory, "later");
  decoded = lsm::DecodeVersionEdit(bytes);
  CHECK(decoded.status().code() == StatusCode::kNotSupported);
  CHECK(decoded.status().message().find("newer version of Cairn") != std::string_view::npos);
}

TEST_CASE("bytes that are no edit are refused, never more") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  VersionEdit edit = ParseEdit(
      "next file 20\norder 9 8\nadd 1 to run 9 [1024/a .. 1024/b] seq 5-6\n"
      "add 2 to run 8 [1024/a .. 1024/d] seq 1-2\nremove 3\nnarrow 4 to 1024/x\n"
      "flushed 6\nlog start 3\ndurable 6\ncount 1024: -3 live 2 unsettled\n");
  edit.number = 1;
  std::string bytes;
  EncodeVersionEdit(&bytes, edit);
  auto lifetimes = TableLifetimes::Create(nullptr);
  for (size_t length = 0; length < bytes.size(); ++length) {
    (void)lsm::DecodeVersionEdit(std::string_view(bytes).substr(0, length));
  }
  int decoded_ones = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string damaged = bytes;
    for (uint64_t n = 1 + random.Uniform(3); n > 0; --n) {
      damaged[random.Uniform(damaged.size())] = static_cast<char>(random.Next());
    }
    auto decoded = lsm::DecodeVersionEdit(damaged);
    if (!decoded.ok()) continue;
    ++decoded_ones;
    auto applied = ApplyEdit({}, *decoded, *lifetimes);
    if (applied.ok()) CHECK(applied->version->Validate().ok());
  }
  CHECK(decoded_ones > 0);
}

// Runs that a random engine makes: flushes on top, merges of neighbours, slices that narrow.
TEST_CASE("random edits keep the invariants, and order is checked") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  auto lifetimes = TableLifetimes::Create(nullptr);
  CatalogState state;
  lsm::FileNumber next = 1;
  for (int step = 0; step < 500; ++step) {
    VersionEdit edit;
    edit.number = state.edit + 1;
    std::vector<lsm::RunId> order;
    for (const auto& run : state.version->runs()) order.push_back(run.id);
    const bool merge = order.size() > 4;
    const lsm::RunId run = next++;
    if (merge) {
      // The two oldest become one, whole.
      lsm::Sequence min = lsm::kMaxSequence;
      lsm::Sequence max = 0;
      for (int i = 0; i < 2; ++i) {
        for (const auto& ref : state.version->runs()[order.size() - 1].tables) {
          edit.removed.push_back(ref.table->file);
          min = std::min(min, ref.table->min_sequence);
          max = std::max(max, ref.table->max_sequence);
        }
        order.pop_back();
      }
      order.push_back(run);
      edit.AddTable(run, MakeInfo(next++, KeyOf("1024/a"), KeyOf("1024/z"), min, max));
    } else {
      order.insert(order.begin(), run);
      const lsm::Sequence from = state.flushed_seq + 1;
      edit.flushed_seq = from + random.Uniform(100);
      edit.AddTable(run,
                    MakeInfo(next++, KeyOf("1024/b"), KeyOf("1024/y"), from, *edit.flushed_seq));
    }
    edit.run_order = order;
    edit.next_file = next;
    auto after = ApplyEdit(state, edit, *lifetimes);
    INFO(edit.DebugString());
    REQUIRE(after.ok());
    REQUIRE(after->version->Validate().ok());
    // The same tables in another order of runs are refused.
    if (order.size() > 1) {
      std::swap(edit.run_order->front(), edit.run_order->back());
      CHECK(ApplyEdit(state, edit, *lifetimes).status().code() == StatusCode::kCorruption);
    }
    state = *after;
  }
}

}  // namespace
}  // namespace cairn::test
