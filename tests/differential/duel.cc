#include "differential/duel.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "util/ascii.h"

namespace cairn::test {
namespace {

constexpr int kMaxShrinkTries = 300;
constexpr size_t kShownIfNotReproduced = 30;
// In the place of a reply; no reply begins like this.
constexpr const char* kNoReplyInTime = "(no reply in time)";
constexpr size_t kMaxShownBytes = 300;

std::string Show(std::string_view bytes) {
  if (bytes.size() <= kMaxShownBytes) return fmt::format("{:?}", bytes);
  return fmt::format("{:?}… ({} bytes)", bytes.substr(0, kMaxShownBytes), bytes.size());
}

}  // namespace

Duel::Duel(int reference_port, int subject_port, Tamper tamper, Same same)
    : tamper_(std::move(tamper)), same_(std::move(same)) {
  reference_.port = reference_port;
  subject_.port = subject_port;
}

Status Duel::Connect(Side* side) {
  for (std::unique_ptr<RawClient>& client : side->clients) {
    ASSIGN_OR_RETURN(client, RawClient::Connect(side->port));
  }
  return {};
}

Status Duel::Reset() {
  for (Side* side : {&reference_, &subject_}) {
    const char* name = side == &reference_ ? "redis-server" : "cairn-server";
    if (const Status connected = Connect(side); !connected.ok()) return connected.Annotate(name);
    const Result<std::string> reply = side->clients[0]->Call({"FLUSHALL"});
    if (!reply.ok()) return reply.status().Annotate(fmt::format("{}: FLUSHALL", name));
    if (*reply != "+OK\r\n") return Status::Aborted(fmt::format("{}: FLUSHALL: {}", name, *reply));
  }
  return {};
}

std::vector<std::string> Duel::Exchange(Side* side, std::span<const Step> batch) {
  RawClient& client = *side->clients[batch.front().connection];
  std::string bytes;
  for (const Step& step : batch) bytes += EncodeCommand(step.command);
  // A closed connection answers the rest of the batch with nothing.
  std::vector<std::string> replies(batch.size());
  if (!client.Send(bytes).ok()) return replies;
  for (std::string& reply : replies) {
    Result<std::string> got = client.ReadReply();
    if (!got.ok()) {
      if (got.status().code() == StatusCode::kBusy) reply = kNoReplyInTime;
      break;
    }
    reply = std::move(got).value();
  }
  return replies;
}

std::optional<Difference> Duel::RunBatch(std::span<const Step> batch) {
  const std::vector<std::string> wanted = Exchange(&reference_, batch);
  std::vector<std::string> got = Exchange(&subject_, batch);
  for (size_t i = 0; i < batch.size(); ++i) {
    if (tamper_) tamper_(batch[i].command, &got[i]);
    if (!same_(batch[i].command, wanted[i], got[i])) {
      return Difference{batch[i], wanted[i], got[i]};
    }
  }
  // Both closed: that was the answer, and the others go on with new connections.
  if (wanted.back().empty() && !Reset().ok()) return Difference{batch.back(), "", ""};
  return std::nullopt;
}

std::optional<Difference> Duel::Run(std::span<const Step> steps) {
  while (!steps.empty()) {
    size_t length = 1;
    while (length < steps.size() && steps[length].connection == steps[0].connection) ++length;
    if (auto difference = RunBatch(steps.first(length))) return difference;
    steps = steps.subspan(length);
  }
  return std::nullopt;
}

bool Duel::Reproduces(std::span<const Step> steps, const Difference& wanted) {
  if (!Reset().ok()) return false;
  const std::optional<Difference> found = Run(steps);
  return found && EqualsIgnoreCase(found->step.command[0], wanted.step.command[0]);
}

std::vector<Step> Duel::Shrink(std::vector<Step> steps, const Difference& difference) {
  // The shortest end of it that will do, among powers of two.
  size_t length = 1;
  while (length < steps.size() && !Reproduces(std::span(steps).last(length), difference))
    length *= 2;
  if (length >= steps.size() && !Reproduces(steps, difference)) {
    length = std::min(steps.size(), kShownIfNotReproduced);
    return {steps.end() - static_cast<ptrdiff_t>(length), steps.end()};
  }
  length = std::min(length, steps.size());
  steps.erase(steps.begin(), steps.end() - static_cast<ptrdiff_t>(length));

  // Leave out ever smaller pieces as long as the rest still differs.
  int tries = 0;
  for (size_t piece = steps.size() / 2; piece > 0; piece /= 2) {
    for (size_t at = 0; at + piece <= steps.size() && tries < kMaxShrinkTries;) {
      std::vector<Step> without = steps;
      const auto from = without.begin() + static_cast<ptrdiff_t>(at);
      without.erase(from, from + static_cast<ptrdiff_t>(piece));
      ++tries;
      if (!without.empty() && Reproduces(without, difference)) {
        steps = std::move(without);
      } else {
        at += piece;
      }
    }
  }
  return steps;
}

std::string Describe(const Difference& difference, std::span<const Step> steps) {
  std::string text;
  for (const Step& step : steps) {
    text += fmt::format("  connection {}:", step.connection);
    for (const std::string& argument : step.command) text += " " + Show(argument);
    text += "\n";
  }
  text += "differ at:";
  for (const std::string& argument : difference.step.command) text += " " + Show(argument);
  return fmt::format("{}\n  redis-server: {}\n  cairn-server: {}\n", text,
                     Show(difference.reference_reply), Show(difference.subject_reply));
}

}  // namespace cairn::test
