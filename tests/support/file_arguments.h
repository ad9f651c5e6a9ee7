#pragma once

#include <sys/stat.h>

#include <string>

#include "support/sandbox.h"

/// For tests of `process.files`.

namespace hutch::test {

/// A profile that shows files as `files` says; `mounts` into [mounts], where further tables may follow.
inline std::string box_of(const Workspace& here, const std::string& files, const std::string& mounts = "") {
  return here.profile("box", "extends = [\"base/minimal\"]\n[mounts]\n" + mounts + "\n[process]\nfiles = \"" +
                                 files + "\"\n");
}

/// In the workspace, with a home of its own.
inline Options in(const Workspace& here) { return {.env = {{"HOME", here / "home"}}, .cwd = here.path()}; }

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

inline bool exists(const std::string& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0;
}

}  // namespace hutch::test
