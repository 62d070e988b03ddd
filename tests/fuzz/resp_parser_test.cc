// Whatever bytes come in whatever pieces: the parser finds what a second, simple parser finds in
// the whole of them, and touches nothing that is not its own (run with sanitizers). Inputs are the
// kept corpus, as it stands and mutated at random; a case that ever failed is kept there.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "resp/parser.h"
#include "support/resp_reference.h"
#include "support/rounds.h"
#include "support/seed.h"
#include "util/random.h"

namespace cairn::resp {
namespace {

using test::Parsed;

// Low, so that mutations reach both sides of each.
constexpr Limits kLimits{.max_bulk_bytes = 120'000, .max_args = 48};

std::vector<std::string> ReadCorpus() {
  std::vector<std::filesystem::path> paths;
  const std::filesystem::path folder(CAIRN_SOURCE_DIR "/tests/fuzz/corpus/resp");
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());  // the same seed means the same inputs
  std::vector<std::string> corpus;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return corpus;
}

class Mutator {
 public:
  Mutator(Random& random, const std::vector<std::string>& corpus)
      : random_(random), corpus_(corpus) {}

  std::string Make() {
    std::string bytes = Any();
    for (uint64_t i = random_.Uniform(6); i > 0; --i) Mutate(&bytes);
    return bytes;
  }

 private:
  const std::string& Any() { return corpus_[random_.Uniform(corpus_.size())]; }

  void Mutate(std::string* bytes) {
    const size_t at = random_.Uniform(bytes->size() + 1);
    const size_t length = random_.Uniform(std::min<size_t>(bytes->size() - at, 20) + 1);
    switch (random_.Uniform(8)) {
      case 0:
        bytes->erase(at, length);
        break;
      case 1:
        bytes->insert(at, bytes->substr(at, length));
        break;
      case 2:
        bytes->insert(at, Any());
        break;
      case 3:
        bytes->append(Any());
        break;
      case 4:
        bytes->insert(at, Token());
        break;
      case 5:
        bytes->replace(at, length, Token());
        break;
      case 6:
        bytes->insert(at, random_.OneIn(8) ? 66'000 : 300, static_cast<char>(Byte()));
        break;
      default:
        if (at < bytes->size()) (*bytes)[at] = static_cast<char>(Byte());
    }
  }

  uint64_t Byte() {
    return random_.OneIn(4) ? random_.Uniform(256) : "*$\r\n\"'\\ 0129-x"[Pick(15)];
  }
  uint64_t Pick(uint64_t count) { return random_.Uniform(count); }

  std::string Token() {
    if (random_.OneIn(6)) {
      const std::string body(random_.OneIn(20) ? 100'000 : 40, 'b');
      return fmt::format("*2\r\n$1\r\nx\r\n${}\r\n{}\r\n", body.size(), body);
    }
    static constexpr const char* kTokens[] = {"*",
                                              "$",
                                              "\r\n",
                                              "\r",
                                              "\n",
                                              "*0\r\n",
                                              "*-1\r\n",
                                              "*1\r\n",
                                              "*10\r\n",
                                              "*11\r\n",
                                              "*48\r\n",
                                              "*49\r\n",
                                              "$0\r\n",
                                              "$1\r\n",
                                              "$16384\r\n",
                                              "$16385\r\n",
                                              "$120000\r\n",
                                              "$120001\r\n",
                                              "\\x41",
                                              "\"",
                                              "'",
                                              "\\",
                                              "9223372036854775807",
                                              "-0"};
    return kTokens[random_.Uniform(std::size(kTokens))];
  }

  Random& random_;
  const std::vector<std::string>& corpus_;
};

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
  const std::vector<std::string> corpus = ReadCorpus();
  REQUIRE(corpus.size() >= 20);
  for (const std::string& bytes : corpus) {
    for (const bool unauthenticated : {false, true}) {
      for (int i = 0; i < 20; ++i) CheckAgainstReference(bytes, unauthenticated, random);
    }
  }
}

TEST_CASE("the parser and its reference agree on mutated input", "[fuzz]") {
  Random random(test::Seed());
  const std::vector<std::string> corpus = ReadCorpus();
  Mutator mutator(random, corpus);
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
