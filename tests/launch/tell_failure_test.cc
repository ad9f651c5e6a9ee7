#include "launch/tell_failure.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <map>

#include "support/machine_files.h"

namespace hutch {
namespace {

using test::machine_files;

constexpr std::uint64_t kNamespaces =
    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC;

struct Failure {
  Op op;
  Call call;
  int error;
  std::uint32_t detail = 0;
  std::uint64_t namespaces = kNamespaces;
  std::map<std::string, std::string> files;
  std::string said;
};

/// The failing step is the second of three; its tree would be attached at /data.
Diagnostic tell(const Failure& failure) {
  Plan plan;
  plan.steps.push_back({CloneChild{failure.namespaces}, {}, Phase::clone});
  plan.steps.push_back({failure.op, {.source = 1, .line = 14, .column = 1}, Phase::setup});
  plan.steps.push_back({Attach{.slot = 7, .path = "/data"}, {}, Phase::setup});
  return tell_failure(plan, {1, failure.call, failure.error, failure.detail}, machine_files(failure.files),
                      failure.said);
}

std::string whole(const Diagnostic& told) {
  std::string text = "error[" + told.code + "]: " + told.what + "\n";
  if (told.at.known())
    text += "at " + std::to_string(told.at.line) + ":" + std::to_string(told.at.column) + "\n";
  for (const auto& [name, value] :
       {std::pair{"step", told.step}, {"cause", told.cause}, {"help", told.help}}) {
    if (!value.empty()) text += std::string(name) + ": " + value + "\n";
  }
  return text;
}

TEST_CASE(
    "a failure names what could not be set up, the call, the line, the step, the cause and the remedy") {
  CHECK(whole(tell({.op = CloneTree{.path = "/srv/data", .slot = 7, .flags = {.clear = 2}},
                    .call = Call::mount_setattr,
                    .error = EPERM})) ==
        "error[E0506]: cannot set up \"/data\": mount_setattr: Operation not permitted (EPERM)\n"
        "at 14:1\n"
        "step: step 2 of 3: " +
            tell({.op = CloneTree{.path = "/srv/data", .slot = 7, .flags = {.clear = 2}},
                  .call = Call::none,
                  .error = 1})
                .step.substr(13) +
            "\n"
            "cause: it is mounted with restrictions (ro, nosuid, nodev or noexec) that a user namespace may "
            "not lift\n"
            "help: do not ask for `write`, `suid`, `devices` or `exec` there, or as root say "
            "`namespaces.user = \"host\"`\n");
}

TEST_CASE("who forbids user namespaces is found out and named") {
  struct Row {
    std::map<std::string, std::string> files;
    int error;
    const char* code;
    const char* cause;
  };
  const Row rows[] = {
      {{{"/proc/sys/user/max_user_namespaces", "0\n"}},
       ENOSPC,
       "E0410",
       "user namespaces are switched off here: user.max_user_namespaces is 0"},
      {{{"/proc/sys/kernel/unprivileged_userns_clone", "0\n"}},
       EPERM,
       "E0410",
       "user namespaces are for root only here: kernel.unprivileged_userns_clone is 0"},
      {{{"/proc/self/mountinfo", "42 73 254:0 / /proc rw - proc proc rw\n"}},
       EPERM,
       "E0410",
       "hutch runs in a chroot, where the kernel makes no user namespace"},
      // Its root is a mount, and a process from which it comes has that mount in a folder.
      {{{"/proc/self/mountinfo", "88 67 254:0 / / rw - ext4 /dev/vda rw\n"},
        {"/proc/self/status", "Name:\tx\nPPid:\t7\nSeccomp:\t0\n"},
        {"/proc/7/mountinfo", "88 67 254:0 / / rw - ext4 /dev/vda rw\n"},
        {"/proc/7/status", "Name:\tx\nPPid:\t1\n"},
        {"/proc/1/mountinfo",
         "67 66 254:0 / / rw - ext4 /dev/vda rw\n88 67 254:0 / /srv/sid rw - ext4 /dev/vda rw\n"}},
       EPERM,
       "E0410",
       "hutch runs in a chroot, where the kernel makes no user namespace"},
      // Those have the same root, or another tree of mounts.
      {{{"/proc/self/mountinfo", "88 67 254:0 / / rw - ext4 /dev/vda rw\n"},
        {"/proc/self/status", "Name:\tx\nPPid:\t7\nSeccomp:\t0\n"},
        {"/proc/7/mountinfo", "88 67 254:0 / / rw - ext4 /dev/vda rw\n89 88 0:5 / /proc rw - proc proc rw\n"},
        {"/proc/7/status", "Name:\tx\nPPid:\t1\n"},
        {"/proc/1/mountinfo",
         "27 1 254:0 / / rw - ext4 /dev/vda rw\n28 27 254:0 / /srv rw - ext4 /dev/vda rw\n"}},
       EPERM,
       "E0410",
       "something on this machine forbids user namespaces, or your own ids are not mapped in the one around "
       "hutch"},
      {{{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n"}},
       EPERM,
       "E0410",
       "AppArmor takes the rights of new user namespaces away here: "
       "kernel.apparmor_restrict_unprivileged_userns is 1"},
      {{{"/proc/self/status", "Name:\tx\nSeccomp:\t2\n"}},
       EPERM,
       "E0410",
       "hutch runs under a seccomp filter (a container's?) that forbids new namespaces"},
      {{},
       EPERM,
       "E0410",
       "something on this machine forbids user namespaces, or your own ids are not mapped in the one around "
       "hutch"},
      {{{"/proc/sys/user/max_user_namespaces", "96365\n"}},
       ENOSPC,
       "E0411",
       "a limit on the number or depth of namespaces is reached (user.max_*_namespaces)"},
      {{}, EAGAIN, "E0412", "you may not have more processes (RLIMIT_NPROC, or pids of the cgroup)"},
  };
  for (const Row& row : rows) {
    const Diagnostic told =
        tell({.op = CloneChild{kNamespaces}, .call = Call::clone, .error = row.error, .files = row.files});
    CHECK(told.code == row.code);
    CHECK(told.cause == row.cause);
    CHECK(told.what.starts_with("cannot make the namespaces: clone: "));
  }
}

TEST_CASE("each known failure has its code, its cause and, where there is one, its remedy") {
  static const ZStr options[] = {"mode=0755", "size=1"};
  struct Row {
    Failure failure;
    const char* code;
    const char* what;
    const char* cause;
  };
  const Row rows[] = {
      {{.op = PinSource{.path = "/srv/data"}, .call = Call::open, .error = ENOENT},
       "E0502",
       "cannot open \"/srv/data\": open: No such file or directory (ENOENT)",
       "it is not there (any more)"},
      {{.op = OpenStream{.path = "/log", .stream = 1}, .call = Call::open, .error = EACCES},
       "E0504",
       "cannot open \"/log\" as standard output: open: Permission denied (EACCES)",
       ""},
      {{.op = WriteFile{"/proc/self/uid_map", "0 0 1\n"}, .call = Call::write, .error = EPERM},
       "E0414",
       "cannot map the ids: write: Operation not permitted (EPERM)",
       "nobody without CAP_SETFCAP may map the id 0 of the namespace around"},
      {{.op = WriteFile{"/proc/self/uid_map", "0 1000 1\n"}, .call = Call::write, .error = EPERM},
       "E0414",
       "cannot map the ids: write: Operation not permitted (EPERM)",
       "who is not privileged may map only itself; ranges of others take CAP_SETUID and CAP_SETGID"},
      {{.op = WriteFile{"/proc/self/setgroups", "deny"},
        .call = Call::write,
        .error = EACCES,
        .files = {{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n"}}},
       "E0410",
       "cannot map the ids: write: Permission denied (EACCES)",
       "AppArmor takes the rights of new user namespaces away here: "
       "kernel.apparmor_restrict_unprivileged_userns is 1"},
      {{.op = WriteFile{"/proc/self/uid_map", ""},
        .call = Call::open,
        .error = ENOENT,
        .files = {{"/proc/self/status", "(missing)"}}},
       "E0413",
       "cannot map the ids: open: No such file or directory (ENOENT)",
       "no /proc is mounted here"},
      {{.op = RunMapHelper{.program = "/usr/bin/newuidmap"}, .call = Call::execve, .error = ENOENT},
       "E0415",
       "cannot map the ids: /usr/bin/newuidmap: execve: No such file or directory (ENOENT)",
       "it is not installed"},
      {{.op = RunMapHelper{.program = "/usr/bin/newuidmap"},
        .call = Call::execve,
        .error = EPERM,
        .said = "newuidmap: uid range [0-1) -> [5-6) not allowed"},
       "E0415",
       "cannot map the ids: /usr/bin/newuidmap: execve: Operation not permitted (EPERM)",
       "newuidmap: uid range [0-1) -> [5-6) not allowed"},
      {{.op = CloneTree{.path = "/srv", .slot = 7}, .call = Call::open_tree, .error = ESTALE},
       "E0503",
       "cannot set up \"/data\": open_tree: Stale file handle (ESTALE)",
       "something else took its place while the sandbox was being set up"},
      {{.op = CloneTree{.path = "/srv", .slot = 7, .recursive = false},
        .call = Call::open_tree,
        .error = EINVAL},
       "E0501",
       "cannot set up \"/data\": open_tree: Invalid argument (EINVAL)",
       "mounts cover parts of it, and what they cover must stay covered"},
      {{.op = MakeFilesystem{.type = "proc", .slot = 7}, .call = Call::fsmount, .error = EPERM},
       "E0507",
       "cannot set up \"/data\": fsmount: Operation not permitted (EPERM)",
       "the kernel refuses a fresh procfs where the visible one is partly covered, as it is inside "
       "containers"},
      {{.op = MakeFilesystem{.type = "proc", .slot = 7},
        .call = Call::fsconfig,
        .error = EPERM,
        .namespaces = CLONE_NEWUSER},
       "E0507",
       "cannot set up \"/data\": fsconfig: Operation not permitted (EPERM)",
       "a fresh procfs needs a new pid namespace"},
      {{.op = MakeFilesystem{.type = "sysfs", .slot = 7},
        .call = Call::fsconfig,
        .error = EPERM,
        .namespaces = CLONE_NEWUSER},
       "E0507",
       "cannot set up \"/data\": fsconfig: Operation not permitted (EPERM)",
       "a fresh sysfs needs a new network namespace"},
      {{.op = MakeFilesystem{.type = "mqueue", .slot = 7},
        .call = Call::fsconfig,
        .error = EPERM,
        .namespaces = CLONE_NEWUSER},
       "E0507",
       "cannot set up \"/data\": fsconfig: Operation not permitted (EPERM)",
       "mqueue needs a new ipc namespace"},
      {{.op = MakeFilesystem{.type = "tmpfs", .options = {options, 2}, .slot = 7},
        .call = Call::fsconfig,
        .error = EINVAL,
        .detail = 2},
       "E0501",
       "cannot set up \"/data\": fsconfig: Invalid argument (EINVAL)",
       "tmpfs refused the option \"size=1\"; tmpfs refused an option"},
      {{.op = MakeOverlay{.slot = 7}, .call = Call::fsconfig, .error = ELOOP},
       "E0508",
       "cannot set up \"/data\": fsconfig: Too many levels of symbolic links (ELOOP)",
       "two layers overlap: one lies inside another"},
      {{.op = EnterRoot{.slot = 1}, .call = Call::pivot_root, .error = EINVAL},
       "E0501",
       "cannot enter the new root: pivot_root: Invalid argument (EINVAL)",
       "the root here is the initial ramdisk, or a chroot: pivot_root(2) takes neither"},
      {{.op = Attach{.slot = 9, .path = "/usr/share/x"},
        .call = Call::openat2,
        .error = ENOENT,
        .detail = 10},
       "E0501",
       "cannot set up \"/usr/share/x\": openat2: No such file or directory (ENOENT)",
       "there is no \"/usr/share\" in the sandbox"},
      {{.op = CloneTree{.path = "/srv", .slot = 7}, .call = Call::open_tree, .error = EMFILE},
       "E0412",
       "cannot set up \"/data\": open_tree: Too many open files (EMFILE)",
       "you may not have more open files (RLIMIT_NOFILE, hard limit)"},
      {{.op = CloneTree{.path = "/srv", .slot = 7}, .call = Call::open_tree, .error = ENOSYS},
       "E0416",
       "cannot set up \"/data\": open_tree: Function not implemented (ENOSYS)",
       "this kernel, or a filter around hutch, does not have this call"},
      {{.op = SetMemoryDenyWriteExecute{}, .call = Call::prctl, .error = EINVAL},
       "E0416",
       nullptr,
       "PR_SET_MDWE needs Linux 6.3"},
      {{.op = LoadFilter{.name = "seccomp"}, .call = Call::seccomp, .error = EPERM},
       "E0416",
       nullptr,
       "a filter around hutch does not let it load one of its own"},
      {{.op = LoadFilter{.name = "seccomp"}, .call = Call::seccomp, .error = ENOMEM},
       "E0501",
       nullptr,
       "the filters of a process have 32768 instructions at most, those around hutch included"},
      {{.op = Exec{.path = "/bin/x"}, .call = Call::execve, .error = ENOENT},
       "E0601",
       "cannot execute \"/bin/x\": execve: No such file or directory (ENOENT)",
       "there is no such file in the sandbox"},
      {{.op = Exec{.path = "/bin/x"}, .call = Call::execve, .error = ENOENT, .detail = 1},
       "E0602",
       "cannot execute \"/bin/x\": execve: No such file or directory (ENOENT)",
       "the file is there, but the interpreter of its first line, or the loader that it names, is not in the "
       "sandbox"},
      {{.op = Exec{.path = "/bin/x"}, .call = Call::execve, .error = EACCES, .detail = 2},
       "E0602",
       "cannot execute \"/bin/x\": execve: Permission denied (EACCES)",
       "it lies on a mount that is `exec = false`"},
      {{.op = Exec{.path = "/bin/x"}, .call = Call::execve, .error = ENOEXEC},
       "E0602",
       "cannot execute \"/bin/x\": execve: Exec format error (ENOEXEC)",
       "it is no program for this machine: a script without a `#!` line, or of another architecture"},
  };
  for (const Row& row : rows) {
    const Diagnostic told = tell(row.failure);
    CAPTURE(told.what, told.cause);
    CHECK(told.code == row.code);
    if (row.what != nullptr) CHECK(told.what == row.what);
    CHECK(told.cause.starts_with(row.cause));
    CHECK(told.at.line == 14);
    CHECK(told.step.starts_with("step 2 of 3: "));
  }
}

TEST_CASE("what nobody has seen yet is still told with its call and errno") {
  const Diagnostic told = tell({.op = SetHostname{"box"}, .call = Call::sethostname, .error = EDOM});
  CHECK(told.code == "E0501");
  CHECK(told.what == "cannot set hostname \"box\": sethostname: Numerical argument out of domain (EDOM)");
  CHECK(told.cause.empty());
  CHECK(told.help.empty());
}

TEST_CASE("a child that died without a word is told by its signal") {
  const Diagnostic told = tell_death(Plan{}, CLD_KILLED, SIGSYS);
  CHECK(whole(told) ==
        "error[E0505]: the sandbox ended while it was being set up\n"
        "cause: its process was ended by signal 31 (SYS)\n"
        "help: a seccomp filter around hutch kills what makes system calls it does not like: loosen that "
        "filter\n");
}

TEST_CASE("each call of Landlock that fails has its cause and its remedy") {
  struct Row {
    Op op;
    Call call;
    int error;
    std::string code, cause;
  };
  const Row rows[] = {
      {MakeRuleset{.files = 1}, Call::landlock_create_ruleset, EOPNOTSUPP, "E0416",
       "Landlock is not switched on: the kernel's parameter `lsm=` does not name landlock"},
      {MakeRuleset{.files = 1}, Call::landlock_create_ruleset, ENOSYS, "E0416",
       "this kernel was built without Landlock, or a filter around hutch hides it"},
      {MakeRuleset{.files = 1}, Call::landlock_create_ruleset, EINVAL, "E0416",
       "this kernel's Landlock is older than what the plan was made for"},
      {MakeRuleset{.scope = 1}, Call::landlock_create_ruleset, E2BIG, "E0416",
       "this kernel's Landlock is older than what the plan was made for"},
      {AllowPath{.path = "/x", .rights = 4}, Call::landlock_add_rule, EINVAL, "E0501",
       "a right that this kernel does not know, or that what is there cannot have"},
      {AllowPath{.path = "/x", .rights = 4}, Call::openat2, ENOENT, "E0501",
       "there is no \"/x\" in the sandbox"},
      {AllowPort{.port = 70000, .rights = 1}, Call::landlock_add_rule, EINVAL, "E0501",
       "a port is from 0 to 65535"},
      {RestrictSelf{}, Call::landlock_restrict_self, EPERM, "E0501",
       "without `no_new_privs`, Landlock takes CAP_SYS_ADMIN"},
      {RestrictSelf{}, Call::landlock_restrict_self, E2BIG, "E0411",
       "16 layers of Landlock are stacked already: sandboxes inside sandboxes"},
  };
  for (const Row& row : rows) {
    const Diagnostic told = tell({.op = row.op, .call = row.call, .error = row.error, .detail = 2});
    INFO(told.what);
    CHECK(told.code == row.code);
    CHECK(told.cause == row.cause);
    CHECK(told.at.line == 14);
  }
}

}  // namespace
}  // namespace hutch
