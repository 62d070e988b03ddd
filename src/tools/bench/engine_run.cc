#include "tools/bench/engine_run.h"

#include <utility>

#include "tools/bench/process_usage.h"
#include "tools/bench/workload.h"
#include "util/check.h"

namespace cairn::bench {
namespace {

constexpr size_t kNoiseBytes = size_t{1} << 20;
// Half of it is noise, and the same once more.
constexpr size_t kNoisePiece = 50;

std::string MakeNoise(uint64_t seed) {
  std::string noise;
  Random random(seed);
  while (noise.size() < kNoiseBytes) {
    for (size_t i = 0; i < kNoisePiece; ++i) noise += static_cast<char>(random.Uniform(256));
    noise.append(noise, noise.size() - kNoisePiece, kNoisePiece);
  }
  return noise;
}

}  // namespace

KeysAndValues::KeysAndValues(const EngineBenchOptions& options)
    : key_(options.key_bytes, '0'),
      value_(options.value_bytes, '\0'),
      noise_(MakeNoise(options.seed)),
      order_(Shuffled(options.num, options.seed)) {
  CHECK(value_.size() < noise_.size());
}

std::string_view KeysAndValues::Key(uint64_t number) {
  for (size_t i = key_.size(); i-- > 0; number /= 10) {
    key_[i] = static_cast<char>('0' + number % 10);
  }
  return key_;
}

std::string_view KeysAndValues::Value(uint64_t number) {
  const std::string_view key = Key(number);
  const size_t head = std::min(key.size(), value_.size());
  const size_t tail = value_.size() - head;
  if (next_noise_ + tail > noise_.size()) next_noise_ = 0;
  std::copy_n(key.begin(), head, value_.begin());
  std::copy_n(noise_.begin() + static_cast<ptrdiff_t>(next_noise_), tail,
              value_.begin() + static_cast<ptrdiff_t>(head));
  next_noise_ += tail;
  return value_;
}

bool KeysAndValues::IsValueOf(std::string_view value, std::string_view key) const {
  return value.size() == value_.size() &&
         value.starts_with(key.substr(0, std::min(key.size(), value.size())));
}

EngineRun::EngineRun(Env& env, const EngineBenchOptions& options, KeysAndValues& data,
                     std::unique_ptr<EngineUnderTest> engine)
    : env_(env), options_(options), data_(data), engine_(std::move(engine)) {}

void EngineRun::Begin(std::string_view benchmark, uint64_t seed) {
  seed_ = seed;
  row_ = {};
  row_.benchmark = benchmark;
  row_.engine = engine_->name();
  static_cast<void>(engine_->TakeNotes(1));
  const ProcessUsage usage = ProcessUsage::Now(env_);
  cpu_before_ = usage.cpu_micros;
  disk_before_ = usage.written_bytes;
  tables_before_ = engine_->table_bytes_written();
}

Result<EngineRow> EngineRun::End(bool wrote) {
  row_.notes = engine_->TakeNotes(std::max<uint64_t>(1, row_.operations));
  if (wrote) {
    const uint64_t begin = env_.MonotonicNanos();
    RETURN_IF_ERROR(engine_->Settle());
    row_.settle_micros = (env_.MonotonicNanos() - begin) / 1000;
  }
  const ProcessUsage usage = ProcessUsage::Now(env_);
  row_.cpu_micros = usage.cpu_micros - cpu_before_;
  row_.disk_bytes = usage.written_bytes - disk_before_;
  row_.table_bytes_written = engine_->table_bytes_written() - tables_before_;
  row_.live_bytes = live_ * data_.pair_bytes();
  ASSIGN_OR_RETURN(row_.table_bytes, TableBytes());
  row_.peak_table_bytes = std::max(row_.peak_table_bytes, row_.table_bytes);
  return std::move(row_);
}

Status EngineRun::SampleSpace() {
  ASSIGN_OR_RETURN(const uint64_t bytes, TableBytes());
  row_.peak_table_bytes = std::max(row_.peak_table_bytes, bytes);
  return {};
}

Result<uint64_t> EngineRun::TableBytes() {
  uint64_t bytes = 0;
  const std::string& directory = engine_->directory();
  ASSIGN_OR_RETURN(const std::vector<std::string> names, env_.List(directory));
  for (const std::string& name : names) {
    if (!name.ends_with(".sst") && !name.ends_with(".ldb")) continue;
    const auto file = env_.OpenReadable(directory + "/" + name);
    // A merge may have removed it since.
    if (!file.ok() && file.status().code() == StatusCode::kNotFound) continue;
    RETURN_IF_ERROR(file.status());
    bytes += file.value()->size_bytes();
  }
  return bytes;
}

}  // namespace cairn::bench
