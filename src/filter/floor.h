#pragma once

#include <linux/filter.h>

#include <string_view>
#include <vector>

#include "base/result.h"

namespace hutch {

/// The seccomp(2) filter that every sandbox has, whatever its profile says:
///  - system calls of a foreign architecture kill the process, since other filters name calls by the numbers
///  of this one;
///    those of x32 do not exist (ENOSYS);
///  - ioctl TIOCSTI and TIOCLINUX fail with EPERM, so that nothing types into the caller's terminal
///  (ioctl_tty(2)).
/// `architecture` as uname -m has it. E0420: no filter is known for it.
Result<std::vector<sock_filter>> floor_filter(std::string_view architecture);

}  // namespace hutch
