#pragma once

#include <sys/types.h>

#include <optional>

namespace hutch {

/// What proc_pid_status(5) says of a process, whoever it belongs to.
struct ProcessFacts {
  pid_t parent = -1;
  uid_t uid = 0;  ///< real
  gid_t gid = 0;  ///< real
};

/// Nothing if there is no such process, or no /proc.
std::optional<ProcessFacts> process_facts(pid_t pid);

}  // namespace hutch
