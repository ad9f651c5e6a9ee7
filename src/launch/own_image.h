#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

namespace hutch {

/// Where the caller could write to the file that this program runs from, executes the program anew from a
/// copy that nobody can write to: a read-only mount of the file, or a sealed copy in memory.
///
/// A script inside that begins with "#!/proc/self/exe" makes the kernel execute our own file inside. What
/// runs beside it could open that file through /proc/PID/exe, and root, or whoever owns it, could write to
/// it: the next launch outside would run what the sandbox left (CVE-2019-5736).
///
/// Comes back where there is nothing to protect, and in the program that is protected already.
Result<void> protect_own_image();

/// A descriptor of the file that this program runs from, where it is one that can be the init (init_image.h):
/// hutch itself, linked statically, so that no loader of a sandbox's root has a part in it. Else none.
UniqueFd open_own_image();

/// The first thing of main: keeps its `argv`, and takes out of the environment what protect_own_image() left
/// for the program after it.
void remember_own_image(char** argv);

}  // namespace hutch
