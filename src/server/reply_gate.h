#pragma once
// Decides when a reply may leave (design §3): not before what it tells of is as safe as the
// connection's level wants it. Keeps the engine's marks and the list of queues that wait, so that a
// mark that moves costs O(waiting queues), not O(connections).
//
// Thread: loop. Ownership: members are owned by their connections and leave before they go.
// Errors: after a failed log write or sync, replies that waited become kUnknownOutcome, and so does
// every later reply that depends on something above the durable mark, until the engine is well
// again.

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "lsm/engine.h"
#include "server/reply_queue.h"

namespace cairn {

// appendfsync always is kDurable, everysec and no are kWritten.
ReplyLevel LevelOf(lsm::SyncMode mode);

// What stands in for a reply whose data may or may not survive. Not a code of Redis: there the
// server stops in this case.
constexpr std::string_view kUnknownOutcome =
    "UNKNOWNOUTCOME The log could not be written: whether this command's data is safe is unknown";

class ReplyGate {
 public:
  // A connection's replies and its place in the list.
  struct Member {
    ReplyQueue queue;
    ReplyLevel level = ReplyLevel::kDurable;  // of replies to come; those that wait keep theirs
    size_t place = kNotListed;

    virtual void OnSendable() = 0;  // queue.sendable() has grown; must not touch the gate's list

   protected:
    ~Member() = default;
  };
  static constexpr size_t kNotListed = SIZE_MAX;

  // The engine's marks moved or its health changed: lets go what is safe now. `log_failed`: health
  // is kLogFailed.
  void SetMarks(const lsm::Watermarks& marks, bool log_failed);
  const lsm::Watermarks& marks() const { return marks_; }
  // Numbers ticks for ReplyQueue::Close.
  void NextTick() { ++tick_; }

  // What the handler wrote behind the queue's closed part is one reply that depends on `sequence`
  // (0: on nothing). May replace it by an error; true if it is the handler's own.
  bool CloseReply(Member& member, lsm::Sequence sequence);
  void Leave(Member& member);

  // The newest sequence that somebody waited to be durable.
  lsm::Sequence wanted_durable() const { return wanted_durable_; }
  void WantDurable(lsm::Sequence sequence) {
    wanted_durable_ = std::max(wanted_durable_, sequence);
  }

  size_t waiting_count() const { return waiting_.size(); }
  uint64_t unknown_outcomes() const { return unknown_outcomes_; }

 private:
  lsm::Sequence safe(ReplyLevel level) const {
    // After a failure what is only written may be lost with the next power cut, and nothing will
    // say so: only durable data is shown then, whatever the level.
    return level == ReplyLevel::kDurable || log_failed_ ? marks_.durable : marks_.written;
  }
  void FailWaiting();

  lsm::Watermarks marks_;
  bool log_failed_ = false;
  uint64_t tick_ = 1;
  lsm::Sequence wanted_durable_ = 0;
  std::vector<Member*> waiting_;
  uint64_t unknown_outcomes_ = 0;
};

}  // namespace cairn
