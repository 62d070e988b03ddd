#pragma once
// Makes random commands out of a grammar of everything that Cairn implements: mostly well-formed,
// in all combinations of options, now and then with a wrong number of arguments, a wrong type or
// an option out of place. The same seed makes the same commands.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "util/random.h"

namespace cairn::test {

using Command = std::vector<std::string>;

// A row of the grammar.
//   word            itself            <kind>    a random one of that kind (grammar_terms.h)
//   [ … ]           perhaps           ( … | … ) one of them
//   { … | … }       up to four of them, in any order and again
//   ;               the next command of a group that is sent together
struct GrammarRow {
  int weight;
  const char* pattern;
};

class Grammar {
 public:
  explicit Grammar(uint64_t seed);

  // The next command, or the commands of a group.
  std::vector<Command> Next();

 private:
  Command Words(std::string_view pattern);
  void Sequence(std::string_view pattern, size_t* at, Command* out);
  void Alternatives(std::string_view pattern, size_t* at, char close, Command* out);
  void Mutate(Command* command);
  // Something that meets the key.
  Command Touch(const std::string& key);

  Random random_;
  int total_weight_ = 0;
};

}  // namespace cairn::test
