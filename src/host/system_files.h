#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/host.h"

/// Reading the text of /etc/passwd, /etc/subuid and /etc/subgid. Malformed lines are passed over, as libc
/// does.

namespace hutch {

/// The first name of this uid in passwd(5) text; empty if it has none.
std::string user_name(std::string_view passwd, uid_t uid);

/// The rows of subuid(5) text that belong to the user, by `name` or by number, in the order of the file.
std::vector<SubidRange> subid_ranges(std::string_view text, std::string_view name, uid_t uid);

/// The mount points of mountinfo text (proc_pid_mountinfo(5)), each once, in byte order.
std::vector<std::string> mount_points(std::string_view mountinfo);

}  // namespace hutch
