// The MANIFEST: what is acknowledged survives power cuts at every operation, each failing
// operation, and any damage is named. Cases: tests/cases/manifest.txt.

#include "lsm/manifest.h"

#include <fmt/format.h>
#include <map>

#include "edit_text.h"
#include "env/fault_env.h"
#include "support/seed.h"
#include "support/text_case.h"
#include "util/random.h"

namespace cairn::test {
namespace {

using lsm::Manifest;
using lsm::ManifestOptions;
using lsm::TableLifetimes;
using lsm::VersionEdit;

const std::string kDirectory = "/db";

class ManifestCases {
 public:
  std::string Run(const TextCase& text_case) {
    const std::string& command = text_case.command;
    if (command == "create") return Create(text_case);
    if (command == "edit") return Edit(text_case.input);
    if (command == "read") return Read(text_case);
    if (command == "go-on") return GoOn(text_case);
    if (command == "files") return Files();
    if (command == "fail") return Fail(text_case);
    if (command == "crash") return Crash(text_case.Argument(0));
    if (command == "flip") return Flip(text_case);
    if (command == "cut") return Cut(text_case);
    if (command == "remove") return env_->Remove(text_case.Argument(0)).ToString();
    if (command == "make") return Make(text_case.Argument(0), text_case.input);
    FAIL("unknown command " << command);
    return "";
  }

 private:
  std::string Create(const TextCase& text_case) {
    env_ = std::make_unique<FaultEnv>();
    REQUIRE(env_->MakeDirectories(kDirectory).ok());
    auto created = Manifest::Create(*env_, Options(text_case), lifetimes_);
    if (!created.ok()) return created.status().ToString();
    manifest_ = std::move(*created);
    return Files();
  }

  static ManifestOptions Options(const TextCase& text_case) {
    return {.directory = kDirectory,
            .roll_bytes = ParseUint64(text_case.Named("roll", "100000")).value()};
  }

  std::string Edit(const std::string& input) {
    const Status status = manifest_->Append(ParseEdit(input));
    return fmt::format("{}\nstate edit {} in {}{}", status.ToString(), manifest_->state().edit,
                       manifest_->file_name(), manifest_->in_doubt() ? ", in doubt" : "");
  }

  std::string Read(const TextCase& text_case) {
    auto recovered = lsm::ReadManifest(*env_, kDirectory, *lifetimes_);
    if (!recovered.ok()) return recovered.status().ToString();
    std::string text = fmt::format("{} ends at {}{}\n", recovered->file_name, recovered->end_offset,
                                   recovered->clean_end ? "" : ", torn");
    if (text_case.Argument(0) != "short") text += recovered->state.DebugString();
    return text;
  }

  std::string GoOn(const TextCase& text_case) {
    auto recovered = lsm::ReadManifest(*env_, kDirectory, *lifetimes_);
    if (!recovered.ok()) return recovered.status().ToString();
    manifest_ =
        std::make_unique<Manifest>(*env_, Options(text_case), lifetimes_, std::move(*recovered));
    return "";
  }

  std::string Files() const {
    std::string text;
    for (const std::string& file : env_->AllFiles()) {
      text += fmt::format("{} {}\n", file, env_->Dump(file).value().size());
    }
    return text;
  }

  std::string Fail(const TextCase& text_case) {
    static const std::map<std::string, OpKind> kinds = {{"create", OpKind::kCreate},
                                                        {"write", OpKind::kWrite},
                                                        {"sync", OpKind::kSync},
                                                        {"sync-dir", OpKind::kSyncDirectory},
                                                        {"rename", OpKind::kRename}};
    env_->AddFault({.kind = kinds.at(text_case.Argument(0)),
                    .path_part = text_case.Argument(1),
                    .short_write_bytes = 40});
    return "";
  }

  std::string Crash(const std::string& mode) {
    manifest_.reset();
    env_->Reboot(mode == "keep" ? CrashMode::kKeepAll : CrashMode::kLoseAll);
    return Files();
  }

  // Offsets below 0 count from the end.
  uint64_t Offset(const TextCase& text_case) const {
    const int64_t offset = ParseInt64(text_case.Argument(1)).value();
    const uint64_t size = env_->Dump(text_case.Argument(0)).value().size();
    return offset >= 0 ? static_cast<uint64_t>(offset) : size - static_cast<uint64_t>(-offset);
  }
  std::string Flip(const TextCase& text_case) {
    return env_->Corrupt(text_case.Argument(0), Offset(text_case), 0x10).ToString();
  }
  std::string Cut(const TextCase& text_case) {
    return env_->Truncate(text_case.Argument(0), Offset(text_case)).ToString();
  }
  std::string Make(const std::string& path, const std::string& content) {
    (void)env_->Remove(path);
    auto file = env_->CreateAppend(path);
    REQUIRE(file.ok());
    return (*file)->Append(content).ToString();
  }

  std::unique_ptr<FaultEnv> env_;
  std::shared_ptr<TableLifetimes> lifetimes_ = TableLifetimes::Create(nullptr);
  std::unique_ptr<Manifest> manifest_;
};

TEST_CASE("MANIFEST: text cases") {
  ManifestCases cases;
  RunTextCases(std::string(CAIRN_CASES_DIR) + "/manifest.txt",
               [&](const TextCase& text_case) { return cases.Run(text_case); });
}

// A small engine's life: flushes, one merge, counts. Each state it was told is durable is noted.
struct Life {
  uint64_t acknowledged = 0;              // the last edit that Append said OK to; 0: not created
  std::map<uint64_t, std::string> texts;  // what each edit's state looked like, also in doubt
};

std::string StateText(lsm::CatalogState state) {
  // The numbers of edits and files depend on how often something was tried.
  state.edit = 0;
  state.next_file = 0;
  return state.DebugString();
}

constexpr int kLifeEdits = 12;

VersionEdit LifeEdit(Manifest& manifest, int step) {
  VersionEdit edit;
  const auto run = static_cast<lsm::RunId>(step + 1);
  const lsm::Sequence from = static_cast<lsm::Sequence>(step) * 10 + 1;
  std::vector<lsm::RunId> order;
  for (const auto& old : manifest.state().version->runs()) order.push_back(old.id);
  if (order.size() == 4) {
    order.pop_back();
    edit.removed.push_back(manifest.state().version->runs().back().tables[0].table->file);
  }
  order.insert(order.begin(), run);
  edit.run_order = order;
  edit.AddTable(
      run, MakeInfo(manifest.NewFileNumber(), KeyOf("1024/a"), KeyOf("1024/z"), from, from + 9));
  edit.flushed_seq = from + 9;
  edit.log_start = step + 2;
  edit.counts[1024] = {.live = step, .unsettled = 0};
  return edit;
}

Life RunLife(Env& env, bool retry) {
  Life life;
  auto lifetimes = TableLifetimes::Create(nullptr);
  if (!env.MakeDirectories(kDirectory).ok()) return life;
  auto manifest = Manifest::Create(env, {.directory = kDirectory, .roll_bytes = 900}, lifetimes);
  for (int i = 0; retry && !manifest.ok() && i < 3; ++i) {
    manifest = Manifest::Create(env, {.directory = kDirectory, .roll_bytes = 900}, lifetimes);
  }
  if (!manifest.ok()) return life;
  life.acknowledged = 1;
  life.texts[1] = StateText((*manifest)->state());
  for (int step = 0; step < kLifeEdits; ++step) {
    VersionEdit edit = LifeEdit(**manifest, step);
    auto expected = [&] {
      VersionEdit numbered = edit;
      numbered.number = (*manifest)->state().edit + 1;
      numbered.next_file = 1000;
      return StateText(*ApplyEdit((*manifest)->state(), numbered, *lifetimes));
    }();
    Status status = (*manifest)->Append(edit);
    for (int i = 0; retry && !status.ok() && i < 3; ++i) {
      CHECK((*manifest)->in_doubt());
      status = (*manifest)->Append(edit);
    }
    // Not acknowledged, it may be there after a crash or not; steps say which state it is.
    life.texts[static_cast<uint64_t>(step) + 2] = expected;
    if (!status.ok()) return life;
    CHECK(!(*manifest)->in_doubt());
    CHECK(StateText((*manifest)->state()) == expected);
    life.acknowledged = static_cast<uint64_t>(step) + 2;
  }
  return life;
}

void CheckSurvives(const FaultEnv& before, Env& env, const Life& life) {
  auto lifetimes = TableLifetimes::Create(nullptr);
  const auto recovered = lsm::ReadManifest(env, kDirectory, *lifetimes);
  INFO(before.OpsLog());
  INFO(recovered.status().ToString());
  if (!recovered.ok()) {
    REQUIRE(recovered.status().code() == StatusCode::kNotFound);
    CHECK(life.acknowledged == 0);
    return;
  }
  if (life.acknowledged == 0) return;
  const std::string text = StateText(recovered->state);
  const bool acknowledged = text == life.texts.at(life.acknowledged);
  const auto next = life.texts.find(life.acknowledged + 1);
  const bool in_doubt = next != life.texts.end() && text == next->second;
  CHECK((acknowledged || in_doubt));
}

TEST_CASE("MANIFEST: a power cut at any operation leaves what was acknowledged") {
  CAIRN_TEST_SEED(seed);
  FaultEnv whole(seed);
  REQUIRE(RunLife(whole, false).acknowledged == kLifeEdits + 1);
  for (uint64_t op = 0; op < whole.op_count(); ++op) {
    for (const CutPoint point : {CutPoint::kBefore, CutPoint::kAfter}) {
      for (const CrashMode crash : {CrashMode::kLoseAll, CrashMode::kKeepAll, CrashMode::kRandom}) {
        FaultEnv env(seed);
        env.PowerCutAt(op, point);
        const Life life = RunLife(env, false);
        env.Reboot(crash, seed + op);
        CheckSurvives(env, env, life);
      }
    }
  }
}

// The rule of design §7, each operation failing once, and a crash before the caller tries again.
TEST_CASE(
    "MANIFEST: any failed operation leaves the old state or the new, and the next one works") {
  CAIRN_TEST_SEED(seed);
  FaultEnv whole(seed);
  RunLife(whole, false);
  for (uint64_t op = 1; op < whole.op_count(); ++op) {
    for (const CrashMode left : {CrashMode::kLoseAll, CrashMode::kKeepAll, CrashMode::kRandom}) {
      FaultEnv env(seed);
      env.AddFault({.op_number = op, .short_write_bytes = 50, .sync_leaves = left});
      const Life life = RunLife(env, false);
      env.Reboot(CrashMode::kRandom, seed + op);
      CheckSurvives(env, env, life);

      FaultEnv again(seed);
      again.AddFault({.op_number = op, .short_write_bytes = 50, .sync_leaves = left});
      const Life whole_life = RunLife(again, true);
      CHECK(whole_life.acknowledged == kLifeEdits + 1);
      again.Reboot(CrashMode::kLoseAll);
      CheckSurvives(again, again, whole_life);
    }
  }
}

TEST_CASE("MANIFEST: a flipped byte is named, or shows as an end that comes too early") {
  FaultEnv env;
  REQUIRE(RunLife(env, false).acknowledged == kLifeEdits + 1);
  auto lifetimes = TableLifetimes::Create(nullptr);
  const auto all = lsm::ReadManifest(env, kDirectory, *lifetimes);
  REQUIRE(all.ok());
  int early = 0;
  for (const std::string& file : env.AllFiles()) {
    const uint64_t size = env.Dump(file).value().size();
    for (uint64_t at = 0; at < size; ++at) {
      REQUIRE(env.Corrupt(file, at, 0x04).ok());
      const auto recovered = lsm::ReadManifest(env, kDirectory, *lifetimes);
      REQUIRE(env.Corrupt(file, at, 0x04).ok());
      INFO(file << " offset " << at);
      if (!recovered.ok()) {
        CHECK(recovered.status().code() == StatusCode::kCorruption);
        CHECK(recovered.status().message().find(kDirectory) == 0);
      } else if (recovered->state.edit != all->state.edit) {
        // Only the last record; the log's records say that it was there.
        CHECK(recovered->state.edit == all->state.edit - 1);
        CHECK(!recovered->clean_end);
        ++early;
      } else {
        CHECK(recovered->state.DebugString() == all->state.DebugString());
      }
    }
  }
  CHECK(early > 50);
}

TEST_CASE("MANIFEST: what a newer version wrote is refused in clear words") {
  FaultEnv env;
  REQUIRE(RunLife(env, false).acknowledged == kLifeEdits + 1);
  auto lifetimes = TableLifetimes::Create(nullptr);
  const auto all = lsm::ReadManifest(env, kDirectory, *lifetimes);
  REQUIRE(all.ok());
  const auto read_with = [&](const std::function<void(lsm::ManifestHead*)>& change) {
    lsm::ManifestHead head = all->head;
    change(&head);
    const std::string bytes = EncodeManifestHead(head, lsm::ParseManifestFileName(all->file_name));
    REQUIRE(env.Overwrite(kDirectory + "/" + all->file_name, 0, bytes).ok());
    return lsm::ReadManifest(env, kDirectory, *lifetimes).status();
  };
  CHECK(read_with([](lsm::ManifestHead* head) { head->features.may_ignore = 4; }).ok());
  for (const auto& change : std::vector<std::function<void(lsm::ManifestHead*)>>{
           [](lsm::ManifestHead* head) { head->format = 2; },
           [](lsm::ManifestHead* head) { head->features.must_know = 1; },
           [](lsm::ManifestHead* head) { head->features.read_only = 1; },
           [](lsm::ManifestHead* head) { head->database_layout = 1; }}) {
    const Status status = read_with(change);
    CHECK(status.code() == StatusCode::kNotSupported);
    CHECK(status.message().find("written by a newer version of Cairn: ") != std::string_view::npos);
  }
}

// Bounds are keys of any length, four of them a table: a few long ones make a long edit.
TEST_CASE("MANIFEST: an edit may be longer than any that one expects") {
  const lsm::StoreIdentity identity{.id_high = 1, .id_low = 2, .secret_high = 3, .secret_low = 4};
  const std::string payload(size_t{300} << 20, 'k');
  std::string bytes;
  lsm::PutManifestRecord(&bytes, identity, 7, 96, 5, payload);
  uint64_t edit = 0;
  uint64_t end = 0;
  std::string_view found;
  CHECK(lsm::CheckManifestRecord(identity, 7, 96, bytes, &edit, &found, &end) ==
        lsm::ManifestRecordCheck::kOk);
  CHECK(edit == 5);
  CHECK(found.size() == payload.size());
  CHECK(end == 96 + bytes.size());
  bytes.resize(bytes.size() - 1);
  CHECK(lsm::CheckManifestRecord(identity, 7, 96, bytes, &edit, &found, &end) ==
        lsm::ManifestRecordCheck::kHeaderOnly);
}

TEST_CASE("MANIFEST: numbers are not given twice, names are read back") {
  FaultEnv env;
  REQUIRE(RunLife(env, false).acknowledged == kLifeEdits + 1);
  auto lifetimes = TableLifetimes::Create(nullptr);
  auto recovered = lsm::ReadManifest(env, kDirectory, *lifetimes);
  REQUIRE(recovered.ok());
  const lsm::FileNumber next = recovered->state.next_file;
  for (const auto& run : recovered->state.version->runs()) {
    CHECK(run.tables[0].table->file < next);
  }
  Manifest manifest(env, {.directory = kDirectory}, lifetimes, std::move(*recovered));
  manifest.NoteFileNumber(next + 5);
  manifest.NoteFileNumber(2);
  CHECK(manifest.NewFileNumber() == next + 6);

  CHECK(lsm::ParseManifestFileName("MANIFEST-000012") == 12);
  CHECK(lsm::ParseManifestFileName("MANIFEST-1234567") == 1234567);
  for (const char* bad : {"MANIFEST-", "MANIFEST-12", "MANIFEST-0000012", "MANIFEST-00001x",
                          "MANIFEST-000000", "manifest-000001", "CURRENT"}) {
    INFO(bad);
    CHECK(lsm::ParseManifestFileName(bad) == 0);
  }
  CHECK(lsm::DecodeCurrent(lsm::EncodeCurrent(7)) == 7);
  CHECK(lsm::DecodeCurrent("MANIFEST-000007\n") == 0);
}

}  // namespace
}  // namespace cairn::test
