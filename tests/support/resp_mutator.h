#pragma once
// Protocol bytes gone wrong: the kept corpus of tests/fuzz/corpus/resp and random mutations of it,
// for the parser's fuzz test and for the comparison of whole servers. CAIRN_SOURCE_DIR says where
// the corpus is.

#include <fmt/format.h>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "util/random.h"

namespace cairn::test {

inline std::vector<std::string> ReadRespCorpus() {
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

// Mixes and damages the corpus; `long_runs`: now and then runs of bytes beyond every limit of a
// line.
class RespMutator {
 public:
  RespMutator(Random& random, const std::vector<std::string>& corpus, bool long_runs)
      : random_(random), corpus_(corpus), long_runs_(long_runs) {}

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
        bytes->insert(at, long_runs_ && random_.OneIn(8) ? 66'000 : 300, static_cast<char>(Byte()));
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
      const std::string body(long_runs_ && random_.OneIn(20) ? 100'000 : 40, 'b');
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
  bool long_runs_;
};

}  // namespace cairn::test
