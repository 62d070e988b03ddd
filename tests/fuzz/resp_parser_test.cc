// Whatever bytes come in whatever pieces: the parser finds what a second, simple parser finds in
// the whole of them, and touches nothing that is not its own (run with sanitizers). Inputs are the
// kept corpus, as it stands and mutated at random; a case that ever failed is kept there.
#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "resp/parser.h"
#include "support/resp_mutator.h"
#include "support/resp_reference.h"
#include "support/rounds.h"
#include "support/seed.h"
#include "util/random.h"

namespace cairn::resp {
namespace {

using test::Parsed;

// Low, so that mutations reach both sides of each.
constexpr Limits kLimits{.max_bulk_bytes = 120'000, .max_args = 48};

void CheckAgainstReference(const std::string& bytes, bool unauthenticated, Random& random) {
  const Parsed wanted = test::ReferenceParser(bytes, kLimits, unauthenticated).Run();
  const uint64_t largest = 1 + random.Uniform(random.OneIn(3) ? 65536 : 30);
  Parser parser(&kLimits);
  parser.set_unauthenticated(unauthenticated);
  const Parsed got =
      test::ParseInPieces(bytes, parser, [&] { return random.Uniform(largest) + 1; });
  if (got == wanted ||
      (got.error == wanted.error && !got.error.empty() && got.commands == wanted.commands)) {
    return;
  }
  FAIL(fmt::format("pieces up to {} of {:?}: error '{}' wanted '{}', {} commands wanted {}",
                   largest, bytes.substr(0, 2000), got.error, wanted.error, got.commands.size(),
                   wanted.commands.size()));
}

}  // namespace

TEST_CASE("the parser and its reference agree on the corpus", "[fuzz]") {
  Random random(test::Seed());
  const std::vector<std::string> corpus = test::ReadRespCorpus();
  REQUIRE(corpus.size() >= 20);
  for (const std::string& bytes : corpus) {
    for (const bool unauthenticated : {false, true}) {
      for (int i = 0; i < 20; ++i) CheckAgainstReference(bytes, unauthenticated, random);
    }
  }
}

TEST_CASE("the parser and its reference agree on mutated input", "[fuzz]") {
  Random random(test::Seed());
  const std::vector<std::string> corpus = test::ReadRespCorpus();
  test::RespMutator mutator(random, corpus, true);
  size_t errors = 0;
  size_t commands = 0;
  const uint64_t rounds = test::Rounds(15'000);
  for (uint64_t i = 0; i < rounds; ++i) {
    const std::string bytes = mutator.Make();
    const bool unauthenticated = random.OneIn(4);
    CheckAgainstReference(bytes, unauthenticated, random);
    const Parsed parsed = test::ReferenceParser(bytes, kLimits, unauthenticated).Run();
    errors += parsed.error.empty() ? 0 : 1;
    commands += parsed.commands.size();
  }
  // The inputs are worth something: both kinds come often.
  CHECK(errors > rounds / 10);
  CHECK(errors < rounds);
  CHECK(commands > rounds / 2);
}

}  // namespace cairn::resp
