#pragma once
// A store that is written table by table, for what no engine would write.

#include <string>
#include <utility>
#include <vector>

#include "check_lab.h"
#include "lsm/table_builder.h"

namespace cairn::check {

constexpr lsm::SpaceId kSpace = lsm::kFirstUserSpace;

struct Version {
  std::string key;
  lsm::Sequence sequence = 1;
  lsm::EntryKind kind = lsm::EntryKind::kValue;
  lsm::Below below = lsm::Below::kAbsent;
  lsm::SpaceId space = kSpace;
};
constexpr auto kTombstone = lsm::EntryKind::kTombstone;

class HandMade {
 public:
  HandMade() { REQUIRE(env_.MakeDirectories("data/cairn").ok()); }

  FaultEnv& env() { return env_; }
  lsm::VersionEdit& snapshot() { return snapshot_; }
  // A run of one table, older than those before it. `versions` ascend by key.
  void AddRun(const std::vector<Version>& versions, lsm::Sequence dead_set_mark = 0) {
    lsm::TableBuildOptions options;
    options.file = next_++;
    options.filter_secret = filter_secret();
    options.dead_set_mark = dead_set_mark;
    auto builder = lsm::TableBuilder::Create(env_, PathOf(options.file), options);
    REQUIRE(builder.ok());
    for (const Version& version : versions) {
      lsm::Entry entry;
      entry.kind = version.kind;
      entry.below = version.below;
      entry.sequence = version.sequence;
      if (entry.live()) entry.value = "value";
      std::string key;
      REQUIRE((*builder)->Add(lsm::MakeKey(&key, version.space, version.key), entry).ok());
    }
    const auto info = (*builder)->Finish();
    REQUIRE(info.ok());
    AddTable(*info);
  }
  void AddTable(const lsm::TableInfo& info) {
    snapshot_.AddTable(next_, info);
    runs_.push_back(next_++);
  }
  static std::string PathOf(lsm::FileNumber file) {
    return "data/cairn/" + lsm::TableFileName(file);
  }
  lsm::FileNumber next() { return next_++; }
  uint64_t filter_secret() const { return head_.identity.Seed(lsm::kSeedFilter); }

  Outcome Verify() {
    const lsm::FileNumber number = next_++;
    snapshot_.number = 1;
    snapshot_.snapshot = true;
    snapshot_.run_order = runs_;
    snapshot_.flushed_seq = 100;
    snapshot_.durable_seq = 100;
    snapshot_.log_start = 1;
    if (!snapshot_.next_file) snapshot_.next_file = next_;
    std::string payload;
    lsm::EncodeVersionEdit(&payload, snapshot_);
    std::string bytes = lsm::EncodeManifestHead(head_, number);
    lsm::PutManifestRecord(&bytes, head_.identity, number, bytes.size(), 1, payload);
    auto file = env_.CreateAppend("data/cairn/" + lsm::ManifestFileName(number));
    REQUIRE(file.ok());
    REQUIRE((*file)->Append(bytes).ok());
    REQUIRE(env_.ReplaceFile("data/cairn/CURRENT", lsm::EncodeCurrent(number)).ok());
    return RunOn(env_, {"verify", "data"});
  }

 private:
  FaultEnv env_;
  lsm::ManifestHead head_{.identity = lsm::NewStoreIdentity(env_), .features = {}};
  lsm::FileNumber next_ = 1;
  std::vector<lsm::RunId> runs_;
  lsm::VersionEdit snapshot_;
};

}  // namespace cairn::check
