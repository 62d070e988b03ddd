#include "lsm/fetcher.h"

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "util/check.h"

namespace cairn::lsm {

struct Fetcher::Batch {
  struct BlockRead {
    std::shared_ptr<const TableReader> table;
    BlockHandle handle;
    BlockBuffer buffer;
    std::shared_ptr<const Block> block;  // the result
    Status status;
  };
  struct TableOpen {
    std::shared_ptr<const TableInfo> info;
    std::shared_ptr<const TableReader> reader;  // the result
    Status status;
  };

  Store* store = nullptr;  // used inside its gate, or on the loop while *fetcher is not null
  Background* background = nullptr;
  std::shared_ptr<Fetcher*> fetcher;
  std::shared_ptr<FetchTicket> ticket;
  uint64_t started_nanos = 0;
  std::vector<TableOpen> opens;
  std::vector<BlockRead> reads;
  std::vector<ReadRequest> requests;
  std::atomic<int> parts_left{0};  // acq_rel: the last part's thread sees what the other wrote
};

namespace {

// What a block takes uncompressed is not known before.
size_t StoredBytes(const MissList& misses) {
  size_t bytes = 0;
  for (const MissList::MissedBlock& block : misses.blocks) bytes += block.handle.stored_bytes;
  return bytes;
}

// In the order of their places, each once.
void Unique(std::vector<MissList::MissedBlock>* blocks) {
  const auto place = [](const MissList::MissedBlock& block) {
    return std::pair(block.file, block.handle.offset);
  };
  std::ranges::sort(*blocks, {}, place);
  const auto same = [&place](const auto& a, const auto& b) { return place(a) == place(b); };
  blocks->erase(std::unique(blocks->begin(), blocks->end(), same), blocks->end());
}

}  // namespace

Fetcher::Fetcher(Store& store, TableCache& tables, BlockCache& blocks, int read_threads,
                 size_t pin_bytes)
    : store_(store),
      tables_(tables),
      blocks_(blocks),
      small_(pin_bytes, [this] { Admit(small_); }),
      large_(pin_bytes, [this] { Admit(large_); }),
      self_(std::make_shared<Fetcher*>(this)),
      reads_(store.env.NewReadQueue(read_threads)) {}

Fetcher::~Fetcher() {
  *self_ = nullptr;
}

void Fetcher::Start(const MissList& misses, std::shared_ptr<FetchTicket> ticket) {
  // What no command waits for is not pinned.
  if (ticket->source == nullptr) {
    return Read(misses, std::move(ticket), store_.env.MonotonicNanos());
  }
  LoopSource& source = *ticket->source;
  MissList wanted = misses;
  Unique(&wanted.blocks);
  const size_t bytes = StoredBytes(wanted);
  Line& line = bytes < kLargeFetchBytes ? small_ : large_;
  line.waiting.push_back({wanted, std::move(ticket), bytes, store_.env.MonotonicNanos()});
  Admit(line);
  if (!line.waiting.empty()) {
    // The last of those that wait. What it lets go it will want again, and then all at once: else
    // its index blocks and its data blocks could push out each other for ever. That may be what it
    // waits for, too.
    Waiting& last = line.waiting.back();
    const auto& held = source.fetched();
    last.misses.blocks.insert(last.misses.blocks.end(), held.begin(), held.end());
    Unique(&last.misses.blocks);
    last.bytes = StoredBytes(last.misses);
    source.Unpin();
  }
  source.NoteFetched(wanted);
}

void Fetcher::Admit(Line& line) {
  // A share may come back while one is being admitted.
  if (std::exchange(line.admitting, true)) return;
  while (!line.waiting.empty()) {
    Waiting& next = line.waiting.front();
    if (next.ticket->source != nullptr) {
      if (!line.budget.Fits(next.bytes, next.ticket->source->HeldBytes(line.budget))) break;
      next.ticket->source->Hold(line.budget.Take(next.bytes));
      Read(next.misses, std::move(next.ticket), next.started_nanos);
    }
    line.waiting.pop_front();
  }
  line.admitting = false;
}

void Fetcher::Read(const MissList& misses, std::shared_ptr<FetchTicket> ticket,
                   uint64_t started_nanos) {
  auto batch = std::make_shared<Batch>();
  batch->store = &store_;
  batch->background = &store_.background;
  batch->fetcher = self_;
  batch->ticket = std::move(ticket);
  batch->started_nanos = started_nanos;
  for (const auto& info : misses.tables) batch->opens.push_back({info, nullptr, {}});
  std::vector<MissList::MissedBlock> blocks = misses.blocks;
  Unique(&blocks);
  for (const MissList::MissedBlock& block : blocks) {
    std::shared_ptr<const TableReader> table = tables_.Share(block.file);
    // A table that was closed in the meantime is missed again, and opened, by the next attempt.
    if (table == nullptr) continue;
    const Status valid = table->CheckHandle(block.handle);
    batch->reads.push_back({std::move(table), block.handle, {}, nullptr, valid});
  }
  for (Batch::BlockRead& read : batch->reads) {
    if (!read.status.ok()) continue;
    read.buffer = BlockBuffer(read.handle.stored_bytes);
    batch->requests.push_back({&read.table->file(),
                               read.handle.offset,
                               read.handle.stored_bytes,
                               read.buffer.data(),
                               {}});
  }
  batch->parts_left = 1 + (batch->opens.empty() ? 0 : 1) + (batch->requests.empty() ? 0 : 1);
  if (!batch->opens.empty()) {
    store_.background.Submit(Lane::kRead, [batch, gate = store_.gate] {
      if (gate->Enter()) {
        OpenTables(*batch);
        gate->Leave();
      }
      FinishPart(batch);
    });
  }
  if (!batch->requests.empty()) {
    reads_->Submit(batch->requests, [batch] {
      FinishReads(*batch);
      FinishPart(batch);
    });
  }
  FinishPart(batch);
}

void Fetcher::FinishPart(const std::shared_ptr<Batch>& batch) {
  if (batch->parts_left.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  batch->background->PostCompletion([batch] {
    if (*batch->fetcher != nullptr) (*batch->fetcher)->Publish(*batch);
  });
}

// On the reading thread: so that decoding runs beside other reads, not on the loop.
void Fetcher::FinishReads(Batch& batch) {
  size_t next = 0;
  for (Batch::BlockRead& read : batch.reads) {
    if (!read.status.ok()) continue;
    read.status = batch.requests[next++].status;
    if (!read.status.ok()) continue;
    Result<std::shared_ptr<const Block>> block =
        read.table->FinishBlock(read.handle, std::move(read.buffer));
    if (block.ok()) {
      read.block = std::move(block).value();
    } else {
      read.status = block.status();
    }
  }
}

void Fetcher::OpenTables(Batch& batch) {
  for (Batch::TableOpen& open : batch.opens) {
    Result<std::shared_ptr<const TableReader>> reader = batch.store->OpenTable(*open.info);
    if (reader.ok()) {
      open.reader = std::move(reader).value();
    } else {
      open.status = reader.status();
    }
  }
}

std::shared_ptr<const Block> Fetcher::CacheBlock(FileNumber file, uint64_t offset,
                                                 std::shared_ptr<const Block> block) {
  if (block->kind() == BlockKind::kData) blocks_.NoteMissed(file, offset, block->memory_bytes());
  blocks_.Insert(file, offset, std::move(block));
  // Another fetch may have been first: the pin must be on the copy that the cache hands out.
  const Block* cached = blocks_.Peek(file, offset);
  CHECK(cached != nullptr);
  return cached->shared_from_this();
}

void Fetcher::AddTo(EngineStats* stats) const {
  stats->corruptions = corruptions_;
  stats->waiting_fetches = waiting_count();
  stats->pinned_bytes = small_.budget.taken_bytes() + large_.budget.taken_bytes();
  stats->fetches = wait_micros_.count();
  stats->fetched_blocks = fetched_blocks_;
  stats->fetch_micros = wait_micros_.Summary();
}

void Fetcher::Publish(Batch& batch) {
  Status first_error;
  const auto note = [&](const Status& status) {
    if (status.ok()) return;
    if (status.code() == StatusCode::kCorruption) ++corruptions_;
    store_.log.Warning("A read failed: {}", status.ToString());
    if (first_error.ok()) first_error = status;
  };
  wait_micros_.Add((store_.env.MonotonicNanos() - batch.started_nanos) / 1000);
  fetched_blocks_ += batch.reads.size();
  LoopSource* source = batch.ticket->source;
  for (Batch::TableOpen& open : batch.opens) {
    note(open.status);
    if (open.reader == nullptr) continue;
    if (source != nullptr) source->Pin(open.reader);
    tables_.Insert(std::move(open.reader));
  }
  for (Batch::BlockRead& read : batch.reads) {
    note(read.status);
    if (read.block == nullptr) continue;
    auto cached = CacheBlock(read.table->file_number(), read.handle.offset, std::move(read.block));
    if (source != nullptr) source->Pin(std::move(cached));
  }
  batch.ticket->source = nullptr;
  const auto done = std::exchange(batch.ticket->done, nullptr);
  if (done) done(first_error);
}

}  // namespace cairn::lsm
