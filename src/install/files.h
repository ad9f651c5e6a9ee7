#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"

/// Writing and removing the files that `hutch install` makes.

namespace hutch {

struct NewFile {
  std::string path;  ///< absolute
  std::string text;  ///< with its marker
  mode_t mode = 0644;
};

/// Writes all of them, with the folders they need, or none: each appears whole, in one moment. What is there
/// already is replaced only if it is unchanged since `hutch install` made it. E0933, E0934, E0935.
Result<void> write_files(const std::vector<NewFile>& files);

/// Removes files that `hutch install` made; all of them, or, with an error, none. E0934, E0935.
Result<void> remove_files(const std::vector<std::string>& paths);

}  // namespace hutch
