#include "server/loop.h"

#include <csignal>
#include <utility>

#include "util/check.h"

namespace cairn {
namespace {

Loop& Self(void* data) {
  return *static_cast<Loop*>(data);
}

}  // namespace

Loop::Loop(Env& env) : watch_(env) {
  CHECK(uv_loop_init(&loop_) == 0);
  CHECK(uv_async_init(&loop_, &async_, OnAsync) == 0);
  uv_timer_init(&loop_, &timer_);
  uv_timer_init(&loop_, &alarm_);
  uv_prepare_init(&loop_, &prepare_);
  uv_check_init(&loop_, &check_);
  uv_idle_init(&loop_, &idle_);
  uv_signal_init(&loop_, &terminate_);
  uv_signal_init(&loop_, &interrupt_);
  loop_.data = this;
  async_.data = timer_.data = alarm_.data = prepare_.data = this;
  check_.data = idle_.data = this;
  terminate_.data = interrupt_.data = this;
}

Loop::~Loop() {
  const auto close = [](uv_handle_t* handle, void*) {
    if (!uv_is_closing(handle)) uv_close(handle, nullptr);
  };
  uv_walk(&loop_, close, nullptr);
  uv_run(&loop_, UV_RUN_DEFAULT);
  CHECK(uv_loop_close(&loop_) == 0);
}

void Loop::Run(Steps steps) {
  steps_ = std::move(steps);
  stopped_ = false;
  const auto on_timer = [](uv_timer_t* timer) { Self(timer->data).steps_.timer(); };
  const auto on_prepare = [](uv_prepare_t* prepare) {
    Self(prepare->data).steps_.end_tick();
    Self(prepare->data).BeginPoll();
    Self(prepare->data).watch_.BeginPoll();
  };
  const auto on_check = [](uv_check_t* check) {
    Self(check->data).watch_.Woke();
    Self(check->data).doorbell_.EndPoll();
  };
  const auto on_signal = [](uv_signal_t* signal, int number) {
    Self(signal->data).watch_.Woke();
    Self(signal->data).steps_.signal(number);
  };
  uv_timer_start(&timer_, on_timer, kTimerMs, kTimerMs);
  uv_prepare_start(&prepare_, on_prepare);
  uv_check_start(&check_, on_check);
  uv_signal_start(&terminate_, on_signal, SIGTERM);
  uv_signal_start(&interrupt_, on_signal, SIGINT);
  uv_run(&loop_, UV_RUN_DEFAULT);
  uv_timer_stop(&timer_);
  uv_timer_stop(&alarm_);
  uv_prepare_stop(&prepare_);
  uv_check_stop(&check_);
  uv_idle_stop(&idle_);
  awake_ = false;
  uv_signal_stop(&terminate_);
  uv_signal_stop(&interrupt_);
  steps_ = {};
}

void Loop::OnAsync(uv_async_t* async) {
  Self(async->data).watch_.Woke();
  Self(async->data).OnRing();
}

void Loop::OnRing() {
  if (!stopped_ && doorbell_.Take()) steps_.wake();
}

// A ring that came while the loop ran woke nothing: it is answered here, and the poll only looks.
void Loop::BeginPoll() {
  if (stopped_ || doorbell_.BeginPoll()) return;
  OnRing();
  KeepAwake();
}

void Loop::SetAlarm() {
  if (uv_is_active(reinterpret_cast<uv_handle_t*>(&alarm_)) != 0) return;
  const auto on_alarm = [](uv_timer_t* alarm) { Self(alarm->data).steps_.alarm(); };
  uv_timer_start(&alarm_, on_alarm, kAlarmMs, 0);
}

// An active idle handle keeps the poll from sleeping.
void Loop::KeepAwake() {
  if (std::exchange(awake_, true)) return;
  uv_idle_start(&idle_, [](uv_idle_t* idle) { Self(idle->data).OnIdle(); });
}

void Loop::OnIdle() {
  if (steps_.ready_turns()) return;
  awake_ = false;
  uv_idle_stop(&idle_);
}

}  // namespace cairn
