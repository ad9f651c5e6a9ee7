// hutch doctor: each cause is made to happen in namespaces of the test's own, and must be named.

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "support/sandbox.h"
#include "support/skip.h"

using namespace hutch::test;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// hutch ARGUMENTS… after `script`, by somebody who is root in a user and mount namespace of the test's own.
Answer run_hutch_after(const std::string& script, std::vector<std::string> arguments) {
  std::vector<std::string> command{"unshare", "-Urm",        "/bin/sh", "-ec", script + "\nexec \"$@\"",
                                   "sh",      hutch_binary()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_program(command);
}

/// hutch ARGUMENTS… as the program of another sandbox, whose profile says `toml` besides.
Answer run_hutch_inside(const Workspace& here, const std::string& toml, std::vector<std::string> arguments) {
  std::filesystem::copy_file(hutch_binary(), here / "hutch",
                             std::filesystem::copy_options::overwrite_existing);
  const std::string outer = here.profile(
      "outer",
      "extends = [\"app\"]\nidentity = { uid = 1000, gid = 1000 }\nlandlock.mounts = false\n" + toml);
  std::vector<std::string> command{"run", outer, "./hutch"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_hutch(command, {.cwd = here.path()});
}

}  // namespace

TEST_CASE("doctor finds that everything works where sandboxes work, and leaves nothing behind") {
  const Answer answer = run_hutch({"doctor"});
  INFO(answer.out << answer.err);
  CHECK(answer.status == 0);
  CHECK(answer.err.empty());
  for (const char* line : {"user namespace          works", "net namespace           works",
                           "bind mounts             works", "/proc                   works"})
    CHECK(contains(answer.out, line));
  const Answer data = run_hutch({"doctor", "--json"});
  CHECK(data.status == 0);
  CHECK(contains(data.out, "\"ok\": true"));
}

TEST_CASE("a namespace that a sysctl switches off is named by doctor as by run") {
  struct Row {
    const char* kind;
    const char* trial;
  };
  for (const Row& row :
       {Row{"user", "user namespace          fails"}, Row{"net", "net namespace           fails"},
        Row{"cgroup", "cgroup namespace        fails"}}) {
    const std::string sysctl = std::string("user.max_") + row.kind + "_namespaces";
    const std::string cause =
        std::string("cause: ") + row.kind + " namespaces are switched off here: " + sysctl + " is 0\n";
    const std::string script = std::string("echo 0 >/proc/sys/user/max_") + row.kind + "_namespaces";
    const Answer answer = run_hutch_after(script, {"doctor"});
    INFO(answer.out << answer.err);
    CHECK(answer.status == 1);
    CHECK(contains(answer.out, row.trial));
    CHECK(contains(answer.out, cause));
    CHECK(contains(answer.out, "sysctl -w " + sysctl + "=15000"));
    const Workspace here;
    const Answer run = run_hutch_after(script, {"run", here.profile("box", bare_profile()), "exit", "0"});
    CHECK(run.status == 125);
    CHECK(contains(run.err, cause));
  }
}

TEST_CASE("what takes a user namespace is not tried where none can be made") {
  const Answer answer = run_hutch_after("echo 0 >/proc/sys/user/max_user_namespaces", {"doctor"});
  INFO(answer.out);
  CHECK(contains(answer.out, "net namespace           not tried: it takes user namespace\n"));
  CHECK(contains(answer.out, "/proc                   not tried: it takes pid namespace\n"));
}

TEST_CASE("a filter that denies new namespaces is named by doctor") {
  const Workspace here;
  const Answer answer = run_hutch_inside(here, R"([seccomp]
deny = ["unshare", "setns"]
rule = [{ syscall = "clone3", action = "errno:ENOSYS" },
        { syscall = "clone", action = "errno:EPERM", args = [{ index = 0, op = "masked_eq", mask = 0x10000000, value = 0x10000000 }] }]
)",
                                         {"doctor"});
  INFO(answer.out << answer.err);
  CHECK(answer.status == 1);
  CHECK(contains(answer.out, "user namespace          fails"));
  CHECK(contains(answer.out,
                 "cause: hutch runs under a seccomp filter (a container's?) that forbids new namespaces\n"));
}

TEST_CASE("a kernel without Landlock is said, and only profiles that ask for it fail") {
  const Workspace here;
  const Answer answer = run_hutch_inside(
      here, "seccomp.rule = [{ syscall = \"landlock_create_ruleset\", action = \"errno:ENOSYS\" }]\n",
      {"doctor"});
  INFO(answer.out << answer.err);
  CHECK(contains(answer.out, "none: Function not implemented"));
  CHECK(contains(answer.out, "Landlock for files      fails: only for profiles that ask for it"));
  CHECK(contains(answer.out, "no cgroup2 is mounted"));
}

TEST_CASE("doctor and run find that they are in a chroot, whether or not its root is a mount") {
  for (const std::string mount : {"", "mount --bind root root"}) {
    CAPTURE(mount);
    const Workspace here;
    std::string script = "cd '" + here.path() + "'\nmkdir -p root\n" + mount;
    for (const char* folder : {"usr", "bin", "lib", "lib64", "proc", "dev"})
      script += std::string("\nif test -e /") + folder + "; then mkdir -p root/" + folder +
                "; mount --rbind /" + folder + " root/" + folder + "; fi";
    script += "\ncp \"$1\" root/hutch; cp box.toml root\nshift; chroot root /hutch \"$@\" || exit $?; exit 0";
    here.profile("box", "[mounts]\n\"/usr\" = \"ro\"\n");
    const std::string cause = "cause: hutch runs in a chroot, where the kernel makes no user namespace\n";
    const Answer answer = run_hutch_after(script, {"doctor"});
    INFO(answer.out << answer.err);
    CHECK(answer.status == 1);
    CHECK(contains(answer.out, "a chroot"));
    CHECK(contains(answer.out, cause));
    const Answer run = run_hutch_after(script, {"run", "/box.toml", "/usr/bin/true"});
    INFO(run.err);
    CHECK(run.status == 125);
    CHECK(contains(run.err, cause));
  }
}

TEST_CASE("a /proc with something mounted over it is named with the place and the remedy") {
  const Answer answer = run_hutch_after("mount --bind /dev/null /proc/version", {"doctor"});
  INFO(answer.out << answer.err);
  CHECK(answer.status == 1);
  CHECK(contains(answer.out, "covered at /proc/version"));
  CHECK(contains(answer.out, "/proc                   fails"));
  CHECK(contains(answer.out, "fallback = \"bind\""));
}

TEST_CASE("a missing newuidmap and no_new_privs are named") {
  if (!std::filesystem::exists("/usr/bin/newuidmap")) SKIP_TEST("newuidmap is not installed");
  const Answer missing = run_hutch_after("mount --bind /dev/null /usr/bin/newuidmap", {"doctor"});
  INFO(missing.out);
  CHECK(contains(missing.out, "newuidmap         missing\n"));
  const Answer bound = run_program({"setpriv", "--no-new-privs", hutch_binary(), "doctor"});
  CHECK(contains(bound.out, "no_new_privs"));
  CHECK(contains(bound.out, "newuidmap and newgidmap cannot gain what they need"));
}

TEST_CASE("a limit on processes is named by doctor") {
  if (geteuid() == 0) SKIP_TEST("root is not limited");
  const Answer answer =
      run_program({"/bin/bash", "-c", "ulimit -u 1; exec \"$@\"", "bash", hutch_binary(), "doctor"});
  INFO(answer.out << answer.err);
  CHECK(answer.status == 1);
  CHECK(contains(answer.out, "cause: you may not have more processes (RLIMIT_NPROC, or pids of the cgroup)"));
}

TEST_CASE("with a profile, doctor names each of its lines that would fail, and no other") {
  const Workspace here;
  const std::string box = here.profile(
      "box",
      "[mounts]\n\"/usr\" = \"ro\"\n\"/proc\" = \"proc\"\n\"/tmp\" = \"tmpfs\"\n\"/sys\" = \"sysfs\"\n");
  const Answer fine = run_hutch({"doctor", box});
  INFO(fine.out << fine.err);
  CHECK(fine.status == 0);
  CHECK(contains(fine.out, "every line works here"));
  const Answer answer = run_hutch_after(
      "mount --bind /dev/null /proc/version\nmount -t tmpfs none /sys/kernel", {"doctor", box});
  INFO(answer.out << answer.err);
  CHECK(answer.status == 1);
  CHECK(contains(answer.out, "2 things would fail here"));
  CHECK(contains(answer.err, "box.toml:4:"));
  CHECK(contains(answer.err, "box.toml:6:"));
  CHECK_FALSE(contains(answer.err, "box.toml:3:"));
  CHECK_FALSE(contains(answer.err, "box.toml:5:"));
}

TEST_CASE("a line that lies below one that fails is told as not tried") {
  const Workspace here;
  const std::string box = here.profile("box", "[mounts]\n\"/proc\" = \"proc\"\n\"/proc/tty\" = \"hidden\"\n");
  const Answer answer = run_hutch_after("mount --bind /dev/null /proc/version", {"doctor", box});
  INFO(answer.out << answer.err);
  CHECK(answer.status == 1);
  CHECK(contains(answer.out, "one thing would fail here"));
  CHECK(contains(answer.out, "not tried, since it may build on one of them: "));
  CHECK(contains(answer.out, "box.toml:4:"));
}

TEST_CASE("what makes no plan hides nothing of what the kernel would refuse, nor the other way round") {
  const Workspace here;
  const std::string box = here.profile("box", R"([process]
cwd = "/data/sub/deep"
[mounts]
"/proc" = "proc"
"/tmp" = "tmpfs"
"/sys" = "sysfs"
"/data" = { type = "bind", source = "/no/such/folder" }
"/data/sub" = "tmpfs"
"/other" = { type = "bind", source = "/no/such/either" }
[limits]
core = 0
)");
  const Answer answer = run_hutch_after(
      "mount --bind /dev/null /proc/version\nmount -t tmpfs none /sys/kernel", {"doctor", box});
  INFO(answer.out << answer.err);
  CHECK(answer.status == 1);
  CHECK(contains(answer.out, "4 things would fail here"));
  for (const char* line : {"box.toml:5:", "box.toml:7:", "box.toml:8:", "box.toml:10:"})
    CHECK(contains(answer.err, line));
  for (const char* line : {"box.toml:3:", "box.toml:6:", "box.toml:9:", "box.toml:12:"})
    CHECK_FALSE(contains(answer.err, line));
  // The folder in which it starts may be there once the mount is.
  CHECK(contains(answer.out, "may build on one of them: " + box + ":9:"));
  CHECK(contains(answer.out, "may build on one of them: " + box + ":3:"));
  CHECK_FALSE(contains(answer.out, "nothing could be tried"));
}

TEST_CASE("a line that makes no plan is taken out with all that makes no sense without it") {
  const Workspace here;
  const std::string box = here.profile("box", R"([identity]
map = "subids"
setgroups = "allow"
[mounts]
"/proc" = "proc"
["mounts"."/data"]
type = "bind"
source = "/no/such/folder"
)");
  const Answer answer = run_hutch_after(
      "mount --bind /dev/null /proc/version\n"
      "for file in /etc/subuid /etc/subgid; do test ! -e $file || mount --bind /dev/null $file; done",
      {"doctor", box});
  INFO(answer.out << answer.err);
  CHECK(answer.status == 1);
  for (const char* line : {"box.toml:3:", "box.toml:6:", "box.toml:9:"}) CHECK(contains(answer.err, line));
  CHECK_FALSE(contains(answer.out, "nothing could be tried"));
  CHECK_FALSE(contains(answer.out, "not tried, since"));
}

TEST_CASE("a profile that doctor cannot read, or does not get, is said with its status") {
  const Workspace here;
  const Answer wrong = run_hutch({"doctor", here.profile("box", "[mounts]\n\"/data\" = \"tmpf\"\n")});
  CHECK(wrong.status == 1);
  CHECK(contains(wrong.err, "box.toml:3:"));
  const Answer without = run_hutch({"doctor", "--ro", "/srv"});
  CHECK(without.status == 125);
  CHECK(contains(without.err, "--ro changes a profile, and none is named"));
}
