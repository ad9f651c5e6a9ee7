#pragma once

#include <linux/mount.h>

#include "child/sys.h"

namespace hutch {

/// A detached clone of the mount at `path` below `directory` (open_tree(2), whose flags `how` adds to), with
/// these attributes from its first moment on.
Outcome clone_tree(int directory, const char* path, unsigned how, const mount_attr& attributes,
                   Fd& tree) noexcept;

}  // namespace hutch
