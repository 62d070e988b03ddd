#pragma once
// Version edits written as text, for the text cases: the lines of VersionEdit::DebugString.

#include <catch2/catch.hpp>
#include <sstream>
#include <string>

#include "lsm/version_edit.h"
#include "util/parse.h"

namespace cairn::test {

inline std::string KeyOf(const std::string& text) {
  auto key = lsm::ParseKeyDebug(text);
  INFO(text);
  REQUIRE(key.ok());
  return *key;
}

// "[1024/a" and "1024/m]" without their brackets.
inline std::string Unbracket(std::string word) {
  if (word.starts_with('[')) word.erase(0, 1);
  if (word.ends_with(']')) word.pop_back();
  return word;
}

// A table whose statistics agree with each other.
inline lsm::TableInfo MakeInfo(lsm::FileNumber file, const std::string& lo, const std::string& hi,
                               lsm::Sequence min, lsm::Sequence max) {
  lsm::TableInfo info;
  info.file = file;
  info.id = {.high = file * 31, .low = file * 17};
  info.size_bytes = 4096 * file;
  info.smallest = lo;
  info.largest = hi;
  info.min_sequence = min;
  info.max_sequence = max;
  info.entries = std::max<uint64_t>(2, max - min + 1);
  info.values = info.entries;
  info.raw_key_bytes = 20 * info.entries;
  return info;
}

// "add 12 to run 7 [1024/a .. 1024/m] seq 1-9"
inline void ParseAdd(std::istringstream& words, lsm::VersionEdit* edit) {
  lsm::FileNumber file = 0;
  lsm::RunId run = 0;
  std::string skip;
  std::string lo;
  std::string hi;
  std::string sequences;
  words >> file >> skip >> skip >> run >> lo >> skip >> hi >> skip >> sequences;
  const size_t dash = sequences.find('-');
  REQUIRE(dash != std::string::npos);
  edit->AddTable(run, MakeInfo(file, KeyOf(Unbracket(lo)), KeyOf(Unbracket(hi)),
                               ParseUint64(sequences.substr(0, dash)).value(),
                               ParseUint64(sequences.substr(dash + 1)).value()));
}

inline void ParseEditLine(const std::string& line, lsm::VersionEdit* edit) {
  std::istringstream words(line);
  std::string word;
  uint64_t number = 0;
  std::string text;
  words >> word;
  if (word == "snapshot") {
    edit->snapshot = true;
  } else if (word == "add") {
    ParseAdd(words, edit);
  } else if (word == "remove") {
    words >> number;
    edit->removed.push_back(number);
  } else if (word == "narrow") {
    words >> number >> text >> text;
    edit->narrowed.push_back({.file = number, .lo = KeyOf(text)});
  } else if (word == "order") {
    edit->run_order.emplace();
    while (words >> number) edit->run_order->push_back(number);
  } else if (word == "flushed") {
    words >> number;
    edit->flushed_seq = number;
  } else if (word == "log") {
    words >> text >> number;
    edit->log_start = number;
  } else if (word == "durable") {
    words >> number;
    edit->durable_seq = number;
  } else if (word == "count") {
    lsm::SpaceCount count;
    char colon = 0;
    words >> number >> colon >> count.live >> text >> count.unsettled;
    edit->counts[number] = count;
  } else if (word == "next") {
    words >> text >> number;
    edit->next_file = number;
  } else {
    FAIL("not a line of an edit: " << line);
  }
}

inline lsm::VersionEdit ParseEdit(const std::string& lines) {
  lsm::VersionEdit edit;
  std::istringstream input(lines);
  for (std::string line; std::getline(input, line);) ParseEditLine(line, &edit);
  return edit;
}

}  // namespace cairn::test
