#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "launch/tell_failure.h"

/// What of this machine can forbid a sandbox, each as a question. `remedies.cc` asks after a failure, to name
/// its cause; `hutch doctor` shows the answers.

namespace hutch {

inline constexpr const char* kMostUserNamespaces = "/proc/sys/user/max_user_namespaces";

/// The sysctl that limits a kind of namespace, CLONE_NEW*: namespaces(7). Empty for what has none.
std::string most_namespaces(std::uint64_t kind);
bool is_zero(const ReadText& read, const std::string& sysctl);

/// Debian's kernel.unprivileged_userns_clone is 0.
bool user_namespaces_are_for_root(const ReadText& read);
/// Ubuntu's kernel.apparmor_restrict_unprivileged_userns is 1.
bool apparmor_restricts_users(const ReadText& read);
/// A root that is no mount, or one that a process from which we come has in a folder: user_namespaces(7) are
/// not made there. False where /proc does not show it.
bool is_in_chroot(const ReadText& read);
/// A filter is loaded around us: seccomp(2).
bool is_under_seccomp(const ReadText& read);

}  // namespace hutch
