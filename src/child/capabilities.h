#pragma once

#include <linux/capability.h>

#include "child/sys.h"

namespace hutch {

/// The three sets of capget(2) as masks.
struct Capabilities {
  std::uint64_t effective = 0, permitted = 0, inheritable = 0;
  friend bool operator==(const Capabilities&, const Capabilities&) = default;
};

inline Outcome read_capabilities(Capabilities& found) noexcept {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct halves[2] = {};
  const Outcome outcome = check(Call::capget, sys::call(SYS_capget, &header, halves));
  const auto join = [&halves](std::uint32_t __user_cap_data_struct::*set) {
    return std::uint64_t{halves[0].*set} | std::uint64_t{halves[1].*set} << 32;
  };
  found.effective = join(&__user_cap_data_struct::effective);
  found.permitted = join(&__user_cap_data_struct::permitted);
  found.inheritable = join(&__user_cap_data_struct::inheritable);
  return outcome;
}

inline Outcome write_capabilities(const Capabilities& wanted) noexcept {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct halves[2] = {};
  for (int half = 0; half < 2; ++half) {
    const int shift = half * 32;
    halves[half].effective = static_cast<std::uint32_t>(wanted.effective >> shift);
    halves[half].permitted = static_cast<std::uint32_t>(wanted.permitted >> shift);
    halves[half].inheritable = static_cast<std::uint32_t>(wanted.inheritable >> shift);
  }
  return check(Call::capset, sys::call(SYS_capset, &header, halves));
}

constexpr std::uint64_t capability_bit(int capability) noexcept { return std::uint64_t{1} << capability; }

}  // namespace hutch
