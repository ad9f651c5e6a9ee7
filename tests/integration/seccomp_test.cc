// [seccomp] on the real kernel: what the shipped sets let through and what not, whatever else a profile
// gives.

#include <sys/syscall.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <map>
#include <string>

#include "support/sandbox.h"
#include "support/skip.h"
#include "support/snapshot.h"

using namespace hutch::test;

namespace {

/// Everything that a filter must say, since nothing else does: capabilities that open these calls are kept.
const char kPower[] = R"(
[capabilities]
keep = ["sys_admin", "sys_module", "sys_boot", "sys_time", "sys_chroot", "sys_ptrace", "bpf", "perfmon", "net_admin",
        "net_raw", "dac_read_search", "sys_pacct", "sys_rawio"]
)";

std::map<std::string, std::string> calls(const Workspace& here, const std::string& sets,
                                         const std::string& more = "") {
  const std::string box = here.profile("box", bare_profile("", "extends = [" + sets + "]") + kPower + more);
  const Answer answer = run_hutch({"run", box, "calls"});
  INFO(answer.err);
  CHECK(answer.status == 0);
  std::map<std::string, std::string> found;
  for (const std::string& line : answer.all("call:")) {
    const std::size_t equals = line.find('=');
    found[line.substr(0, equals)] = line.substr(equals + 1);
  }
  REQUIRE(found.size() > 50);
  return found;
}

using Names = std::vector<std::string>;

const Names kNamespaceCalls = {"unshare-user",   "clone-user",   "clone-garbage-user",
                               "unshare-mount",  "clone-mount",  "clone-garbage-mount",
                               "unshare-net",    "clone-net",    "clone-garbage-net",
                               "unshare-pid",    "clone-pid",    "clone-garbage-pid",
                               "unshare-cgroup", "clone-cgroup", "clone-garbage-cgroup"};
const Names kDeepCalls = {"mount",
                          "umount2",
                          "pivot_root",
                          "open_tree",
                          "move_mount",
                          "fsopen",
                          "fsconfig",
                          "fsmount",
                          "fspick",
                          "mount_setattr",
                          "open_tree_attr",
                          "keyctl",
                          "add_key",
                          "request_key",
                          "bpf",
                          "perf_event_open",
                          "userfaultfd",
                          "io_uring_setup",
                          "io_uring_enter",
                          "io_uring_register",
                          "init_module",
                          "finit_module",
                          "delete_module",
                          "kexec_load",
                          "open_by_handle_at",
                          "settimeofday",
                          "clock_settime",
                          "swapon",
                          "acct",
                          "quotactl",
                          "sethostname",
                          "pidfd_getfd",
                          "personality",
                          "personality-garbage",
                          "socket-vsock",
                          "socket-alg",
                          "socket-garbage-vsock",
                          "socket-garbage-alg"};

Answer shell(const Workspace& here, const std::string& sets, const std::string& script, int seconds = 60) {
  return run_hutch({"run", "--set", "extends = [" + sets + "]", "app", "/bin/sh", "-euc", script},
                   {.cwd = here.path(), .seconds = seconds});
}

}  // namespace

TEST_CASE("seccomp/default keeps every known way out shut, whatever capabilities are kept") {
  const Workspace here;
  auto found = calls(here, "\"seccomp/default\"");
  for (const Names& names : {kNamespaceCalls, kDeepCalls, Names{"setns", "chroot"}}) {
    for (const std::string& name : names) {
      CAPTURE(name);
      CHECK(found[name] == "EPERM");
    }
  }
  CHECK(found["clone3"] == "ENOSYS");
  CHECK(found["unknown"] == "ENOSYS");
  CHECK(found["personality-ask"] == "ok");
  CHECK(found["socket-unix"] == "ok");
  CHECK(found["socket-inet"] == "ok");
  CHECK(found["socket-garbage-inet"] == "ok");
#ifdef __x86_64__
  CHECK(found["x32"] == "ENOSYS");
  if (found["foreign"] != "signal 11")
    CHECK(found["foreign"] == "signal 31");  // or this kernel runs no 32-bit calls
#endif
}

TEST_CASE("without a set the same calls reach the kernel: it is the filter that keeps them shut") {
  const Workspace here;
  auto found = calls(here, "");
  int reached = 0;
  for (const std::string& name : kDeepCalls) reached += found[name] == "EPERM" ? 0 : 1;
  CHECK(reached > 20);
  CHECK(found["clone-user"] == "ok");
  CHECK(found["clone3"] == "ok");
}

TEST_CASE("seccomp/strict ends who reaches for the kernel's doors, and has unix sockets only") {
  const Workspace here;
  auto found = calls(here, "\"seccomp/strict\"");
  for (const char* name :
       {"unshare-user", "setns", "mount", "fsopen", "open_tree_attr", "keyctl", "bpf", "init_module",
        "kexec_load", "open_by_handle_at", "ptrace", "perf_event_open", "userfaultfd", "chroot"}) {
    CAPTURE(name);
    CHECK(found[name] == "signal 31");
  }
  for (const char* name : {"clone-user", "clone-garbage-user", "io_uring_setup", "socket-inet",
                           "socket-netlink", "socket-garbage-inet", "sethostname", "personality"}) {
    CAPTURE(name);
    CHECK(found[name] == "EPERM");
  }
  CHECK(found["clone3"] == "ENOSYS");
  CHECK(found["socket-unix"] == "ok");
}

TEST_CASE("seccomp/no-network leaves unix sockets, by no way another, alone and beside another set") {
  const Workspace here;
  for (const char* sets : {"\"seccomp/no-network\"", "\"seccomp/default\", \"seccomp/no-network\""}) {
    CAPTURE(sets);
    auto found = calls(here, sets);
    for (const char* name :
         {"socket-inet", "socket-garbage-inet", "socket-netlink", "socket-vsock", "socket-alg"})
      CHECK(found[name] == "EAFNOSUPPORT");
    for (const char* name : {"io_uring_setup", "io_uring_enter", "io_uring_register"})
      CHECK(found[name] == "ENOSYS");
    CHECK(found["socket-unix"] == "ok");
  }
}

#ifdef __x86_64__
TEST_CASE("32-bit calls that are let in have the same rules") {
  const Workspace here;
  auto found = calls(here, "\"seccomp/no-network\"", "[seccomp]\narchitectures = [\"x86\"]\n");
  if (found["foreign"] == "signal 11") SKIP_TEST("this kernel runs no 32-bit calls");
  CHECK(found["foreign"] == "ok");
  CHECK(found["foreign-socketcall"] == "ENOSYS");
}
#endif

TEST_CASE("seccomp/desktop lets a program build a sandbox of its own, and mounts nothing") {
  const Workspace here;
  auto found = calls(here, "\"seccomp/desktop\"");
  CHECK(found["unshare-user"] == "ok");
  CHECK(found["clone-user"] == "ok");
  CHECK(found["clone3"] == "ok");
  for (const char* name : {"mount", "fsopen", "open_tree", "bpf", "keyctl", "io_uring_setup", "kexec_load"}) {
    CAPTURE(name);
    CHECK(found[name] == "EPERM");
  }
}

TEST_CASE("real programs run under seccomp/default and seccomp/strict") {
  for (const char* set : {"\"seccomp/default\"", "\"seccomp/strict\""}) {
    CAPTURE(set);
    const Workspace here;
    const auto runs = [&](const std::string& program, const std::string& script, const std::string& says) {
      if (!have_program(program)) return;
      const Answer answer = shell(here, set, script);
      INFO(script << "\n" << answer.err);
      CHECK(answer.status == 0);
      CHECK(answer.out == says);
    };
    runs("python3",
         "python3 -c 'import threading, subprocess, multiprocessing as mp, tempfile\n"
         "t = threading.Thread(target=print, args=(1,)); t.start(); t.join()\n"
         "print(subprocess.run([\"echo\", \"child\"], capture_output=True).stdout)\n"
         "with mp.Pool(2) as pool: print(pool.map(abs, [-1, -2]))\n"
         "print(tempfile.mkdtemp().startswith(\"/tmp/\"))'",
         "1\nb'child\\n'\n[1, 2]\nTrue\n");
    runs("node",
         "node -e 'const {Worker} = require(\"worker_threads\");"
         "console.log(require(\"child_process\").execFileSync(\"echo\", [\"child\"]).toString().trim());"
         "new Worker(\"require(\\\"worker_threads\\\").parentPort.postMessage(42)\", {eval: true})"
         ".on(\"message\", console.log)'",
         "child\n42\n");
    runs("git",
         "git init -q -b main r && cd r && git config user.email a@b && git config user.name a && echo x >f "
         "&& "
         "git add f && git commit -q -m one && git log --format=%s",
         "one\n");
    runs("sqlite3",
         "sqlite3 d.db 'PRAGMA journal_mode=WAL; CREATE TABLE t(a); INSERT INTO t VALUES (7); SELECT a FROM "
         "t'",
         "wal\n7\n");
    runs("gcc",
         "echo 'int puts(const char*); int main(void) { puts(\"made\"); return 0; }' >m.c && "
         "printf 'm: m.c\\n\\t@gcc -O2 -pipe -o m m.c\\n' >Makefile && make -s m && ./m",
         "made\n");
    runs("perl", "perl -e 'print join(\",\", map { $_ * 2 } 1..3), \"\\n\"'", "2,4,6\n");
    runs("tar",
         "echo data >f2 && tar -czf a.tgz f2 && tar -tzf a.tgz && find . -name f2 | sort | xargs md5sum "
         ">/dev/null",
         "f2\n");
    runs("vim.tiny", "echo one >t && vim.tiny -es -u NONE '+%s/one/two/' +wq t && cat t", "two\n");
    runs("tmux",
         "cd /tmp && TERM=xterm tmux -S /tmp/s -f /dev/null new-session -d 'sleep 5' && tmux -S /tmp/s ls | "
         "cut -d: -f1; tmux -S /tmp/s kill-server",
         "0\n");
  }
}

TEST_CASE("gdb, strace and curl work under seccomp/default") {
  const Workspace here;
  if (have_program("strace")) {
    const Answer answer = shell(here, "\"seccomp/default\"", "strace -o log true && grep -c exit_group log");
    INFO(answer.err);
    CHECK(answer.out == "1\n");
  }
  if (have_program("curl") && have_program("python3")) {
    const Answer answer =
        shell(here, "\"seccomp/default\"",
              "echo hello >f; python3 -m http.server -b 127.0.0.1 8099 >/dev/null 2>&1 & "
              "curl -s --retry 20 --retry-connrefused --retry-delay 1 http://127.0.0.1:8099/f; kill $!");
    INFO(answer.err);
    CHECK(answer.out == "hello\n");
  }
}

TEST_CASE("postgres works under seccomp/default", "[slow]") {
  const Answer found = run_program({"/bin/sh", "-c", "ls -d /usr/lib/postgresql/*/bin | tail -n 1"});
  if (found.out.empty()) SKIP_TEST("no postgres");
  const std::string programs = found.out.substr(0, found.out.size() - 1);
  const Workspace here;
  const Answer answer = run_hutch(
      {"run", "--set", "extends = ['seccomp/default']", "--set", "identity = { uid = 1000, gid = 1000 }",
       "app", "/bin/sh", "-euc",
       "PATH=" + programs +
           ":$PATH; initdb -D data -U ada --no-sync --auth=trust >log 2>&1; "
           "pg_ctl -D data -w -l server.log -o '-k /tmp -h 127.0.0.1' start >/dev/null; "
           "psql -h /tmp -U ada -d postgres -Atc 'select 6 * 7'; pg_ctl -D data -w -m fast stop >/dev/null"},
      {.cwd = here.path(), .seconds = 120});
  INFO(answer.err);
  CHECK(answer.out == "42\n");
}

TEST_CASE("rules of one's own: errors, arguments, a signal, and removal of what is inherited") {
  const Workspace here;
  here.profile("base", "[seccomp]\ndeny = [\"keyctl\", \"bpf\"]\ndeny_action = \"errno:ENOSYS\"");
  const std::string box = here.profile("box", bare_profile("", "extends = [\"./base.toml\"]") + R"(
[seccomp]
deny = ["!bpf", "add_key"]
[[seccomp.rule]]
syscall = "socket"
action = "errno:EACCES"
args = [{ index = 0, value = 2 }]
[[seccomp.rule]]
syscall = "swapon"
action = "trap"
)");
  const Answer answer = run_hutch({"run", box, "calls"});
  INFO(answer.err);
  CHECK(answer["call:keyctl"] == "ENOSYS");
  CHECK(answer["call:add_key"] == "ENOSYS");
  CHECK(answer["call:bpf"] != "ENOSYS");
  CHECK(answer["call:socket-inet"] == "EACCES");
  CHECK(answer["call:socket-garbage-inet"] == "EACCES");
  CHECK(answer["call:socket-unix"] == "ok");
  CHECK(answer["call:swapon"] == "signal 31");
}

TEST_CASE("a compiled program is loaded beside the rules, in the order that works") {
  const Workspace here;
  // Denies getpriority(2) and seccomp(2) with EBUSY, on x86_64 and aarch64 alike by the headers' numbers.
  const auto line = [](std::uint16_t code, std::uint8_t jt, std::uint8_t jf, std::uint32_t k) {
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &code, 2);
    bytes[2] = static_cast<char>(jt);
    bytes[3] = static_cast<char>(jf);
    std::memcpy(bytes.data() + 4, &k, 4);
    return bytes;
  };
  here.write("own.bpf", line(0x20, 0, 0, 0) + line(0x15, 1, 0, SYS_swapon) + line(0x15, 0, 1, SYS_seccomp) +
                            line(0x06, 0, 0, 0x00050000 | EBUSY) + line(0x06, 0, 0, 0x7fff0000));
  const std::string box =
      here.profile("box", bare_profile() + "[seccomp]\nfile = \"own.bpf\"\ndeny = [\"bpf\"]\n");
  const Answer answer = run_hutch({"run", box, "calls"});
  INFO(answer.err);
  CHECK(answer["call:swapon"] == "EBUSY");
  CHECK(answer["call:bpf"] == "EPERM");
  here.write("own.bpf", "hello\n");
  const Answer wrong = run_hutch({"run", box, "calls"});
  CHECK(wrong.status == 125);
  CHECK(wrong.err.find("E0357") != std::string::npos);
  CHECK(wrong.err.find("is no seccomp program: its size of 6 bytes is no multiple of 8") !=
        std::string::npos);
}

TEST_CASE("a filter under which nothing could start is refused before anything starts") {
  const Workspace here;
  const std::string box =
      here.profile("box", bare_profile() + "[seccomp]\ndeny = [\"execve\", \"execveat\"]\n");
  const Answer answer = run_hutch({"run", box, "status"});
  CHECK(answer.status == 125);
  CHECK(answer.out == "");
  CHECK(answer.err.find("E0359") != std::string::npos);
  CHECK(answer.err.find("execve is answered with errno:EPERM") != std::string::npos);
}

TEST_CASE("memory is never writable and executable at once where the profile says so") {
  const Workspace here;
  const std::string box = here.profile(
      "box", "[mounts]\n" + probe_mount() +
                 "[process]\ncommand = [\"/probe\"]\nargs = \"append\"\nmemory_deny_write_execute = true\n");
  const Answer answer = run_hutch({"run", box, "executable-memory"});
  INFO(answer.err);
  for (const char* name : {"mmap-wx", "mprotect-x", "pkey-mprotect-x"}) {
    const std::string outcome = answer[std::string("call:") + name];
    CHECK((outcome == "EACCES" || outcome == "EPERM"));
  }
  CHECK(answer["call:mmap-rx"] == "ok");
  const std::string free_box = here.profile("free", bare_profile());
  CHECK(run_hutch({"run", free_box, "executable-memory"})["call:mmap-wx"] == "ok");
}

TEST_CASE("who enters a sandbox has its filter") {
  const Workspace here;
  const Options options{.env = {{"XDG_RUNTIME_DIR", here.path()}}};
  const std::string box = here.profile("box", bare_profile("", "extends = [\"seccomp/strict\"]"));
  const std::string name = "filtered-" + std::to_string(getpid());
  Running running({"run", "--name", name, box, "wait"}, options);
  expect_running(running.pid());
  REQUIRE(running.wait_for("waiting=") == "yes");
  const Answer inside = run_hutch({"enter", name, "/probe", "calls"}, options);
  INFO(inside.err);
  CHECK(inside["call:bpf"] == "signal 31");
  CHECK(inside["call:socket-inet"] == "EPERM");
  CHECK(inside["call:clone-user"] == "EPERM");
  running.signal(SIGTERM);
  running.wait();
}

TEST_CASE("the plan says what a filter does") {
  const Answer brief = run_hutch({"plan", "seccomp/default"});
  CHECK(brief.out.find("load the seccomp filter (") != std::string::npos);
  const Answer verbose = run_hutch({"plan", "-v", "seccomp/default"});
  CHECK(verbose.out.find("      default: errno:EPERM\n") != std::string::npos);
  CHECK(verbose.out.find("      allow: clone if argument 0 & 0x7e020000 == 0x0\n") != std::string::npos);
  const Answer json = run_hutch({"plan", "--json", "seccomp/default"});
  CHECK(json.out.find("\"default: errno:EPERM\"") != std::string::npos);
}
