#pragma once

#include <linux/filter.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "profile/profile.h"

/// [seccomp] becomes a program for seccomp(2).

namespace hutch {

/// The one filter of a sandbox, in which the floor is part of the rules. The floor is, whatever a profile
/// says:
///  - system calls of an architecture that was not asked for end the process, since numbers mean something
///    else there; those of x32 do not exist (ENOSYS);
///  - ioctl TIOCSTI and TIOCLINUX fail with EPERM, so that nothing types into the caller's terminal
///    (ioctl_tty(2)).
struct Filter {
  std::vector<sock_filter> program;
  std::size_t rules = 0;  ///< calls and conditions that were ruled on, on the machine's own architecture
  std::vector<std::string> summary;  ///< what it does, a line for each thing, for people
};

struct FilterRequest {
  std::string_view architecture;    ///< as uname -m has it
  bool deny_write_execute = false;  ///< memory is never writable and executable; as far as filters can say it
};

/// E0352: an unknown name. E0353: no action. E0354: an argument that cannot be compared so. E0355: a rule
/// that cannot be expressed on one of the architectures. E0356: an architecture that is not of this machine.
/// E0358: too long. E0420: no filter is known for this machine. All that is wrong is reported together.
/// `warnings` gets W0303 (a way around a rule is left open) and W0304 (an entry without effect).
Result<Filter> make_filter(const Seccomp& said, const FilterRequest& request, Diagnostics& warnings);

/// The bytes of a compiled program, as `seccomp_export_bpf` writes them, checked as the kernel does. E0357.
Result<std::vector<sock_filter>> program_from(std::string_view bytes, const Said<std::string>& file);

/// What it answers to a call of this name, with arguments of 0, on the machine's own architecture.
std::uint32_t answer_to(const std::vector<sock_filter>& program, std::string_view architecture,
                        std::string_view call);

}  // namespace hutch
