#pragma once
// What a check finds, a line each, as it is found: damage (bytes are not what was written), notes
// (worth knowing, harm nobody), what could not be read at all; and what a repair has lost.
//
// Thread: one. Lines go to the sink without their newline.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "util/status.h"

namespace cairn::check {

using Sink = std::function<void(std::string_view line)>;

// What the program ends with.
constexpr int kExitClean = 0;
constexpr int kExitDamage = 1;
constexpr int kExitCannotRead = 2;

class Report {
 public:
  // Of one file's findings only so many are shown: a filter that is wrong misses every key.
  static constexpr uint64_t kShownPerFile = 20;

  explicit Report(Sink sink) : sink_(std::move(sink)) {}

  // A plain line.
  void Say(std::string_view line) { sink_(line); }
  void Damage(std::string_view text);
  void Note(std::string_view text);
  void Unreadable(std::string_view text);
  // What could not be repaired: counts as damage, and is never cut short.
  void Lost(std::string_view text);
  // What was asked for could not be done: whatever else was found, kExitCannotRead.
  void Failed(const Status& error);
  // An error that names its place: kCorruption is damage, anything else could not be read.
  void Add(const Status& error);

  // Findings from here on are about another file. Says how many of the last one were not shown.
  void NextFile();

  uint64_t damages() const { return damages_; }
  uint64_t notes() const { return notes_; }
  uint64_t unreadable() const { return unreadable_; }
  bool sound() const { return damages_ == 0 && unreadable_ == 0; }
  // The first damage or unreadable place; empty if there is none.
  const std::string& first() const { return first_; }
  int exit_code() const;

 private:
  void Show(std::string_view kind, std::string_view text);

  const Sink sink_;
  uint64_t damages_ = 0;
  uint64_t notes_ = 0;
  uint64_t unreadable_ = 0;
  uint64_t in_file_ = 0;
  bool failed_ = false;
  std::string first_;
};

}  // namespace cairn::check
