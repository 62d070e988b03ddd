// Chunks for memtables: who makes them, where they come back to, and what an arena does without.
#include "lsm/chunk_pool.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <cstring>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "env/thread_role.h"
#include "lsm/memtable.h"
#include "lsm/slab_arena.h"
#include "support/manual_background.h"

namespace cairn::lsm {
namespace {

constexpr size_t kMemtableBytes = ChunkPool::kLeastMemtableBytes;

struct Pool {
  test::ManualBackground background;
  std::shared_ptr<ChunkPool> chunks = std::make_shared<ChunkPool>(background, kMemtableBytes);

  ~Pool() { chunks->Close(); }
  size_t ready() const { return chunks->ready_bytes() / ChunkPool::kChunkBytes; }
  size_t Tend() { return background.RunAll(); }
};

// More than what an arena takes from the heap before it asks the pool.
void Fill(SlabArena& arena, size_t bytes, std::vector<char*>* records) {
  for (size_t done = 0; done < bytes; done += 1024) {
    records->push_back(static_cast<char*>(arena.Allocate(1024)));
    std::memset(records->back(), static_cast<int>(records->size() % 251), 1024);
  }
}

void CheckContents(const std::vector<char*>& records) {
  size_t wrong = 0;
  for (size_t i = 0; i < records.size(); ++i) {
    const std::string expected(1024, static_cast<char>((i + 1) % 251));
    if (std::string_view(records[i], 1024) != expected) ++wrong;
  }
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("chunk pool: who takes never makes a chunk; a worker does, ahead of need") {
  Pool pool;
  CHECK(pool.background.idle());  // a store that takes no writes takes no memory
  // In debug builds what may block stops the program on this thread.
  MarkLoopThread();
  CHECK(pool.chunks->Take() == nullptr);
  CHECK(pool.chunks->Take() == nullptr);
  UnmarkLoopThread();
  CHECK(pool.background.pending(Lane::kRead) == 1);
  pool.Tend();
  const size_t made = pool.ready();
  CHECK(made == 2 * ChunkPool::kLowChunks);
  std::vector<LargeBlock> taken;
  MarkLoopThread();
  while (pool.background.idle()) {
    taken.push_back(pool.chunks->Take());
    REQUIRE(taken.back() != nullptr);
  }
  UnmarkLoopThread();
  CHECK(pool.ready() == ChunkPool::kLowChunks - 1);
  CHECK(taken.size() == made - pool.ready());
  pool.Tend();
  CHECK(pool.ready() == made);
}

TEST_CASE("chunk pool: what comes back is used again, and a surplus goes on a worker") {
  Pool pool;
  const size_t most = ChunkPool::MostBytes(kMemtableBytes) / ChunkPool::kChunkBytes;
  pool.chunks->Take();
  std::vector<LargeBlock> taken;
  while (taken.size() < most + 5) {
    pool.Tend();
    taken.push_back(pool.chunks->Take());
    REQUIRE(taken.back() != nullptr);
  }
  pool.Tend();
  char* const known = taken.back().get();
  pool.chunks->Give(std::move(taken.back()));
  taken.pop_back();
  CHECK(pool.chunks->Take().get() == known);
  CHECK(pool.background.idle());

  MarkLoopThread();
  const size_t all = taken.size() + pool.ready();
  for (LargeBlock& chunk : taken) pool.chunks->Give(std::move(chunk));
  UnmarkLoopThread();
  CHECK(pool.ready() == all);
  CHECK(pool.background.pending(Lane::kRead) == 1);
  pool.Tend();
  CHECK(pool.ready() == most);
  CHECK(pool.background.idle());
}

TEST_CASE("chunk pool: steady writes neither make chunks nor drop any") {
  Pool pool;
  const size_t of_one = kMemtableBytes / ChunkPool::kChunkBytes;
  std::vector<std::vector<LargeBlock>> memtables;
  size_t jobs_of_last = 0;
  for (int cycle = 0; cycle < 10; ++cycle) {
    jobs_of_last = 0;
    memtables.emplace_back();
    for (size_t i = 0; i < of_one; ++i) {
      memtables.back().push_back(pool.chunks->Take());
      jobs_of_last += pool.Tend();
      // The oldest one is flushed and goes while the newest is being filled.
      if (memtables.size() < 3 || i != of_one / 2) continue;
      for (LargeBlock& chunk : memtables.front()) {
        if (chunk != nullptr) pool.chunks->Give(std::move(chunk));
      }
      memtables.erase(memtables.begin());
      jobs_of_last += pool.Tend();
    }
  }
  CHECK(jobs_of_last == 0);
}

TEST_CASE("chunk pool: no surplus stays, however gives and the worker meet") {
  const auto background = NewThreadedBackground({1, 1}, [] {});
  const auto chunks = std::make_shared<ChunkPool>(*background, kMemtableBytes);
  const size_t most = ChunkPool::MostBytes(kMemtableBytes);
  for (int round = 0; round < 20; ++round) {
    std::vector<LargeBlock> taken;
    while (taken.size() < 50) {
      LargeBlock chunk = chunks->Take();
      if (chunk == nullptr) chunk = NewLargeBlock();
      taken.push_back(std::move(chunk));
    }
    for (LargeBlock& chunk : taken) {
      chunks->Give(std::move(chunk));
      if (chunks->ready_bytes() % (7 * ChunkPool::kChunkBytes) == 0) std::this_thread::yield();
    }
    for (int i = 0; i < 2000 && chunks->ready_bytes() > most; ++i) {
      std::promise<void> ran;
      background->Submit(Lane::kRead, [&ran] { ran.set_value(); });
      ran.get_future().wait();
    }
    REQUIRE(chunks->ready_bytes() <= most);
  }
  chunks->Close();
  background->Stop();
}

TEST_CASE("chunk pool: small memtables have none") {
  test::ManualBackground background;
  const auto chunks = std::make_shared<ChunkPool>(background, kMemtableBytes - 1);
  CHECK(chunks->Take() == nullptr);
  CHECK(background.idle());
}

TEST_CASE("chunk pool: an arena lives from the heap first, then from the pool, and gives back") {
  Pool pool;
  std::vector<char*> records;
  size_t given_back = 0;
  {
    SlabArena small(pool.chunks);
    Fill(small, size_t{1} << 20, &records);
    CHECK(pool.background.idle());
    records.clear();

    SlabArena arena(pool.chunks);
    Fill(arena, size_t{4} << 20, &records);  // the pool is empty: chunks from the heap
    pool.Tend();
    const size_t before = pool.ready();
    Fill(arena, size_t{8} << 20, &records);
    CHECK(pool.ready() < before);
    CHECK(arena.held_bytes() >= size_t{12} << 20);
    CHECK(arena.held_bytes() < size_t{14} << 20);
    CheckContents(records);
    given_back = before;
  }
  CHECK(pool.ready() == given_back);
}

TEST_CASE("chunk pool: nothing is kept or asked for after Close, and memtables may live on") {
  auto pool = std::make_unique<Pool>();
  pool->chunks->Take();
  pool->Tend();
  auto memtable = std::make_shared<Memtable>(1, 7, pool->chunks);
  const std::string value(1000, 'v');
  const auto put = [&](uint64_t number) {
    const std::string key = "key" + std::to_string(number);
    StagedWrite write;
    write.space = kFirstUserSpace;
    write.key = key;
    write.value = value;
    write.below = Below::kAbsent;
    memtable->Apply({&write, 1}, number, nullptr);
  };
  for (uint64_t i = 1; i <= 8000; ++i) put(i);
  CHECK(pool->ready() < 2 * ChunkPool::kLowChunks);  // the pool was of use
  const std::shared_ptr<ChunkPool> chunks = pool->chunks;
  pool.reset();  // closes; the background is gone
  CHECK(chunks->ready_bytes() == 0);
  CHECK(chunks->Take() == nullptr);
  for (uint64_t i = 8001; i <= 12000; ++i) put(i);
  size_t wrong = 0;
  std::string key;
  for (uint64_t i = 1; i <= 12000; ++i) {
    const auto entry = memtable->Get(MakeKey(&key, kFirstUserSpace, "key" + std::to_string(i)));
    if (!entry.has_value() || entry->value != value) ++wrong;
  }
  CHECK(wrong == 0);
  memtable.reset();
  CHECK(chunks->ready_bytes() == 0);
}

TEST_CASE("chunk pool: taken and given by several threads at once") {
  const auto background = NewThreadedBackground({1, 2}, [] {});
  const auto chunks = std::make_shared<ChunkPool>(*background, kMemtableBytes);
  std::vector<std::thread> threads;
  std::atomic<int> torn{0};
  for (char mark : {'a', 'b', 'c'}) {
    threads.emplace_back([&chunks, &torn, mark] {
      int used = 0;
      while (used < 50) {
        LargeBlock chunk = chunks->Take();
        if (chunk == nullptr) {
          std::this_thread::yield();
          continue;
        }
        std::memset(chunk.get(), mark, 4096);
        std::this_thread::yield();
        if (std::string_view(chunk.get(), 4096) != std::string(4096, mark)) ++torn;
        chunks->Give(std::move(chunk));
        ++used;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(torn == 0);
  chunks->Close();
  background->Stop();
  CHECK(chunks->ready_bytes() == 0);
}

}  // namespace cairn::lsm
