#pragma once
// A HyperLogLog in Redis's byte format: how many different elements were added, within 0.81%
// (standard error), in at most 12 KiB. An element picks one of 16,384 registers by its hash, and
// the register keeps the greatest count of trailing zeros that it was given.
//
// Not thread-safe. Owns its bytes. Layout: src/keyspace/README.md.
// Errors: a sparse one whose runs do not come to 16,384 registers is found corrupted when they are
// walked over; functions that do so say nullopt or false then, and leave the value as it was.
// Sources: Flajolet et al. 2007; Heule et al. 2013 (64-bit hash, sparse form); Ertl 2017,
// arXiv:1702.01284 (the estimator); MurmurHash64A by Austin Appleby. Format and limits: Redis 7.0.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cairn {

class HyperLogLog {
 public:
  static constexpr size_t kRegisterBits = 14;  // of the hash, that pick the register
  static constexpr size_t kRegisterCount = size_t{1} << kRegisterBits;
  static constexpr size_t kHeaderBytes = 16;
  // Six bits each.
  static constexpr size_t kDenseBytes = kHeaderBytes + kRegisterCount * 6 / 8;
  using Registers = std::array<uint8_t, kRegisterCount>;

  // Whether the bytes can be one, by their header and, where that says enough, their length.
  static bool LooksLikeOne(std::string_view bytes);
  // What was merged from several of them.
  static uint64_t Estimate(const Registers& registers);

  HyperLogLog();  // nothing added yet; sparse
  // Requires: LooksLikeOne(bytes).
  explicit HyperLogLog(std::string_view bytes);

  const std::string& bytes() const { return bytes_; }
  bool dense() const { return bytes_[kEncodingAt] == kDense; }

  // True if that changed a register. A sparse one becomes dense where it would pass
  // `sparse_max_bytes` or cannot hold the count.
  std::optional<bool> Add(std::string_view element, size_t sparse_max_bytes);
  // Raises the register to that count. True if it was lower.
  std::optional<bool> Raise(size_t index, uint8_t count, size_t sparse_max_bytes);
  // False: corrupted.
  [[nodiscard]] bool MakeDense();
  // Raises each of the given registers to this one's.
  [[nodiscard]] bool MergeInto(Registers* registers) const;

  // The estimate that was kept since the last change.
  std::optional<uint64_t> kept_count() const;
  void KeepCount(uint64_t count);
  void ForgetCount();
  // Walks over all registers.
  std::optional<uint64_t> Count() const;

  // The runs of a sparse one as PFDEBUG DECODE shows them. Requires: !dense().
  std::string RunsText() const;

 private:
  static constexpr size_t kEncodingAt = 4;
  static constexpr char kDense = 0;
  static constexpr char kSparse = 1;

  uint8_t DenseRegister(size_t index) const;
  void SetDenseRegister(size_t index, uint8_t count);
  bool RaiseDense(size_t index, uint8_t count);
  void JoinEqualRuns(size_t at);

  std::string bytes_;
};

}  // namespace cairn
