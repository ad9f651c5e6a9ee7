#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "host/host.h"
#include "plan/plan.h"
#include "profile/profile.h"

namespace hutch {

/// What the caller adds at the end: the words after PROFILE on the command line.
struct Request {
  std::vector<std::string> arguments;
  bool needs_command = true;  ///< false for `plan` and `check`: a fragment has no program to run
};

/// Turns a profile into a plan. No system calls, no clock, no environment: the same profile, request and host
/// give the same plan. Several errors may be reported together.
Result<Plan> compile(const Profile& profile, const Request& request, const Host& host);

}  // namespace hutch
