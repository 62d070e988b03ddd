#include "keyspace/hyperloglog.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "keyspace/hyperloglog_runs.h"
#include "util/check.h"
#include "util/coding.h"

namespace cairn {

namespace {

constexpr std::string_view kMagic = "HYLL";
// Of the header: magic, encoding, three bytes that are zero, the kept estimate, whose highest bit
// says that it is out of date.
constexpr size_t kCountAt = 8;
constexpr uint64_t kCountUnknown = uint64_t{1} << 63;
// Registers count up to the bits of the hash that pick none of them, and one.
constexpr size_t kMaxCount = 64 - HyperLogLog::kRegisterBits + 1;
constexpr uint8_t kRegisterMask = 0x3f;
// Redis's; another seed would make another file.
constexpr uint64_t kHashSeed = 0xadc83b19;

// How many registers have each count. Damaged dense ones may have counts that no hash gives.
using Histogram = std::array<uint32_t, kRegisterMask + 1>;

uint64_t MixWord(uint64_t word) {
  constexpr uint64_t kMultiplier = 0xc6a4a7935bd1e995;
  word *= kMultiplier;
  word ^= word >> 47;
  return word * kMultiplier;
}

// MurmurHash64A: eight bytes at a time, little-endian; what is left over is one short word.
uint64_t HashElement(std::string_view element) {
  constexpr uint64_t kMultiplier = 0xc6a4a7935bd1e995;
  uint64_t hash = kHashSeed ^ element.size() * kMultiplier;
  while (element.size() >= sizeof(uint64_t)) {
    hash = (hash ^ MixWord(DecodeFixed64(element.data()))) * kMultiplier;
    element.remove_prefix(sizeof(uint64_t));
  }
  if (!element.empty()) {
    uint64_t rest = 0;
    for (size_t i = element.size(); i > 0; --i) {
      rest = rest << 8 | static_cast<uint8_t>(element[i - 1]);
    }
    hash = (hash ^ rest) * kMultiplier;
  }
  hash = (hash ^ hash >> 47) * kMultiplier;
  return hash ^ hash >> 47;
}

// Ertl's sigma: x + Σ x^(2^k) 2^(k-1), what registers that nothing met contribute.
double Sigma(double x) {
  if (x == 1.0) return std::numeric_limits<double>::infinity();
  double sum = x;
  double before = 0;
  for (double weight = 1.0; sum != before; weight += weight) {
    x *= x;
    before = sum;
    sum += x * weight;
  }
  return sum;
}

// Ertl's tau: (1 - x - Σ (1 - x^(2^-k))² 2^-k) / 3, what full registers do.
double Tau(double x) {
  if (x == 0.0 || x == 1.0) return 0.0;
  double sum = 1 - x;
  double before = 0;
  double weight = 1.0;
  do {
    x = std::sqrt(x);
    before = sum;
    weight *= 0.5;
    sum -= (1 - x) * (1 - x) * weight;
  } while (sum != before);
  return sum / 3;
}

uint64_t EstimateOf(const Histogram& histogram) {
  constexpr double kHalfOverLn2 = 0.721347520444481703680;  // alpha for infinitely many registers
  constexpr auto kRegisters = static_cast<double>(HyperLogLog::kRegisterCount);
  double z = kRegisters * Tau((kRegisters - histogram[kMaxCount]) / kRegisters);
  for (size_t count = kMaxCount - 1; count >= 1; --count) z = (z + histogram[count]) * 0.5;
  z += kRegisters * Sigma(histogram[0] / kRegisters);
  return static_cast<uint64_t>(llroundl(kHalfOverLn2 * kRegisters * kRegisters / z));
}

}  // namespace

bool HyperLogLog::LooksLikeOne(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes || !bytes.starts_with(kMagic)) return false;
  if (bytes[kEncodingAt] == kDense) return bytes.size() == kDenseBytes;
  return bytes[kEncodingAt] == kSparse;
}

uint64_t HyperLogLog::Estimate(const Registers& registers) {
  Histogram histogram{};
  for (const uint8_t count : registers) ++histogram[count];
  return EstimateOf(histogram);
}

HyperLogLog::HyperLogLog() : bytes_(kHeaderBytes, '\0') {
  bytes_.replace(0, kMagic.size(), kMagic);
  bytes_[kEncodingAt] = kSparse;
  AppendHllRun(0, kRegisterCount, &bytes_);
}

HyperLogLog::HyperLogLog(std::string_view bytes) : bytes_(bytes) {
  CAIRN_CHECK(LooksLikeOne(bytes));
}

std::optional<bool> HyperLogLog::Add(std::string_view element, size_t sparse_max_bytes) {
  const uint64_t hash = HashElement(element);
  // A bit beyond those that count ends the zeros of a hash that has nothing else.
  const uint64_t rest = hash >> kRegisterBits | uint64_t{1} << (kMaxCount - 1);
  return Raise(hash % kRegisterCount, static_cast<uint8_t>(std::countr_zero(rest) + 1),
               sparse_max_bytes);
}

std::optional<bool> HyperLogLog::Raise(size_t index, uint8_t count, size_t sparse_max_bytes) {
  DCHECK(index < kRegisterCount);
  DCHECK(count <= kRegisterMask);
  if (dense()) return RaiseDense(index, count);
  const auto promote = [&]() -> std::optional<bool> {
    if (!MakeDense()) return std::nullopt;
    return RaiseDense(index, count);
  };
  if (count > HllRun::kMaxCount) return promote();
  // The run that the register lies in, and the one before it.
  size_t at = kHeaderBytes;
  size_t before = at;
  size_t first = 0;  // its first register
  HllRun run;
  for (; at < bytes_.size(); first += run.length, before = at, at += run.bytes()) {
    run = ReadHllRun(bytes_, at);
    if (index < first + run.length) break;
  }
  if (at >= bytes_.size()) return std::nullopt;
  if (run.count >= count) return false;
  const auto left = static_cast<uint32_t>(index - first);
  std::string split;
  AppendHllRun(run.count, left, &split);
  AppendHllRun(count, 1, &split);
  AppendHllRun(run.count, run.length - left - 1, &split);
  const size_t size = bytes_.size() + split.size() - run.bytes();
  if (split.size() > run.bytes() && size > sparse_max_bytes) return promote();
  bytes_.replace(at, run.bytes(), split);
  bytes_.resize(size);  // shorter only where the run's second byte was missing
  JoinEqualRuns(before);
  ForgetCount();
  return true;
}

// Joins runs of the same count, from that one on. Only so many steps as a change can make joinable;
// which ones shows in the bytes, so it goes as Redis does.
void HyperLogLog::JoinEqualRuns(size_t at) {
  for (int steps = 5; steps > 0 && at < bytes_.size(); --steps) {
    const HllRun run = ReadHllRun(bytes_, at);
    if (run.kind == HllRun::Kind::kCounts && at + 1 < bytes_.size()) {
      const HllRun next = ReadHllRun(bytes_, at + 1);
      const uint32_t length = run.length + next.length;
      if (next.count == run.count && length <= HllRun::kMaxCounts) {
        std::string joined;
        AppendHllRun(run.count, length, &joined);
        bytes_.replace(at, 2, joined);
        continue;
      }
    }
    at += run.bytes();
  }
}

bool HyperLogLog::MakeDense() {
  if (dense()) return true;
  Registers registers{};
  if (!MergeInto(&registers)) return false;
  bytes_.resize(kHeaderBytes);
  bytes_.resize(kDenseBytes, '\0');
  bytes_[kEncodingAt] = kDense;
  for (size_t i = 0; i < kRegisterCount; ++i) SetDenseRegister(i, registers[i]);
  return true;
}

bool HyperLogLog::MergeInto(Registers* registers) const {
  size_t index = 0;
  if (dense()) {
    for (; index < kRegisterCount; ++index) {
      (*registers)[index] = std::max((*registers)[index], DenseRegister(index));
    }
    return true;
  }
  for (size_t at = kHeaderBytes; at < bytes_.size();) {
    const HllRun run = ReadHllRun(bytes_, at);
    if (run.length > kRegisterCount - index) return false;
    for (const size_t end = index + run.length; index < end; ++index) {
      (*registers)[index] = std::max((*registers)[index], run.count);
    }
    at += run.bytes();
  }
  return index == kRegisterCount;
}

std::optional<uint64_t> HyperLogLog::kept_count() const {
  const uint64_t kept = DecodeFixed64(bytes_.data() + kCountAt);
  if ((kept & kCountUnknown) != 0) return std::nullopt;
  return kept;
}

void HyperLogLog::KeepCount(uint64_t count) {
  EncodeFixed64(bytes_.data() + kCountAt, count);
}

// The old one stays under the mark, as in Redis.
void HyperLogLog::ForgetCount() {
  KeepCount(DecodeFixed64(bytes_.data() + kCountAt) | kCountUnknown);
}

std::optional<uint64_t> HyperLogLog::Count() const {
  Registers registers{};
  if (!MergeInto(&registers)) return std::nullopt;
  return Estimate(registers);
}

std::string HyperLogLog::RunsText() const {
  DCHECK(!dense());
  std::string text;
  for (size_t at = kHeaderBytes; at < bytes_.size();) {
    const HllRun run = ReadHllRun(bytes_, at);
    if (!text.empty()) text += ' ';
    if (run.kind == HllRun::Kind::kCounts) {
      text += fmt::format("v:{},{}", run.count, run.length);
    } else {
      text += fmt::format("{}:{}", run.kind == HllRun::Kind::kZeros ? 'z' : 'Z', run.length);
    }
    at += run.bytes();
  }
  return text;
}

bool HyperLogLog::RaiseDense(size_t index, uint8_t count) {
  if (DenseRegister(index) >= count) return false;
  SetDenseRegister(index, count);
  return true;
}

// Register i is the six bits from bit 6 i on, the lowest bit of a byte first; it may lie in two.
uint8_t HyperLogLog::DenseRegister(size_t index) const {
  const size_t at = kHeaderBytes + index * 6 / 8;
  const size_t shift = index * 6 % 8;
  uint32_t window = static_cast<uint8_t>(bytes_[at]);
  if (shift > 2) window |= static_cast<uint32_t>(static_cast<uint8_t>(bytes_[at + 1])) << 8;
  return window >> shift & kRegisterMask;
}

void HyperLogLog::SetDenseRegister(size_t index, uint8_t count) {
  const size_t at = kHeaderBytes + index * 6 / 8;
  const size_t shift = index * 6 % 8;
  const uint32_t mask = uint32_t{kRegisterMask} << shift;
  const uint32_t bits = uint32_t{count} << shift;
  const auto merge = [&](char& byte, uint32_t of_mask, uint32_t of_bits) {
    byte = static_cast<char>((static_cast<uint8_t>(byte) & ~of_mask) | of_bits);
  };
  merge(bytes_[at], mask & 0xff, bits & 0xff);
  if (shift > 2) merge(bytes_[at + 1], mask >> 8, bits >> 8);
}

}  // namespace cairn
