#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "build/collect.h"
#include "build/inputs.h"
#include "host/host.h"
#include "launch/launch.h"
#include "plan/plan.h"
#include "profile/profile.h"

namespace hutch {

/// One run of a build.
struct BuildJob {
  const Profile& profile;
  const Plan& plan;
  const Host& host;
  std::string into;  ///< a folder for all outputs, wherever the profile puts them; ""
  std::string keep;  ///< where the working folder is copied to if the build fails; ""
};

/// How it went. Where `ending.status` is not 0, nothing was taken out.
struct Built {
  Ending ending;
  std::vector<InputDigest> inputs;
  std::int64_t started = 0, finished = 0;  ///< seconds since 1970
};

/// Checks the inputs, runs the build, checks that the inputs are what they were, and takes the outputs: they
/// are in `collection`, not yet in place. E0701: the profile has no outputs. E0702 … E0707, and the errors of
/// launch().
Result<Built> run_build(const BuildJob& job, Collection& collection);

}  // namespace hutch
