#pragma once
// A data directory with the history of every key, so that what a repair of it says can be held
// against what it did: merges stand half done, the log has writes of its own, and of each key it is
// known which version must be there once the losses that were listed are taken away.

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "check_lab.h"
#include "lsm/version.h"
#include "tools/check/losses.h"
#include "tools/check/repair.h"
#include "util/parse.h"
#include "util/random.h"

namespace cairn::check {

// What the lines of a repair say.
struct Listed {
  std::vector<LostKeys> keys;
  std::vector<std::pair<lsm::Sequence, lsm::Sequence>> writes;
  bool whole_log = false;   // everything past the tables
  bool catalog = false;     // deletions may be undone
  bool some_table = false;  // with keys that nobody knows
};

inline std::string TextBetween(std::string_view line, std::string_view from, std::string_view to) {
  const size_t begin = line.find(from);
  if (begin == std::string_view::npos) return "";
  const std::string_view rest = line.substr(begin + from.size());
  return std::string(rest.substr(0, rest.find(to)));
}

inline Listed ParseListed(std::string_view text) {
  Listed listed;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (!line.starts_with("lost: ")) continue;
    if (line.find(": keys from ") != std::string_view::npos) {
      LostKeys lost;
      const bool open = line.find(" on, nobody knows") != std::string_view::npos;
      lost.lo = lsm::ParseKeyDebug(TextBetween(line, ": keys from ", " ")).value();
      if (!open) lost.hi = lsm::ParseKeyDebug(TextBetween(line, " up to ", ",")).value();
      const std::string sequences = TextBetween(line, ", sequences up to ", ":");
      if (!sequences.empty()) lost.max_sequence = ParseUint64(sequences).value();
      listed.keys.push_back(std::move(lost));
    } else if (line.find("writes with sequences ") != std::string_view::npos) {
      listed.writes.emplace_back(
          ParseUint64(TextBetween(line, "with sequences ", " ")).value(),
          ParseUint64(TextBetween(TextBetween(line, "with sequences ", ":"), " to ", ":")).value());
    } else if (line.find("the store's secret") != std::string_view::npos) {
      listed.whole_log = true;
    } else if (line.find("the catalog since edit") != std::string_view::npos) {
      listed.catalog = true;
    } else if (line.find("its keys are not known") != std::string_view::npos) {
      listed.some_table = true;
    }
  }
  return listed;
}

class RepairLab {
 public:
  static constexpr char kFrom[] = "data/cairn";
  static constexpr char kTo[] = "new/cairn";
  static constexpr int kSpaces = 2;

  // `writes` in batches; stops in the middle of things, or cleanly.
  RepairLab(uint64_t seed, CheckLab::End end, int writes = 1500) : random_(seed) {
    test::EngineDriver driver(env_, Options(kFrom));
    REQUIRE(driver.Open().ok());
    while (writes > 0) writes -= WriteSome(driver);
    // Of the merges that are due some steps are done; writes that only the log has follow.
    Settle(driver, random_.Uniform(8));
    for (uint64_t i = random_.Uniform(40); i > 0; --i) WriteSome(driver);
    Settle(driver, 0);
    if (end == CheckLab::End::kClean) {
      REQUIRE(driver.Close().ok());
    } else {
      driver.Crash();
      env_.Restart();
    }
    // Half a merge is an ordinary version, by every rule.
    const Outcome sound = RunOn(env_, {"verify", "data"});
    INFO(sound.text);
    REQUIRE(sound.exit_code == kExitClean);
    const auto undamaged = env_.Clone();
    test::EngineDriver again(*undamaged, Options(kFrom));
    REQUIRE(again.Open().ok());
    truth_ = again.Dump(Spaces());
    again.Crash();
    last_seq_ = Catalog(*undamaged, kFrom).state.flushed_seq;
    const lsm::CatalogState state = Catalog(env_, kFrom).state;
    flushed_seq_ = state.flushed_seq;
    for (const lsm::SortedRun& run : state.version->runs()) {
      for (const lsm::TableRef& ref : run.tables) {
        tables_.push_back(fmt::format("{}/{}", kFrom, lsm::TableFileName(ref.table->file)));
        narrowed_ = narrowed_ || ref.lo != ref.table->smallest;
      }
    }
    runs_ = state.version->runs().size();
  }

  static lsm::Options Options(const char* directory) {
    lsm::Options options = CheckLab::EngineOptions();
    options.directory = directory;
    return options;
  }
  static std::vector<lsm::SpaceId> Spaces() {
    return {lsm::kFirstUserSpace, lsm::kFirstUserSpace + 1};
  }
  static lsm::RecoveredManifest Catalog(Env& env, const char* directory) {
    auto found = lsm::ReadManifest(env, directory, *lsm::TableLifetimes::Create({}));
    INFO(found.status().ToString());
    REQUIRE(found.ok());
    return *found;
  }
  FaultEnv& env() { return env_; }
  const std::vector<std::string>& tables() const { return tables_; }
  size_t runs() const { return runs_; }
  bool narrowed() const { return narrowed_; }
  const test::StoreModel& truth() const { return truth_; }

  static Outcome Repair(FaultEnv& env, bool keep_older = false) {
    Outcome outcome;
    Report report([&](std::string_view line) { outcome.text += fmt::format("{}\n", line); });
    const Status status = cairn::check::Repair(env,
                                               {.from = kFrom,
                                                .to = "new",
                                                .keep_older = keep_older,
                                                .table_bytes = 8 << 10,
                                                .memtable_bytes = 16 << 10,
                                                .block_bytes = 512},
                                               report);
    if (!status.ok()) report.Failed(status);
    outcome.exit_code = report.exit_code();
    return outcome;
  }

  // Repairs what was damaged in `env`, a clone of ours, and holds the new directory against what
  // was listed. Returns what was said. `damages` names the files that were damaged.
  Outcome RepairAndCheck(FaultEnv& env, std::string_view damages = "") {
    const auto before = Files(env, kFrom);
    const size_t ops_before = env.Ops().size();
    Outcome outcome = Repair(env);
    INFO(outcome.text);
    REQUIRE(outcome.exit_code <= kExitDamage);
    REQUIRE((outcome.exit_code == kExitDamage) == outcome.Says("lost: "));
    REQUIRE(Files(env, kFrom) == before);
    const std::vector<OpRecord> ops = env.Ops();
    REQUIRE(
        std::all_of(ops.begin() + static_cast<ptrdiff_t>(ops_before), ops.end(),
                    [](const OpRecord& op) { return !op.number || op.path.starts_with("new"); }));
    const Outcome verify = RunOn(env, {"verify", "new"});
    INFO(verify.text);
    REQUIRE(verify.exit_code == kExitClean);
    REQUIRE(verify.Says("sound; notes: 0"));
    Listed listed = ParseListed(outcome.text);
    const auto end = ParseUint64(TextBetween(outcome.text, "writes up to sequence ", ";")).value();
    if (end < last_seq_ && !listed.whole_log) {
      // What the last records of a log held has no witness.
      REQUIRE(damages.find(".slot") != std::string_view::npos);
      listed.writes.emplace_back(end + 1, last_seq_);
    }
    // Nobody knows what a table held that no edit names any more.
    listed.some_table = listed.some_table ||
                        (listed.catalog && damages.find(".sst: removed") != std::string_view::npos);
    CheckContent(env, listed);
    return outcome;
  }

  // Keys that hold another version than that of the undamaged store, in the last one checked.
  uint64_t differing() const { return differing_; }

 private:
  using Key = std::pair<lsm::SpaceId, std::string>;
  using History = std::vector<std::pair<lsm::Sequence, test::StoredEntry>>;  // ascending

  // Everything but merges, and so many steps of those.
  static void Settle(test::EngineDriver& driver, uint64_t merge_steps) {
    test::ManualBackground& background = driver.background();
    for (;;) {
      driver.Tick();
      bool ran = false;
      for (const lsm::Lane lane : {lsm::Lane::kLog, lsm::Lane::kFlush, lsm::Lane::kRead}) {
        while (background.RunNext(lane)) ran = true;
      }
      if (ran || background.pending_completions() > 0) continue;
      if (merge_steps == 0 || !background.RunNext(lsm::Lane::kCompaction)) return;
      --merge_steps;
    }
  }

  int WriteSome(test::EngineDriver& driver) {
    test::OwnedBatch batch;
    for (uint64_t n = 1 + random_.Uniform(3); n > 0; --n) {
      test::OwnedWrite write;
      write.space = lsm::kFirstUserSpace + random_.Uniform(kSpaces);
      write.key = fmt::format("key:{:03}", random_.Uniform(400));
      write.entry.tag = 1;
      write.entry.value = fmt::format("{:0>{}}", ++writes_, 10 + random_.Uniform(120));
      if (random_.OneIn(10)) write.entry.expire_at_ms = 1800000000000 + writes_;
      if (random_.OneIn(4)) write.entry = {.kind = lsm::EntryKind::kTombstone, .value = ""};
      batch.push_back(std::move(write));
    }
    const lsm::Sequence last = driver.Commit(batch, random_.OneIn(2));
    if (last == 0) {
      driver.Pump();
      return 0;
    }
    lsm::Sequence sequence = last - batch.size();
    for (test::OwnedWrite& write : batch) {
      history_[{write.space, write.key}].emplace_back(++sequence, std::move(write.entry));
    }
    driver.Tick();
    // So that runs pile up, and some merges end.
    if (random_.OneIn(5)) Settle(driver, random_.OneIn(40) ? 1000 : 0);
    return static_cast<int>(batch.size());
  }

  static std::map<std::string, std::string> Files(FaultEnv& env, std::string_view directory) {
    std::map<std::string, std::string> files;
    for (const std::string& path : env.AllFiles()) {
      if (path.starts_with(directory)) files[path] = env.Dump(path).value();
    }
    return files;
  }

  void CheckContent(FaultEnv& env, const Listed& listed) {
    test::EngineDriver driver(env, Options(kTo));
    REQUIRE(driver.Open().ok());
    const test::StoreModel found = driver.Dump(Spaces());
    REQUIRE(driver.read_status().ok());
    differing_ = 0;
    for (const auto& [key, versions] : history_) {
      const auto space = found.find(key.first);
      std::optional<test::StoredEntry> value;
      if (space != found.end() && space->second.contains(key.second)) {
        value = space->second.at(key.second);
      }
      CheckKey(key, versions, value, listed);
    }
    // No key that never was.
    for (const auto& [space, keys] : found) {
      for (const auto& [key, entry] : keys) REQUIRE(history_.contains({space, key}));
    }
    driver.Crash();
  }

  void CheckKey(const Key& key, const History& versions,
                const std::optional<test::StoredEntry>& value, const Listed& listed) {
    std::string engine_key;
    lsm::MakeKey(&engine_key, key.first, key.second);
    lsm::Sequence sequence = 0;
    std::optional<test::StoredEntry> newest;  // that is not in a write that was lost
    bool seen = false;                        // the value is that of some version
    for (const auto& [at, entry] : versions) {
      if (at > last_seq_) break;
      seen = seen || value == entry;
      const bool lost = (listed.whole_log && at > flushed_seq_) ||
                        std::any_of(listed.writes.begin(), listed.writes.end(),
                                    [&](const auto& w) { return w.first <= at && at <= w.second; });
      if (lost) continue;
      sequence = at;
      newest = entry.kind == lsm::EntryKind::kValue ? std::optional(entry) : std::nullopt;
    }
    const auto truth = truth_.find(key.first);
    const bool was_live = truth != truth_.end() && truth->second.contains(key.second);
    if (value != (was_live ? std::optional(truth->second.at(key.second)) : std::nullopt)) {
      ++differing_;
    }
    const auto covers = [&](const LostKeys& lost) {
      return lost.lo <= engine_key && (lost.hi.empty() || engine_key < lost.hi) &&
             lost.max_sequence >= sequence;
    };
    INFO(lsm::KeyDebugString(engine_key)
         << ", newest at " << sequence << ": " << (newest ? newest->value : "nothing") << ", found "
         << (value ? value->value : "nothing"));
    if (value == newest) return;
    // A version that was lost is missing, and no other stands in its place.
    if (!value && std::any_of(listed.keys.begin(), listed.keys.end(), covers)) return;
    const bool open_end =
        std::any_of(listed.keys.begin(), listed.keys.end(),
                    [&](const LostKeys& lost) { return lost.hi.empty() && lost.lo <= engine_key; });
    if (listed.some_table || open_end) {
      REQUIRE((!value || seen));
      return;
    }
    // Without the catalog a deletion may be undone, but no value is an old one.
    REQUIRE(listed.catalog);
    REQUIRE((value && !newest && seen));
  }

  FaultEnv env_;
  Random random_;
  uint64_t writes_ = 0;
  std::map<Key, History> history_;
  test::StoreModel truth_;  // as a start of the undamaged directory finds it
  lsm::Sequence last_seq_ = 0;
  lsm::Sequence flushed_seq_ = 0;
  std::vector<std::string> tables_;
  size_t runs_ = 0;
  bool narrowed_ = false;
  uint64_t differing_ = 0;
};

}  // namespace cairn::check
