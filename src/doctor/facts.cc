#include "doctor/facts.h"

#include <fmt/format.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <string_view>

#include "base/text.h"
#include "host/find_program.h"
#include "launch/causes.h"
#include "plan/image_mounter.h"

namespace hutch {
namespace {

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

/// A line of /proc/self/status: "NoNewPrivs" -> "1".
std::string status_line(const ReadText& read, std::string_view name) {
  const std::string text = read("/proc/self/status").value_or("");
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with(name) && line.substr(name.size()).starts_with(":\t"))
      return std::string(line.substr(name.size() + 2));
  }
  return {};
}

MachineFact kernel(const Host& host) {
  const Kernel& kernel = host.kernel();
  return {"kernel", fmt::format("Linux {}.{}, {}", kernel.major, kernel.minor, kernel.architecture),
          kernel.at_least(5, 14) ? "" : "hutch needs Linux 5.14 or newer"};
}

MachineFact caller(const Host& host) {
  const Caller& caller = host.caller();
  return {"caller",
          fmt::format("uid {}{}, gid {}", caller.uid,
                      caller.user.empty() ? "" : fmt::format(" ({})", printable(caller.user)), caller.gid),
          ""};
}

/// What is around hutch and narrows it.
MachineFact around(const ReadText& read) {
  std::string value, help;
  const auto add = [](std::string& list, std::string_view what, std::string_view between) {
    if (!list.empty()) list += between;
    list += what;
  };
  if (is_in_chroot(read)) {
    add(value, "a chroot", ", ");
    add(help, "no user namespace can be made in a chroot: enter that tree with pivot_root or as a container",
        "; ");
  }
  if (is_under_seccomp(read)) add(value, "a seccomp filter", ", ");
  if (status_line(read, "NoNewPrivs") == "1") {
    add(value, "no_new_privs", ", ");
    add(help, "newuidmap and newgidmap cannot gain what they need: no `map = \"subids\"`", "; ");
  }
  const std::string map = read("/proc/self/uid_map").value_or("");
  std::uint64_t inside = 0, outside = 0, count = 0;
  if (std::sscanf(map.c_str(), "%lu %lu %lu", &inside, &outside, &count) == 3 && count != 4294967295U)
    add(value, "a user namespace", ", ");
  return {"around hutch", value.empty() ? "nothing" : value, help};
}

MachineFact user_namespaces(const ReadText& read) {
  const auto most = read(kMostUserNamespaces);
  MachineFact fact{"user namespaces",
                   most ? fmt::format("at most {}", first_line(*most)) : "no sysctl tells the limit", ""};
  // Each that holds: whoever undoes one of them only meets the next.
  const auto forbids = [&fact](std::string_view what, std::string_view remedy) {
    fact.value += what;
    if (!fact.help.empty()) fact.help += "; ";
    fact.help += remedy;
  };
  if (is_zero(read, kMostUserNamespaces)) forbids("", "as root: sysctl -w user.max_user_namespaces=15000");
  if (user_namespaces_are_for_root(read)) {
    forbids(", for root only (kernel.unprivileged_userns_clone is 0)",
            "as root: sysctl -w kernel.unprivileged_userns_clone=1");
  }
  if (apparmor_restricts_users(read)) {
    forbids(", restricted by AppArmor (kernel.apparmor_restrict_unprivileged_userns is 1)",
            "give hutch an AppArmor profile that has `userns,` (packaging/apparmor)");
  }
  return fact;
}

/// The other kinds that are switched off, and how many processes there may be.
void limits(const Host& host, const ReadText& read, std::vector<MachineFact>& facts) {
  constexpr std::uint64_t kKinds[] = {CLONE_NEWNS,  CLONE_NEWPID,    CLONE_NEWIPC, CLONE_NEWUTS,
                                      CLONE_NEWNET, CLONE_NEWCGROUP, CLONE_NEWTIME};
  for (const std::uint64_t kind : kKinds) {
    const std::string sysctl = most_namespaces(kind);
    if (!is_zero(read, sysctl)) continue;
    const std::string name = fmt::format("user.{}", sysctl.substr(sysctl.rfind('/') + 1));
    facts.push_back({name, "0", fmt::format("as root: sysctl -w {}=15000", name)});
  }
  const HostLimit most = host.limit(RLIMIT_NPROC);
  facts.push_back({"processes",
                   most.soft == ~std::uint64_t{0} ? "unlimited" : fmt::format("at most {}", most.soft),
                   most.soft < 16 ? "raise it: ulimit -u" : ""});
}

MachineFact subids(const Host& host) {
  const auto sum = [&](bool groups) {
    std::uint64_t all = 0;
    for (const SubidRange& range : host.subids(groups)) all += range.count;
    return all;
  };
  const std::uint64_t users = sum(false), groups = sum(true);
  return {"subordinate ids", fmt::format("{} of users, {} of groups", users, groups),
          users != 0 && groups != 0 ? ""
                                    : "for `map = \"subids\"`, as root: usermod --add-subuids "
                                      "100000-165535 --add-subgids 100000-165535 USER"};
}

MachineFact map_helper(const Host& host, std::string_view name) {
  const std::string path = fmt::format("/usr/bin/{}", name);
  const PathFact file = host.follow(path);
  if (file.kind != FileKind::file)
    return {std::string(name), "missing", "for `map = \"subids\"`, install it (Debian: uidmap)"};
  const bool gains = (file.mode & S_ISUID) != 0 && file.uid == 0;
  return {std::string(name), path,
          gains ? "" : "it is not setuid root: it works only with file capabilities"};
}

MachineFact proc(const Host& host) {
  if (host.follow("/proc/self/status").kind != FileKind::file)
    return {"/proc", "missing", "as root: mount -t proc proc /proc"};
  const auto covers = host.mounts_below("/proc");
  if (covers.empty()) return {"/proc", "nothing is mounted over it", ""};
  return {"/proc", fmt::format("covered at {}", printable(fmt::format("{}", fmt::join(covers, ", ")))),
          "where the kernel refuses a fresh one: \"/proc\" = { type = \"proc\", fallback = \"bind\" }"};
}

MachineFact landlock(const Host& host) {
  const int abi = host.kernel().landlock;
  if (abi > 0) return {"Landlock", fmt::format("ABI {}", abi), ""};
  return {"Landlock", fmt::format("none: {}", ::strerror(-abi)),
          abi == -EOPNOTSUPP ? "add landlock to `lsm=` on the kernel's command line"
                             : "this kernel was built without it, or a filter around hutch hides it"};
}

/// cgroups(7): the caller's own group of the unified hierarchy, and whether groups can be made below it.
MachineFact cgroup(const Host& host, const ReadText& read) {
  constexpr std::string_view kDelegate = "systemd-run --user --scope -p Delegate=yes hutch ...";
  std::string own;
  const std::string groups = read("/proc/self/cgroup").value_or("");
  for (const std::string_view line : split(groups, '\n'))
    if (line.starts_with("0::")) own = line.substr(3);
  std::string root;
  const std::string mounts = read("/proc/self/mountinfo").value_or("");
  for (const std::string_view line : split(mounts, '\n')) {
    const auto fields = split(line, ' ');
    if (root.empty() && line.find(" - cgroup2 ") != line.npos && fields.size() > 4) root = fields[4];
  }
  if (root.empty() || own.empty())
    return {"cgroup", "no cgroup2 is mounted", "as root: mount -t cgroup2 none /sys/fs/cgroup"};
  const std::string folder = own == "/" ? root : root + own;
  const bool delegated = host.may(folder, W_OK) && host.may(folder + "/cgroup.procs", W_OK);
  const std::string controllers = read(folder + "/cgroup.controllers").value_or("");
  return {"cgroup",
          fmt::format("{} ({}), {}", printable(folder),
                      controllers.size() < 2 ? "no controllers" : first_line(controllers),
                      delegated ? "yours" : "not delegated"),
          delegated ? "" : std::string("for groups of your own: ") + std::string(kDelegate)};
}

MachineFact program(const Host& host, std::string_view name, std::string_view use) {
  std::string path = find_program(host, name);
  const bool found = !path.empty();
  return {std::string(name), found ? std::move(path) : "missing",
          found ? "" : fmt::format("only for {}", use)};
}

/// Who mounts images of this format for ordinary users.
MachineFact mounter(const Host& host, ImageFormat format) {
  const std::string name = fmt::format("{} images", format_name(format));
  if (const ImageMounter* found = find_image_mounter(host, format))
    return {name, fmt::format("mounted by {} for ordinary users", found->program), ""};
  return {name, "mounted for root only",
          fmt::format("for ordinary users, install {}", usual_image_mounter(format).package)};
}

}  // namespace

std::vector<MachineFact> machine_facts(const Host& host, const ReadText& read) {
  std::vector<MachineFact> facts{kernel(host), caller(host), around(read), user_namespaces(read)};
  limits(host, read, facts);
  facts.push_back(subids(host));
  facts.push_back(map_helper(host, "newuidmap"));
  facts.push_back(map_helper(host, "newgidmap"));
  facts.push_back(proc(host));
  facts.push_back(landlock(host));
  facts.push_back(cgroup(host, read));
  const bool fuse = host.may("/dev/fuse", R_OK | W_OK);
  facts.push_back({"/dev/fuse", fuse ? "can be opened" : "cannot be opened",
                   fuse ? "" : "file systems of FUSE cannot be mounted: modprobe fuse, or its modes"});
  for (const ImageFormat format : {ImageFormat::squashfs, ImageFormat::erofs, ImageFormat::ext4})
    facts.push_back(mounter(host, format));
  facts.push_back(program(host, "fuse-overlayfs", "overlays that FUSE mounts"));
  facts.push_back(program(host, "pasta", "a network of the sandbox's own that reaches outside"));
  facts.push_back(program(host, "xdg-dbus-proxy", "a filtered D-Bus"));
  return facts;
}

}  // namespace hutch
