#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "profile/profile.h"

/// Capabilities by name, as capabilities(7) lists them, lower case and without "cap_".

namespace hutch {

/// The set of these capabilities, bit N for capability N. `last_capability` is the last one this kernel
/// knows. E0330: no such capability. E0336: written with "cap_". E0421: newer than this kernel. All that is
/// wrong is reported together.
Result<std::uint64_t> capability_mask(const std::vector<Said<std::string>>& names, int last_capability);

/// "net_admin" for 12; "41" for one that has no name here yet.
std::string capability_name(int capability);

}  // namespace hutch
