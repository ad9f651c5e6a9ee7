#pragma once

#include <string>

#include "base/origin.h"
#include "base/result.h"
#include "host/host.h"
#include "profile/profile.h"

namespace hutch {

/// What the program would find at a path, and which line decides it.
struct AccessAnswer {
  bool visible = false, readable = false, writable = false, executable = false;
  std::string what;   ///< a sentence: "a file of the host (/usr/bin/env), read-only"
  Origin decided_by;  ///< unknown: the launcher's defaults
};

/// `path` is absolute inside. Runs nothing; the same view that `compile` builds is asked.
Result<AccessAnswer> access_of(const Profile& profile, const Host& host, const std::string& path);

}  // namespace hutch
