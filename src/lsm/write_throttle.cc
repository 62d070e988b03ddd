#include "lsm/write_throttle.h"

#include <algorithm>
#include <cmath>

namespace cairn::lsm {

namespace {

constexpr double kIngressSeconds = 0.1;    // the mean goes over about so long
constexpr double kReferenceHalfLife = 30;  // seconds after which a burst counts half

std::string_view CauseOf(const WritePressure& pressure) {
  if (pressure.flush >= std::max(pressure.merges, pressure.disk)) return "flush";
  return pressure.merges >= pressure.disk ? "merges" : "disk";
}

}  // namespace

void WriteThrottle::Update(const WritePressure& pressure, uint64_t now_nanos) {
  const double seconds =
      updated_nanos_ == 0 ? 0 : static_cast<double>(now_nanos - updated_nanos_) / 1e9;
  updated_nanos_ = now_nanos;
  if (seconds > 0) Measure(seconds);
  const double most =
      std::clamp(std::max({pressure.flush, pressure.merges, pressure.disk}), 0., 1.);
  if (most == 0 && !limited()) return;
  const double rate = NextRate(most, seconds);
  // While the rate rises again the cause is the one that it fell for.
  if (most > 0) cause_ = CauseOf(pressure);
  if (rate == 0) cause_ = "none";
  bucket_.SetRate(rate, now_nanos);
}

void WriteThrottle::Measure(double seconds) {
  const double now = static_cast<double>(written_bytes_ - measured_bytes_) / seconds;
  measured_bytes_ = written_bytes_;
  ingress_ += (now - ingress_) * std::min(1.0, seconds / kIngressSeconds);
  if (limited()) return;  // it says nothing of what writers would like
  const double aged = reference_ * std::exp2(-seconds / kReferenceHalfLife);
  reference_ = std::max({ingress_, aged, kLeastReference});
}

double WriteThrottle::NextRate(double pressure, double seconds) const {
  const double free_share = 1 - pressure;
  const double wanted = std::max(reference_ * free_share * free_share, kLeastRate);
  if (!limited() || wanted <= rate()) return wanted;
  const double risen = rate() * std::pow(kRise, seconds);
  if (risen < wanted) return risen;
  return pressure > 0 ? wanted : 0;
}

}  // namespace cairn::lsm
