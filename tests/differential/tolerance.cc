#include "differential/tolerance.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string>
#include <vector>

#include "differential/reply_tree.h"
#include "util/ascii.h"

namespace cairn::test {
namespace {

// Both are well-formed, of one type and no error when they come here.
using Compare = bool (*)(const Command& command, const ReplyTree& reference,
                         const ReplyTree& cairn);

bool SameType(const Command&, const ReplyTree& reference, const ReplyTree& cairn) {
  return reference.is_null == cairn.is_null;
}

std::vector<std::string> Sorted(const ReplyTree& array) {
  std::vector<std::string> texts;
  for (const ReplyTree& element : array.elements) texts.push_back(element.text);
  std::sort(texts.begin(), texts.end());
  return texts;
}

bool SameElements(const Command&, const ReplyTree& reference, const ReplyTree& cairn) {
  return Sorted(reference) == Sorted(cairn);
}

long long Number(const ReplyTree& reply) {
  return std::strtoll(reply.text.c_str(), nullptr, 10);
}

bool Has(const Command& command, std::string_view argument) {
  return std::find(command.begin(), command.end(), argument) != command.end();
}

// Name and value, name and value, …
bool SameOptions(const Command& command, const ReplyTree& reference, const ReplyTree& cairn) {
  if (Has(command, "*")) return true;  // ports, directories, and options that one has alone
  const auto pairs = [](const ReplyTree& map) {
    std::vector<std::string> joined;
    for (size_t i = 0; i + 1 < map.elements.size(); i += 2) {
      joined.push_back(map.elements[i].text + "=" + map.elements[i + 1].text);
    }
    std::sort(joined.begin(), joined.end());
    return joined;
  };
  return pairs(reference) == pairs(cairn);
}

// How long two servers may need between the same command in a batch.
constexpr long long kClockSlackMs = 5000;

bool NearMs(const Command&, const ReplyTree& reference, const ReplyTree& cairn) {
  const long long a = Number(reference);
  const long long b = Number(cairn);
  // -1 and -2 are answers, not times.
  return a > 0 && b > 0 && std::llabs(a - b) <= kClockSlackMs;
}

bool NearSeconds(const Command&, const ReplyTree& reference, const ReplyTree& cairn) {
  const long long a = Number(reference);
  const long long b = Number(cairn);
  return a > 0 && b > 0 && std::llabs(a - b) <= kClockSlackMs / 1000;
}

bool SameScan(const Command& command, const ReplyTree& reference, const ReplyTree& cairn) {
  const auto is_scan = [](const ReplyTree& reply) {
    return reply.elements.size() == 2 && reply.elements[0].type == '$' &&
           reply.elements[1].type == '*';
  };
  if (!is_scan(reference) || !is_scan(cairn)) return false;
  // COUNT 1000 from the start, the last words of the row: everything at once.
  const size_t words = command.size();
  const bool all = words >= 4 && command[1] == "0" && command[words - 1] == "1000" &&
                   EqualsIgnoreCase(command[words - 2], "count");
  if (!all) return true;
  return reference.elements[0] == cairn.elements[0] &&
         SameElements(command, reference.elements[1], cairn.elements[1]);
}

// Blanks the value of `key` in a map.
void Blank(ReplyTree* map, std::string_view key) {
  for (size_t i = 0; i + 1 < map->elements.size(); i += 2) {
    if (map->elements[i].text == key) map->elements[i + 1].text.clear();
  }
}

bool SameHello(const Command&, const ReplyTree& reference, const ReplyTree& cairn) {
  ReplyTree a = reference;
  ReplyTree b = cairn;
  Blank(&a, "id");
  Blank(&b, "id");
  return a == b;
}

// Of "db0:keys=3,expires=1,avg_ttl=12": "db0:keys=3".
std::vector<std::string> KeyspaceLines(const std::string& info) {
  std::vector<std::string> lines;
  for (size_t at = info.find("\r\ndb"); at != std::string::npos; at = info.find("\r\ndb", at + 1)) {
    lines.push_back(info.substr(at, info.find(",expires", at) - at));
  }
  return lines;
}

bool SameInfo(const Command& command, const ReplyTree& reference, const ReplyTree& cairn) {
  const bool keyspace = command.size() == 2 && command[1] == "keyspace";
  return !keyspace || KeyspaceLines(reference.text) == KeyspaceLines(cairn.text);
}

// Subcommands that the reference has and we do not have yet, and the other way about, are left
// out: what both have must be the same.
void KeepCommon(ReplyTree* a, ReplyTree* b) {
  const auto has = [](const ReplyTree& list, const std::string& name) {
    return std::any_of(list.elements.begin(), list.elements.end(), [&](const ReplyTree& row) {
      return !row.elements.empty() && row.elements[0].text == name;
    });
  };
  const auto by_name = [](const ReplyTree& x, const ReplyTree& y) {
    return x.elements[0].text < y.elements[0].text;
  };
  const ReplyTree a_before = *a;
  std::erase_if(a->elements, [&](const ReplyTree& row) { return !has(*b, row.elements[0].text); });
  std::erase_if(b->elements,
                [&](const ReplyTree& row) { return !has(a_before, row.elements[0].text); });
  std::sort(a->elements.begin(), a->elements.end(), by_name);
  std::sort(b->elements.begin(), b->elements.end(), by_name);
}

constexpr size_t kSubcommandsIndex = 9;  // in a row of COMMAND INFO

// Blanks the remarks of key specifications, however deep.
void BlankNotes(ReplyTree* tree) {
  Blank(tree, "notes");
  for (ReplyTree& element : tree->elements) BlankNotes(&element);
}

bool SameCommandInfo(const Command& command, const ReplyTree& reference, const ReplyTree& cairn) {
  ReplyTree all_a = reference;
  ReplyTree all_b = cairn;
  if (command.size() <= 2) KeepCommon(&all_a, &all_b);  // no names: every command
  if (all_a.elements.size() != all_b.elements.size()) return false;
  for (size_t i = 0; i < all_a.elements.size(); ++i) {
    ReplyTree& a = all_a.elements[i];
    ReplyTree& b = all_b.elements[i];
    if (a.elements.size() > kSubcommandsIndex && b.elements.size() > kSubcommandsIndex) {
      KeepCommon(&a.elements[kSubcommandsIndex], &b.elements[kSubcommandsIndex]);
    }
    BlankNotes(&a);
    BlankNotes(&b);
    if (a != b) return false;
  }
  return true;
}

// Removes what is prose, in maps however deep, and subcommands of one side.
void StripProse(ReplyTree* tree) {
  for (const char* key : {"summary", "complexity"}) Blank(tree, key);
  std::vector<ReplyTree> kept;
  for (size_t i = 0; i < tree->elements.size(); ++i) {
    const std::string& text = tree->elements[i].text;
    if (text == "history" || text == "subcommands") {
      ++i;
    } else {
      StripProse(&tree->elements[i]);
      kept.push_back(tree->elements[i]);
    }
  }
  tree->elements = std::move(kept);
}

bool SameDocs(const Command& command, const ReplyTree& reference, const ReplyTree& cairn) {
  if (command.size() <= 2) return true;  // no names: every command
  ReplyTree a = reference;
  ReplyTree b = cairn;
  StripProse(&a);
  StripProse(&b);
  return a == b;
}

struct Tolerance {
  const char* command;
  const char* subcommand;  // null: any arguments
  Compare compare;
  const char* reason;
};

constexpr Tolerance kTolerances[] = {
    {"time", nullptr, SameType, "the clock"},
    {"randomkey", nullptr, SameType, "random"},
    {"ttl", nullptr, NearSeconds, "the two servers run the command at different times"},
    {"pttl", nullptr, NearMs, "as TTL"},
    {"expiretime", nullptr, NearSeconds, "as TTL, where the time was given relative to now"},
    {"pexpiretime", nullptr, NearMs, "as TTL, where the time was given relative to now"},
    {"keys", nullptr, SameElements, "order is unspecified"},
    {"scan", nullptr, SameScan, "cursors are a server's own; order is unspecified"},
    {"hello", nullptr, SameHello, "holds the client's id"},
    {"info", nullptr, SameInfo,
     "a server's own figures; how many keys a database has is compared, Cairn does not count "
     "those that expire"},
    {"object", "refcount", SameType,
     "whether Redis shares an integer depends on how it came about"},
    {"object", "idletime", SameType, "seconds since an access"},
    {"object", "help", SameType, "our own words"},
    {"client", "id", SameType, "ids depend on who connected before"},
    {"client", "info", SameType, "ids, ports, times and memory"},
    {"client", "list", SameType, "ids, ports, times and memory"},
    {"client", "help", SameType, "our own words"},
    {"config", "get", SameOptions, "order is unspecified"},
    {"config", "help", SameType, "our own words"},
    {"command", "help", SameType, "our own words"},
    {"command", "count", SameType, "Cairn has fewer commands than the reference, as yet"},
    {"command", "list", SameType, "Cairn has fewer commands than the reference, as yet"},
    {"command", "docs", SameDocs, "summaries, complexities and history are our own words"},
    {"command", nullptr, SameCommandInfo,
     "Cairn has fewer subcommands, as yet; notes are our own words"},
    {"debug", "object", SameType, "addresses and sizes in memory"},
};

}  // namespace

bool SameAnswer(const Command& command, std::string_view reference_reply,
                std::string_view cairn_reply) {
  if (reference_reply == cairn_reply) return true;
  const auto is_none = [](std::string_view reply) { return reply.empty() || reply[0] == '('; };
  if (is_none(reference_reply) || is_none(cairn_reply)) return false;
  const ReplyTree reference = ParseReply(reference_reply);
  const ReplyTree cairn = ParseReply(cairn_reply);
  if (reference.type != cairn.type || reference.IsError()) return false;
  for (const Tolerance& row : kTolerances) {
    if (!EqualsIgnoreCase(command[0], row.command)) continue;
    if (row.subcommand != nullptr &&
        (command.size() < 2 || !EqualsIgnoreCase(command[1], row.subcommand))) {
      continue;
    }
    return row.compare(command, reference, cairn);
  }
  return false;
}

}  // namespace cairn::test
