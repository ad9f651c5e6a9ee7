#pragma once

#include <string>
#include <vector>

#include "host/host.h"
#include "plan/plan.h"
#include "profile/profile.h"

namespace hutch {

/// Something about its surroundings that a build can find out, and may leave in what it makes.
struct Fact {
  std::string name;     ///< "hostname", "limit nofile"
  std::string value;    ///< as it is for this build
  bool pinned = false;  ///< the same for everybody who runs the profile
};

/// What a build can find out, and which of it the profile pins. In a fixed order. What nothing can pin (the
/// kernel, the processor, the clock, random numbers) is at the end.
std::vector<Fact> facts_of(const Profile& profile, const Plan& plan, const Host& host);

}  // namespace hutch
