#pragma once

#include "child/sys.h"
#include "plan/step.h"

/// New files and directories, with exactly the mode that was asked for.

namespace hutch {

/// mkdirat. EEXIST is an error here.
Outcome make_directory(int parent, const char* name, mode_t mode) noexcept;
/// open(O_CREAT | O_EXCL | O_NOFOLLOW) and write. EEXIST is an error here.
Outcome make_file(int parent, const char* name, mode_t mode, ZStr content) noexcept;
/// All bytes or an error.
Outcome write_all(int fd, const char* bytes, std::size_t count) noexcept;

}  // namespace hutch
