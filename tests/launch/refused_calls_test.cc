// Calls that a kernel or a filter around the launcher refuses: done otherwise, or told.
#include <linux/filter.h>
#include <linux/mount.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <catch2/catch.hpp>
#include <cstddef>

#include "launch/hand_made.h"

namespace hutch::test {
namespace {

/// A container's filter around the launcher: these calls answer with an error.
void forbid(const std::vector<int>& calls, int error) {
  std::vector<sock_filter> program{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (const int call : calls) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error)));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0)
    ::_exit(77);
}

constexpr int kOpenTreeAttr = 467;  // Linux 6.15

TEST_CASE("a mount has its attributes, whether the kernel sets them in one call with it or in two") {
  NEEDS_NAMESPACES();
  for (const std::vector<int>& calls : {std::vector<int>{}, std::vector<int>{kOpenTreeAttr}}) {
    HandMade made;
    made.plan.steps.insert(made.plan.steps.begin(),
                           Step{PinSource{.path = "/usr", .pin = 0}, {}, Phase::before_clone});
    made.plan.pins = made.plan.slots = 1;
    made.map_self()
        .add(CloneTree{.path = "/usr",
                       .pin = 0,
                       .slot = 0,
                       .flags = {.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC},
                       .propagation = MS_PRIVATE})
        .add(KeepMountsPrivate{})
        .add(Attach{0, "/mnt"})
        .shell(
            "while read -r _ _ _ _ at how rest; do test $at = /mnt && echo $how; done </proc/self/mountinfo");
    const Answer answer = answer_of(made, [&calls] { forbid(calls, ENOSYS); });
    CAPTURE(answer.out);
    CHECK(answer.out.starts_with("ro,"));
    CHECK(answer.out.find("noexec") != std::string::npos);
  }
}

TEST_CASE("clone3 and openat2 that are hidden by a filter are done without") {
  NEEDS_NAMESPACES();
  for (const int error : {ENOSYS, EPERM}) {
    HandMade made;
    made.map_self().with_init().add(ChangeDir{"/usr/bin/../share"}, Phase::privileges).shell("pwd");
    CHECK(answer_of(made, [error] { forbid({SYS_clone3, SYS_openat2}, error); }).out == "/usr/share\n");
  }
}

TEST_CASE("a filter that forbids every way to make namespaces is named as the cause") {
  HandMade made;
  made.map_self().shell("echo ran");
  const Answer answer = answer_of(made, [] { forbid({SYS_clone3, SYS_clone, SYS_unshare}, EPERM); });
  CHECK(answer.status == 125);
  CHECK(answer.out == "E0410 cannot make the namespaces: clone: Operation not permitted (EPERM)\n");
}

TEST_CASE("a step that a filter kills is told as a death in set-up, never as the program's") {
  NEEDS_NAMESPACES();
  HandMade made;
  made.map_self().add(SetHostname{"x"}).shell("echo ran");
  const Answer answer = answer_of(made, [] {
    const sock_filter program[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                                   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sethostname, 0, 1),
                                   BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
                                   BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    const sock_fprog filter{4, const_cast<sock_filter*>(program)};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0)
      ::_exit(77);
  });
  CHECK(answer.out == "E0505 the sandbox ended while it was being set up\n");
}

/// Every call of set-up in turn fails once; each time the launch must fail aloud and leave nothing.
TEST_CASE("whichever call of set-up fails, it is told with its name, nothing runs and nothing is left") {
  NEEDS_NAMESPACES();
  struct Row {
    int number;
    const char* name;
  };
  const Row rows[] = {{SYS_mount, "mount"},
                      {SYS_open_tree, "open_tree"},
                      {SYS_mount_setattr, "mount_setattr"},
                      {SYS_fsopen, "fsopen"},
                      {SYS_fsconfig, "fsconfig"},
                      {SYS_fsmount, "fsmount"},
                      {SYS_move_mount, "move_mount"},
                      {SYS_pivot_root, "pivot_root"},
                      {SYS_umount2, "umount2"},
                      {SYS_chdir, "chdir"},
                      {SYS_mkdirat, "mkdirat"},
                      {SYS_symlinkat, "symlinkat"},
                      {SYS_sethostname, "sethostname"},
                      {SYS_ioctl, "ioctl"},
                      {SYS_socket, "socket"},
                      {SYS_capset, "capset"},
                      {SYS_close_range, "close_range"},
                      {SYS_setsid, "setsid"},
                      {SYS_execve, "execve"}};
  for (const Row& row : rows) {
    CAPTURE(row.name);
    HandMade made;
    made.plan.steps.insert(made.plan.steps.begin(),
                           Step{PinSource{.path = "/usr", .pin = 0}, {}, Phase::before_clone});
    made.plan.pins = 1;
    made.plan.slots = 2;
    made.map_self()
        .add(CloneTree{.path = "/usr", .pin = 0, .slot = 1, .flags = {.set = MOUNT_ATTR_RDONLY}})
        .add(KeepMountsPrivate{})
        .add(MakeFilesystem{.type = "tmpfs", .slot = 0})
        .add(EnterRoot{0})
        .add(MakeDir{"/usr"})
        .add(Attach{1, "/usr"})
        .add(MakeSymlink{"/bin", "usr/bin"})
        .add(MakeSymlink{"/lib64", "usr/lib64"})
        .add(SetHostname{"box"})
        .add(BringLoopbackUp{})
        .add(NewSession{}, Phase::privileges)
        .shell("echo PROGRAM");
    const Answer answer = answer_of(made, [&row] { forbid({row.number, kOpenTreeAttr}, EDOM); });
    CHECK(answer.status == 125);
    CAPTURE(answer.out);
    CHECK(answer.out.find(std::string(": ") + row.name + ": Numerical argument out of domain (EDOM)") !=
          std::string::npos);
    CHECK(answer.out.find("PROGRAM") == std::string::npos);
  }
}

}  // namespace
}  // namespace hutch::test
