#include "launch/causes.h"

#include <fmt/format.h>
#include <sched.h>

#include <string_view>

#include "base/text.h"

namespace hutch {
namespace {

bool first_line_is(const ReadText& read, const std::string& path, std::string_view wanted) {
  const auto text = read(path);
  return text && std::string_view(*text).substr(0, text->find('\n')) == wanted;
}

}  // namespace

std::string most_namespaces(std::uint64_t kind) {
  struct Row {
    std::uint64_t kind;
    const char* name;
  };
  constexpr Row kRows[] = {{CLONE_NEWUSER, "user"}, {CLONE_NEWNS, "mnt"},       {CLONE_NEWPID, "pid"},
                           {CLONE_NEWIPC, "ipc"},   {CLONE_NEWUTS, "uts"},      {CLONE_NEWNET, "net"},
                           {CLONE_NEWTIME, "time"}, {CLONE_NEWCGROUP, "cgroup"}};
  for (const Row& row : kRows) {
    if (row.kind == kind) return fmt::format("/proc/sys/user/max_{}_namespaces", row.name);
  }
  return {};
}

bool is_zero(const ReadText& read, const std::string& sysctl) { return first_line_is(read, sysctl, "0"); }

bool user_namespaces_are_for_root(const ReadText& read) {
  return is_zero(read, "/proc/sys/kernel/unprivileged_userns_clone");
}

bool apparmor_restricts_users(const ReadText& read) {
  return first_line_is(read, "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1");
}

bool is_in_chroot(const ReadText& read) {
  const auto mounts = read("/proc/self/mountinfo");
  if (!mounts || mounts->empty()) return false;
  // ID PARENT MAJ:MIN ROOT MOUNT-POINT …: in a chroot that is no mount, nothing is mounted on "/".
  for (const std::string_view line : split(*mounts, '\n')) {
    const auto fields = split(line, ' ');
    if (fields.size() > 4 && fields[4] == "/") return false;
  }
  return true;
}

bool is_under_seccomp(const ReadText& read) {
  const auto status = read("/proc/self/status");
  return status && status->find("\nSeccomp:\t2") != std::string::npos;
}

}  // namespace hutch
