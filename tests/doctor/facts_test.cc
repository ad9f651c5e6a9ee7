#include "doctor/facts.h"

#include <errno.h>
#include <sys/resource.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "support/debian_host.h"
#include "support/machine_files.h"

namespace hutch {
namespace {

using test::debian_host;
using test::FakeHost;
using test::machine_files;
using Files = std::map<std::string, std::string>;

constexpr const char* kForRoot = "/proc/sys/kernel/unprivileged_userns_clone";
constexpr const char* kAppArmor = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";
constexpr const char* kMost = "/proc/sys/user/max_user_namespaces";

/// "VALUE" or "VALUE -> HELP" of the fact of that name; "(none)" if there is none.
std::string fact(std::string_view name, const FakeHost& host, const Files& files = {}) {
  const auto facts = machine_facts(host, machine_files(files));
  const auto found = std::ranges::find(facts, name, &MachineFact::name);
  if (found == facts.end()) return "(none)";
  return found->value + (found->help.empty() ? "" : " -> " + found->help);
}

std::string user_namespaces(const Files& files) { return fact("user namespaces", FakeHost(), files); }

std::string around(const Files& files) { return fact("around hutch", FakeHost(), files); }

/// A machine with a unified hierarchy, in which the caller's group is "/user/ada".
Files with_cgroup(const std::string& own = "0::/user/ada\n") {
  return {{"/proc/self/cgroup", own},
          {"/proc/self/mountinfo",
           "42 73 254:0 / / rw - ext4 /dev/vda rw\n"
           "43 42 0:25 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n"
           "44 43 0:25 / /mnt rw - cgroup2 cgroup2 rw\n"},
          {"/sys/fs/cgroup/user/ada/cgroup.controllers", "cpu memory pids\n"}};
}

TEST_CASE("a limit of user namespaces is said, and amiss only where it is none") {
  CHECK(user_namespaces({}) == "no sysctl tells the limit");
  CHECK(user_namespaces({{kMost, "31337\n"}}) == "at most 31337");
  CHECK(user_namespaces({{kMost, "0\n"}}) ==
        "at most 0 -> as root: sysctl -w user.max_user_namespaces=15000");
}

TEST_CASE("the sysctl of Debian and the restriction of Ubuntu are named where they hold") {
  CHECK(user_namespaces({{kMost, "9\n"}, {kForRoot, "1\n"}, {kAppArmor, "0\n"}}) == "at most 9");
  CHECK(user_namespaces({{kMost, "9\n"}, {kForRoot, "0\n"}}) ==
        "at most 9, for root only (kernel.unprivileged_userns_clone is 0)"
        " -> as root: sysctl -w kernel.unprivileged_userns_clone=1");
  CHECK(user_namespaces({{kMost, "9\n"}, {kAppArmor, "1\n"}}) ==
        "at most 9, restricted by AppArmor (kernel.apparmor_restrict_unprivileged_userns is 1)"
        " -> give hutch an AppArmor profile that has `userns,` (packaging/apparmor)");
}

TEST_CASE("where several things forbid user namespaces, the remedy of each is told") {
  CHECK(user_namespaces({{kMost, "0\n"}, {kForRoot, "0\n"}, {kAppArmor, "1\n"}}) ==
        "at most 0, for root only (kernel.unprivileged_userns_clone is 0)"
        ", restricted by AppArmor (kernel.apparmor_restrict_unprivileged_userns is 1)"
        " -> as root: sysctl -w user.max_user_namespaces=15000"
        "; as root: sysctl -w kernel.unprivileged_userns_clone=1"
        "; give hutch an AppArmor profile that has `userns,` (packaging/apparmor)");
}

TEST_CASE("every other kind of namespace is listed only where a sysctl switches it off") {
  for (const std::string kind : {"mnt", "pid", "ipc", "uts", "net", "cgroup", "time"}) {
    CAPTURE(kind);
    const std::string name = "user.max_" + kind + "_namespaces";
    const std::string file = "/proc/sys/user/max_" + kind + "_namespaces";
    CHECK(fact(name, FakeHost()) == "(none)");
    CHECK(fact(name, FakeHost(), {{file, "100\n"}}) == "(none)");
    CHECK(fact(name, FakeHost(), {{file, "0\n"}}) == "0 -> as root: sysctl -w " + name + "=15000");
  }
}

TEST_CASE("a limit on processes is said, and amiss where a sandbox could not fit") {
  CHECK(fact("processes", FakeHost()) == "unlimited");
  CHECK(fact("processes", FakeHost().limited(RLIMIT_NPROC, 4096, 8192)) == "at most 4096");
  CHECK(fact("processes", FakeHost().limited(RLIMIT_NPROC, 3, 8192)) == "at most 3 -> raise it: ulimit -u");
}

TEST_CASE("subordinate ids are summed up, and what gives them is told where there are none") {
  const std::string help =
      " -> for `map = \"subids\"`, as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 "
      "USER";
  CHECK(fact("subordinate ids", FakeHost()) == "0 of users, 0 of groups" + help);
  CHECK(fact("subordinate ids", FakeHost().subid(100000, 65536).subid(300000, 10)) ==
        "65546 of users, 65546 of groups");
}

TEST_CASE("a helper of id maps is amiss where it is missing, or gains nothing") {
  CHECK(fact("newuidmap", FakeHost()) == "missing -> for `map = \"subids\"`, install it (Debian: uidmap)");
  CHECK(fact("newgidmap", FakeHost().file("/usr/bin/newgidmap", 0755)) ==
        "/usr/bin/newgidmap -> it is not setuid root: it works only with file capabilities");
  CHECK(fact("newgidmap", FakeHost().file("/usr/bin/newgidmap", 04755)) == "/usr/bin/newgidmap");
  CHECK(fact("newuidmap", FakeHost().owned("/usr/bin/newuidmap", {FileKind::file, 0, 04755, 1000, 1000})) ==
        "/usr/bin/newuidmap -> it is not setuid root: it works only with file capabilities");
}

TEST_CASE("Landlock is said with its ABI, or with the reason why there is none") {
  const auto with = [](int abi) {
    FakeHost host;
    host.kernel().landlock = abi;
    return fact("Landlock", host);
  };
  CHECK(with(4) == "ABI 4");
  CHECK(with(-EOPNOTSUPP) ==
        "none: Operation not supported -> add landlock to `lsm=` on the kernel's command line");
  CHECK(with(-ENOSYS) ==
        "none: Function not implemented -> this kernel was built without it, or a filter around hutch hides "
        "it");
}

TEST_CASE("the caller's control group is found, with its controllers and whether it is delegated") {
  const std::string help = " -> for groups of your own: systemd-run --user --scope -p Delegate=yes hutch ...";
  const auto owned_by = [](uid_t folder, uid_t processes) {
    FakeHost host;
    host.owned("/sys/fs/cgroup/user/ada", {FileKind::directory, 0, 0755, folder, 0});
    host.owned("/sys/fs/cgroup/user/ada/cgroup.procs", {FileKind::file, 0, 0644, processes, 0});
    return host;
  };
  const std::string mine = "/sys/fs/cgroup/user/ada (cpu memory pids), ";
  CHECK(fact("cgroup", owned_by(1000, 1000), with_cgroup()) == mine + "yours");
  CHECK(fact("cgroup", owned_by(0, 0), with_cgroup()) == mine + "not delegated" + help);
  CHECK(fact("cgroup", owned_by(1000, 0), with_cgroup()) == mine + "not delegated" + help);
  CHECK(fact("cgroup", owned_by(0, 1000), with_cgroup()) == mine + "not delegated" + help);
}

TEST_CASE("the group of a cgroup namespace of one's own, and one without controllers, are said as they are") {
  CHECK(fact("cgroup", FakeHost().root().file("/sys/fs/cgroup/cgroup.procs"), with_cgroup("0::/\n")) ==
        "/sys/fs/cgroup (no controllers), yours");
  CHECK(fact("cgroup", FakeHost().root(), with_cgroup("1:cpu:/a\n0::/user/ada\n"))
            .starts_with("/sys/fs/cgroup/user/ada (cpu memory pids), not delegated"));
}

TEST_CASE("without the unified hierarchy there is no control group") {
  const std::string none = "no cgroup2 is mounted -> as root: mount -t cgroup2 none /sys/fs/cgroup";
  CHECK(fact("cgroup", FakeHost()) == none);
  CHECK(fact("cgroup", FakeHost(), with_cgroup("4:memory:/ada\n")) == none);
  CHECK(fact("cgroup", FakeHost(), {{"/proc/self/cgroup", "0::/\n"}}) == none);
}

TEST_CASE("what is around hutch is told, with what it forbids") {
  const std::string chroot =
      "no user namespace can be made in a chroot: enter that tree with pivot_root or as a container";
  const std::string bound = "newuidmap and newgidmap cannot gain what they need: no `map = \"subids\"`";
  CHECK(around({}) == "nothing");
  CHECK(around({{"/proc/self/uid_map", "         0          0 4294967295\n"}}) == "nothing");
  CHECK(around({{"/proc/self/uid_map", "         0       1000          1\n"}}) == "a user namespace");
  CHECK(around({{"/proc/self/status", "Name:\tx\nNoNewPrivs:\t0\nSeccomp:\t2\n"}}) == "a seccomp filter");
  CHECK(around({{"/proc/self/status", "Name:\tx\nNoNewPrivs:\t1\nSeccomp:\t0\n"}}) ==
        "no_new_privs -> " + bound);
  CHECK(around({{"/proc/self/mountinfo", "42 73 254:0 / /proc rw - proc proc rw\n"}}) ==
        "a chroot -> " + chroot);
  CHECK(around({{"/proc/self/mountinfo", "42 73 254:0 / /proc rw - proc proc rw\n"},
                {"/proc/self/status", "Name:\tx\nNoNewPrivs:\t1\nSeccomp:\t2\n"},
                {"/proc/self/uid_map", "0 1000 1\n"}}) ==
        "a chroot, a seccomp filter, no_new_privs, a user namespace -> " + chroot + "; " + bound);
  CHECK(around({{"/proc/self/mountinfo", "(missing)"}, {"/proc/self/status", "(missing)"}}) == "nothing");
}

TEST_CASE("a /proc that is missing or covered is told, with the places") {
  CHECK(fact("/proc", FakeHost()) == "missing -> as root: mount -t proc proc /proc");
  CHECK(fact("/proc", FakeHost().file("/proc/self/status")) == "nothing is mounted over it");
  CHECK(fact("/proc", FakeHost().file("/proc/self/status").mounted("/proc/acpi").mounted("/proc/kcore")) ==
        "covered at /proc/acpi, /proc/kcore"
        " -> where the kernel refuses a fresh one: \"/proc\" = { type = \"proc\", fallback = \"bind\" }");
}

TEST_CASE("who mounts images for ordinary users is told, or what to install") {
  CHECK(fact("squashfs images", FakeHost()) ==
        "mounted for root only -> for ordinary users, install squashfuse");
  CHECK(fact("squashfs images", FakeHost().file("/usr/bin/squashfuse", 0755)) ==
        "mounted by /usr/bin/squashfuse for ordinary users");
  CHECK(fact("erofs images", FakeHost()) == "mounted for root only -> for ordinary users, install erofsfuse");
  CHECK(fact("ext4 images", FakeHost()) == "mounted for root only -> for ordinary users, install fuse2fs");
  CHECK(fact("/dev/fuse", FakeHost().device("/dev/fuse")) == "can be opened");
  CHECK(fact("/dev/fuse", FakeHost().device("/dev/fuse", 0600))
            .starts_with("cannot be opened -> file systems of FUSE cannot be mounted"));
}

TEST_CASE("a helper program is looked for on the caller's PATH") {
  CHECK(fact("pasta", debian_host()) ==
        "missing -> only for a network of the sandbox's own that reaches outside");
  CHECK(fact("pasta", debian_host().file("/opt/bin/pasta", 0755).env("PATH", "/usr/bin:/opt/bin")) ==
        "/opt/bin/pasta");
  CHECK(fact("xdg-dbus-proxy", debian_host().file("/usr/bin/xdg-dbus-proxy", 0644)) ==
        "missing -> only for a filtered D-Bus");
}

TEST_CASE("a kernel that is too old, and a caller's name that would deceive a terminal, are told") {
  CHECK(fact("kernel", FakeHost()) == "Linux 6.1, x86_64");
  CHECK(fact("kernel", FakeHost().linux_version(5, 14)) == "Linux 5.14, x86_64");
  CHECK(fact("kernel", FakeHost().linux_version(5, 13)) ==
        "Linux 5.13, x86_64 -> hutch needs Linux 5.14 or newer");
  CHECK(fact("caller", FakeHost()) == "uid 1000 (ada), gid 1000");
  CHECK(fact("caller", FakeHost().user("a\x1b[2J", 7, 8)).find('\x1b') == std::string::npos);
}

}  // namespace
}  // namespace hutch
