// Many readers at once, as parked commands are: each fetches what it misses while others commit,
// memtables are frozen and flushed, and caches evict. Whenever one of them gets an answer, it is
// the newest one there is, and it says which write it depends on.

#include <catch2/catch.hpp>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/engine_driver.h"
#include "support/rounds.h"
#include "support/seed.h"
#include "util/random.h"

namespace cairn::lsm {
namespace {

using test::EngineDriver;
using test::OwnedWrite;

constexpr SpaceId kSpace = kFirstUserSpace;
constexpr size_t kReaders = 12;

struct Written {
  std::optional<std::string> value;  // nullopt: deleted
  Sequence sequence = 0;
};

// A parked command: one key, a context of its own, perhaps a fetch under way.
struct Reader {
  std::unique_ptr<ReadContext> context;
  std::string key;
  bool fetching = false;
  bool fetched = false;
};

class Crowd {
 public:
  Crowd(uint64_t seed, const Options& options)
      : random_(seed), env_(seed), driver_(env_, options), readers_(kReaders) {
    REQUIRE(driver_.Open().ok());
    env_.SetReadsInline(false);
    if (random_.OneIn(2)) env_.SetPageCache(static_cast<int>(random_.Uniform(101)));
    for (Reader& reader : readers_) reader.context = driver_.engine().NewLoopContext();
  }

  // Returns how many answers came after a fetch.
  uint64_t Run(int steps) {
    for (int i = 0; i < steps; ++i) Step();
    const uint64_t answers = answers_after_fetch_;
    for (Reader& reader : readers_) {
      if (reader.fetching) driver_.engine().CancelFetch(*reader.context);
      reader.context.reset();
    }
    driver_.Pump();
    REQUIRE(driver_.Close().ok());
    return answers;
  }

 private:
  void Step() {
    const uint64_t dice = random_.Uniform(100);
    if (dice < 25) return Write();
    if (dice < 60) return Read(readers_[random_.Uniform(kReaders)]);
    if (dice < 68) return driver_.Tick();
    if (dice < 90) return RunSomething();
    if (dice < 92) return Abandon(readers_[random_.Uniform(kReaders)]);
    if (dice < 93) return static_cast<void>(driver_.engine().FreezeNow());
    env_.RunReads(1);
  }

  std::string RandomKey() { return "key" + std::to_string(random_.Uniform(400)); }

  void Write() {
    OwnedWrite write;
    write.space = kSpace;
    write.key = RandomKey();
    if (random_.OneIn(3)) {
      write.entry.kind = EntryKind::kTombstone;
    } else {
      write.entry.value = std::to_string(random_.Next());
      write.entry.value.append(random_.OneIn(20) ? 3000 : random_.Uniform(80), '.');
    }
    // Blind: a reading commit would fetch, and let everybody's fetch come to an end.
    const Sequence last = driver_.Commit({write}, true);
    if (last == 0) return driver_.Pump();
    Written& written = model_[write.key];
    written.sequence = last;
    written.value.reset();
    if (write.entry.kind == EntryKind::kValue) written.value = write.entry.value;
  }

  void Read(Reader& reader) {
    if (reader.fetching) return;
    if (reader.fetched) {
      driver_.engine().RetryContext(*reader.context);
    } else {
      driver_.engine().ResetContext(*reader.context);
      reader.key = RandomKey();
    }
    const std::optional<Entry> entry = reader.context->Get(kSpace, reader.key);
    if (reader.context->missed()) {
      reader.fetching = true;
      driver_.engine().Fetch(*reader.context, [&reader](const Status& status) {
        REQUIRE(status.ok());
        reader.fetching = false;
        reader.fetched = true;
      });
      return;
    }
    REQUIRE(reader.context->status().ok());
    answers_after_fetch_ += reader.fetched ? 1 : 0;
    reader.fetched = false;
    CheckAnswer(reader, entry);
  }

  void CheckAnswer(const Reader& reader, const std::optional<Entry>& entry) {
    const Written& written = model_[reader.key];
    const bool live = entry && entry->live();
    REQUIRE(live == written.value.has_value());
    if (live) {
      REQUIRE(entry->value == *written.value);
      REQUIRE(entry->sequence == written.sequence);
    }
    if (written.sequence > driver_.engine().watermarks().durable) {
      REQUIRE(reader.context->newest_seen() >= written.sequence);
    }
  }

  void RunSomething() {
    const Lane lanes[] = {Lane::kLog, Lane::kFlush, Lane::kRead, Lane::kCompaction};
    if (random_.OneIn(2)) {
      driver_.background().RunNext(lanes[random_.Uniform(std::size(lanes))]);
    } else {
      driver_.background().RunCompletions(1);
    }
  }

  // The connection went away.
  void Abandon(Reader& reader) {
    if (reader.fetching) driver_.engine().CancelFetch(*reader.context);
    reader = Reader();
    reader.context = driver_.engine().NewLoopContext();
  }

  Random random_;
  FaultEnv env_;
  EngineDriver driver_;
  std::vector<Reader> readers_;
  std::map<std::string, Written> model_;
  uint64_t answers_after_fetch_ = 0;
};

}  // namespace

TEST_CASE("engine: an answer that waited for its blocks is the newest one") {
  CAIRN_TEST_SEED(seed);
  uint64_t answers = 0;
  for (uint64_t round = 0; round < test::Rounds(8); ++round) {
    Random random(seed + round);
    Options options = test::SmallOptions();
    options.memtable_bytes = 8 << 10;
    options.retained_memtables = static_cast<int>(random.Uniform(3));
    options.block_cache_bytes = random.OneIn(2) ? 1 : 8 << 10;
    options.record_cache_bytes = random.OneIn(3) ? 0 : 16 << 10;
    if (random.OneIn(3)) options.bloom_bits_per_key = 0;
    options.direct_reads = random.OneIn(3);
    answers += Crowd(seed + round, options).Run(20000);
  }
  CHECK(answers > 10 * test::Rounds(8));  // or little of the above was tried (60 is usual)
}

}  // namespace cairn::lsm
