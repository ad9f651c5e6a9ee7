#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <string>
#include <vector>

namespace hutch {

/// The seccomp programs of a process, the oldest first, as the kernel has them.
struct FilterPrograms {
  std::string problem;  ///< why there are none below: "ptrace: Permission denied (EACCES)"
  std::vector<std::vector<sock_filter>> programs;
};

/// PTRACE_SECCOMP_GET_FILTER: stops the process for a moment. Takes CAP_SYS_ADMIN of the initial user
/// namespace, and a caller without filters of its own.
FilterPrograms read_filters(pid_t process);

}  // namespace hutch
