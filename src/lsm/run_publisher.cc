#include "lsm/run_publisher.h"

#include <iterator>
#include <utility>

namespace cairn::lsm {

void RunPublisher::Publish(WrittenRun run, std::vector<WarmBlock> data_blocks) {
  // Readers first: the new version shall find its tables open.
  for (auto& reader : run.readers) tables_.Insert(std::move(reader));
  for (WarmBlock& warm : run.filters) {
    blocks_.Insert(warm.file, warm.offset, std::move(warm.block));
  }
  for (auto* blocks : {&run.index_blocks, &data_blocks}) {
    warming_.insert(warming_.end(), std::move_iterator(blocks->begin()),
                    std::move_iterator(blocks->end()));
  }
  state_.version = catalog_.state().version;
}

void RunPublisher::WarmSome() {
  for (size_t i = 0; i < kWarmBlocksPerTick && !warming_.empty(); ++i) {
    WarmBlock& warm = warming_.front();
    blocks_.Insert(warm.file, warm.offset, std::move(warm.block));
    warming_.pop_front();
  }
}

}  // namespace cairn::lsm
