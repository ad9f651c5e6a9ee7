#pragma once

#include <linux/limits.h>

#include <cstddef>
#include <string_view>

#include "child/sys.h"

/// Paths inside a root, resolved so that nothing in it leads out: "..", absolute links and procfs magic links
/// (path_resolution(7), openat2(2)).

namespace hutch {

/// openat2(O_PATH, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS), or by hand where openat2 is refused (ENOSYS,
/// EPERM). The last component is followed, too. ELOOP for magic links and for more than 40 links.
Fd walk_in_root(int root, const char* path) noexcept;

/// For a path in which the plan has followed every link already: one that stands there now was put there
/// since (ESTALE). RESOLVE_NO_SYMLINKS, or each component by hand with O_NOFOLLOW.
Fd walk_resolved(int root, const char* path) noexcept;
Fd walk_resolved_by_hand(int root, const char* path) noexcept;

/// Both ways, for tests: they give the same answers.
Fd walk_with_openat2(int root, const char* path) noexcept;
Fd walk_by_hand(int root, const char* path) noexcept;

/// The process's own root directory.
Fd open_root() noexcept;

/// The length of the shortest prefix of `path` that cannot be walked; 0 if all can.
std::uint32_t failing_prefix(int root, std::string_view path) noexcept;

/// A walk that failed, with the prefix that is to blame.
Outcome walk_failed(int root, std::string_view path, const Fd& walked) noexcept;

/// The kind bits (S_IFMT) of what is open, or a negative errno.
long kind_of(int fd) noexcept;

}  // namespace hutch
