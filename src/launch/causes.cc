#include "launch/causes.h"

#include <fmt/format.h>
#include <sched.h>

#include <set>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace hutch {
namespace {

bool first_line_is(const ReadText& read, const std::string& path, std::string_view wanted) {
  const auto text = read(path);
  return text && std::string_view(*text).substr(0, text->find('\n')) == wanted;
}

struct MountLine {
  std::string_view id, point;
};

/// ID PARENT MAJ:MIN ROOT MOUNT-POINT …: proc(5).
std::vector<MountLine> mount_lines(std::string_view mountinfo) {
  std::vector<MountLine> lines;
  for (const std::string_view line : split(mountinfo, '\n')) {
    const auto fields = split(line, ' ');
    if (fields.size() > 4) lines.push_back({fields[0], fields[4]});
  }
  return lines;
}

std::string parent_of_process(const std::string& process, const ReadText& read) {
  constexpr std::string_view kName = "\nPPid:\t";
  const std::string text = read(fmt::format("/proc/{}/status", process)).value_or("");
  const std::size_t at = text.find(kName);
  if (at == text.npos) return "0";
  const std::size_t begin = at + kName.size();
  return text.substr(begin, text.find('\n', begin) - begin);
}

/// Everybody may read where the mounts of a process are, as seen from its root. A process from which we come
/// and that has our root in a folder has not gone into our chroot.
bool is_elsewhere_for_ancestors(const std::set<std::string_view>& roots, const ReadText& read) {
  constexpr int kMostAncestors = 100;
  std::string process = parent_of_process("self", read);
  for (int i = 0; i < kMostAncestors && process != "0"; ++i) {
    const std::string mounts = read(fmt::format("/proc/{}/mountinfo", process)).value_or("");
    for (const MountLine& line : mount_lines(mounts))
      if (line.point != "/" && roots.contains(line.id)) return true;
    process = parent_of_process(process, read);
  }
  return false;
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
  std::set<std::string_view> roots;
  for (const MountLine& line : mount_lines(*mounts))
    if (line.point == "/") roots.insert(line.id);
  // Where the root is no mount, nothing is mounted on "/".
  return roots.empty() || is_elsewhere_for_ancestors(roots, read);
}

bool is_under_seccomp(const ReadText& read) {
  const auto status = read("/proc/self/status");
  return status && status->find("\nSeccomp:\t2") != std::string::npos;
}

}  // namespace hutch
