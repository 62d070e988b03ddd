#pragma once
// Which Cairn this is. The number comes from the build (CMakeLists.txt).

#include <string_view>

namespace cairn {

constexpr std::string_view kCairnVersion = CAIRN_VERSION;

}  // namespace cairn
