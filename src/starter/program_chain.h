#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "host/host.h"
#include "starter/libraries.h"

namespace hutch {

/// A program, and what is executed in its place or with it.
struct ProgramChain {
  struct Link {
    std::string path;  ///< absolute, as it is named there
    std::string as;    ///< "the program", "its interpreter", "its loader"
  };
  std::vector<Link> links;  ///< the program first
  std::vector<Library> libraries;
  bool is_static = false;  ///< a binary that loads nothing
};

/// Found by reading files: the `#!` lines (execve(2), env(1) with its options), then the ELF file at the end.
/// `program` is a name on PATH or a path. E0941 to E0943.
Result<ProgramChain> chain_of(const std::string& program, const Host& host);

}  // namespace hutch
