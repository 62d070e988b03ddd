#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <thread>
#include <vector>

#include "lsm/background.h"
#include "support/manual_background.h"

namespace cairn::lsm {

TEST_CASE("background: a lane of one thread runs jobs in order, results come back to the loop") {
  std::atomic<int> wakes{0};
  const auto background = NewThreadedBackground({1, 2}, [&] { ++wakes; });
  std::vector<int> log_order;  // only touched by the log lane until `all` is ready
  std::promise<void> all;
  std::vector<int> completed;
  for (int i = 0; i < 100; ++i) {
    background->Submit(Lane::kLog, [&, i] {
      log_order.push_back(i);
      background->PostCompletion([&completed, i] { completed.push_back(i); });
      if (i == 99) all.set_value();
    });
  }
  all.get_future().get();
  REQUIRE(log_order.size() == 100);
  CHECK(std::is_sorted(log_order.begin(), log_order.end()));
  CHECK(wakes == 100);
  CHECK(completed.empty());  // nothing runs but on the loop
  CHECK(background->RunCompletions(30));
  CHECK(completed.size() == 30);
  CHECK(!background->RunCompletions(1000));
  CHECK(completed == log_order);
}

TEST_CASE("background: stopping finishes what runs and takes nothing more") {
  const auto background = NewThreadedBackground({1, 1}, [] {});
  std::promise<void> started;
  std::promise<void> go_on;
  std::atomic<bool> finished{false};
  std::atomic<bool> ran_after_stop{false};
  background->Submit(Lane::kFlush, [&] {
    started.set_value();
    go_on.get_future().wait();
    finished = true;
  });
  started.get_future().wait();
  std::thread stopper([&] { background->Stop(); });
  go_on.set_value();
  stopper.join();
  CHECK(finished);
  background->Submit(Lane::kFlush, [&] { ran_after_stop = true; });
  background->Stop();
  CHECK(!ran_after_stop);
  CHECK(!background->RunCompletions(10));
}

TEST_CASE("background: by hand, nothing happens by itself") {
  test::ManualBackground background;
  std::vector<int> ran;
  background.Submit(Lane::kLog, [&] { ran.push_back(1); });
  background.Submit(Lane::kFlush, [&] {
    ran.push_back(2);
    background.PostCompletion([&] { ran.push_back(3); });
  });
  CHECK(ran.empty());
  CHECK(background.RunNext(Lane::kFlush));
  CHECK(ran == std::vector<int>{2});
  CHECK(!background.RunNext(Lane::kRead));
  CHECK(background.RunAll() == 2);
  CHECK(ran == std::vector<int>{2, 1, 3});
  CHECK(background.idle());
}

}  // namespace cairn::lsm
