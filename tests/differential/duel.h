#pragma once
// Sends the same commands over the same connections to two servers and compares what they answer.
// When they differ, cuts the commands before it down to the few that it takes.
//
// Thread safety: one thread. May block.

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "differential/grammar.h"
#include "differential/tolerance.h"
#include "support/raw_client.h"

namespace cairn::test {

// A command on one of the connections.
struct Step {
  size_t connection = 0;
  Command command;
};

struct Difference {
  Step step;
  std::string reference_reply;  // empty: none, the connection was closed; or "(no reply in time)"
  std::string subject_reply;
};

class Duel {
 public:
  static constexpr size_t kConnections = 3;
  // For a test of the duel itself: changes what the subject seems to answer.
  using Tamper = std::function<void(const Command&, std::string* reply)>;

  // Whether both replies to a command are the same answer.
  using Same = std::function<bool(const Command&, std::string_view reference_reply,
                                  std::string_view subject_reply)>;

  // Servers listen on these ports of 127.0.0.1; the duel empties them.
  Duel(int reference_port, int subject_port, Tamper tamper = {}, Same same = SameAnswer);

  // Empties both servers and connects anew. Errors: a server is gone or does not answer.
  Status Reset();
  // Sends the steps, those in a row on one connection as one pipeline, and returns the first
  // difference. What was sent stays in effect.
  std::optional<Difference> Run(std::span<const Step> steps);
  // As few of `steps` as still lead, from empty servers, to a difference in the answer to the same
  // command; the last few if they do not lead to one again. Bounded in tries.
  std::vector<Step> Shrink(std::vector<Step> steps, const Difference& difference);

 private:
  struct Side {
    int port = 0;
    std::array<std::unique_ptr<RawClient>, kConnections> clients;
  };

  static Status Connect(Side* side);
  static std::vector<std::string> Exchange(Side* side, std::span<const Step> batch);
  std::optional<Difference> RunBatch(std::span<const Step> batch);
  bool Reproduces(std::span<const Step> steps, const Difference& wanted);

  Side reference_;
  Side subject_;
  Tamper tamper_;
  Same same_;
};

// For people: one command a line, and both replies.
std::string Describe(const Difference& difference, std::span<const Step> steps);

}  // namespace cairn::test
