#pragma once

#include <sys/types.h>

#include <string>

#include "child/run.h"
#include "launch/signals.h"
#include "plan/step.h"

namespace hutch {

/// How newuidmap(1) or newgidmap(1) fared.
struct HelperEnding {
  Call call = Call::none;
  int error = 0;     ///< 0: it did what it was asked for
  std::string said;  ///< its first line on standard error
  int signal = 0;    ///< we were told to end meanwhile
};

/// Runs the helper with the child's pid, an environment of our own and nothing on its standard streams but a
/// pipe.
HelperEnding run_map_helper(const RunMapHelper& step, pid_t child, const Signals& signals);

}  // namespace hutch
