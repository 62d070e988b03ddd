#pragma once
// How many bytes of blocks the commands that wait may hold between their attempts: pinned blocks
// are outside the block cache's bound, so they have one of their own.
//
// Thread: the loop. Shares may outlive the budget.

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

namespace cairn::lsm {

class PinBudget {
  struct State {
    size_t capacity_bytes = 0;
    size_t taken_bytes = 0;
    std::function<void()> on_free;
  };

 public:
  // A part of the budget, given back when it goes.
  class Share {
   public:
    Share(std::shared_ptr<State> state, size_t bytes) : state_(std::move(state)), bytes_(bytes) {
      state_->taken_bytes += bytes_;
    }
    ~Share() {
      if (state_ == nullptr) return;
      state_->taken_bytes -= bytes_;
      if (state_->on_free) state_->on_free();
    }
    Share(Share&&) = default;
    Share& operator=(Share&&) = delete;
    size_t BytesOf(const PinBudget& budget) const { return state_ == budget.state_ ? bytes_ : 0; }

   private:
    std::shared_ptr<State> state_;
    size_t bytes_;
  };

  // on_free: a share was given back.
  PinBudget(size_t capacity_bytes, std::function<void()> on_free)
      : state_(std::make_shared<State>(State{capacity_bytes, 0, std::move(on_free)})) {}
  ~PinBudget() { state_->on_free = nullptr; }
  PinBudget(const PinBudget&) = delete;
  PinBudget& operator=(const PinBudget&) = delete;

  // For one that has taken `own_bytes` already. Whoever is alone gets what he wants: a budget too
  // small for one command would stop it for ever.
  bool Fits(size_t bytes, size_t own_bytes) const {
    return state_->taken_bytes == own_bytes ||
           state_->taken_bytes + bytes <= state_->capacity_bytes;
  }
  // Requires: Fits.
  Share Take(size_t bytes) { return {state_, bytes}; }
  size_t taken_bytes() const { return state_->taken_bytes; }

 private:
  const std::shared_ptr<State> state_;
};

}  // namespace cairn::lsm
