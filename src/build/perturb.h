#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "build/record.h"
#include "host/host.h"

namespace hutch {

/// A build that is asked for again.
struct Rerun {
  std::vector<std::string> arguments;  ///< of hutch: "build", options, profile, the words after it
  std::vector<InputDigest> inputs;     ///< those that are folders are shown with their names in another order
  std::string folder;                  ///< an empty one of the caller's, for what is needed meanwhile
};

struct RerunEnding {
  int status = 0;         ///< what that hutch ended with
  std::string said;       ///< on its standard error
  Rebuilt circumstances;  ///< what was different
};

/// Runs hutch again as somebody else would have on another machine: another user and group, host name, umask,
/// time zone, locale, terminal width and other variables, address layout, one processor, the names in input
/// folders in another order, and later. A build that makes the same under both leaks none of this.
///
/// What cannot be changed here is told, not hidden: another user takes a user namespace around the build, in
/// which a build that needs root's own powers fails; then it is run without. E0509.
Result<RerunEnding> run_again(const Rerun& rerun, const Host& host);

}  // namespace hutch
