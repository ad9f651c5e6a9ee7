#pragma once

#include "base/result.h"
#include "base/sources.h"
#include "host/host.h"
#include "plan/plan.h"

namespace hutch {

/// How a launch ended.
struct Ending {
  int status = 0;  ///< what `hutch run` exits with: the program's own, 128+N, or 124 when its time was over
};

/// Executes a plan: runs the parent's steps, clones, waits for the end, forwards signals.
/// On failure nothing ran and nothing is left behind; the diagnostic names the step, its profile line, the
/// call, errno, the cause and the remedy. Its code decides the exit status: E06.. 126 or 127, else 125.
Result<Ending> launch(const Plan& plan, const Host& host, const Sources& sources);

}  // namespace hutch
