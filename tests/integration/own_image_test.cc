// What the child still is between clone and exec: the launcher's file, its descriptors, its memory.

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <string>

#include "support/sandbox.h"
#include "support/skip.h"
#include "support/snapshot.h"

using namespace hutch::test;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// The errno of asking for the right to write to what a process was executed from; 0 where there is one. (To
/// open it says ETXTBSY as long as it runs, whatever it lies on.)
int try_to_write(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/exe";
  return faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) < 0 ? errno : 0;
}

}  // namespace

TEST_CASE(
    "root's hutch runs from a mount of its file that is read-only, so that nothing inside can change it") {
  if (geteuid() != 0) SKIP_TEST("needs root");
  const Workspace here;
  const std::string box = here.profile("box", bare_profile());
  Running running({"run", box, "wait"});
  expect_running(running.pid());
  REQUIRE(running.wait_for("waiting=") == "yes");
  CHECK(try_to_write(running.pid()) == EROFS);
  for (const pid_t each : running.descendants()) {
    if (read_file("/proc/" + std::to_string(each) + "/comm") == "hutch-init\n")
      CHECK(try_to_write(each) == EROFS);
  }
  CHECK(read_file("/proc/" + std::to_string(running.pid()) + "/comm") == "hutch\n");
  running.signal(SIGTERM);
  running.wait();
  CHECK_FALSE(
      has(run_hutch({"run", "--set", "environment.inherit = ['*']", box, "env"}).out, "HUTCH_OWN_PATH"));
}

TEST_CASE("a hutch whose file belongs to its caller runs from a sealed copy") {
  if (geteuid() == 0) SKIP_TEST("root has a read-only mount");
  const Workspace here;
  const std::string own = here / "hutch";
  std::filesystem::copy_file(hutch_binary(), own);
  const std::string box = here.profile("box", bare_profile());
  const Answer answer = run_program({own, "run", box, "ids"});
  INFO(answer.err);
  CHECK(answer.status == 0);
  CHECK(answer["uid"] == std::to_string(geteuid()));
  const Answer environment = run_program({own, "run", "--set", "environment.inherit = ['*']", box, "env"});
  CHECK(has(environment.out, "env:HOME="));
  CHECK_FALSE(has(environment.out, "HUTCH_OWN_PATH"));
  // From outside, where its owner may look: the copy has no path, and cannot be changed.
  REQUIRE(mkfifo((here / "pipe").c_str(), 0600) == 0);
  const Answer seen = run_program({"/bin/sh", "-c",
                                   "exec 3<>\"$2\"; \"$0\" run \"$1\" wait >&3 & read x <&3; readlink "
                                   "/proc/$!/exe; echo x >/proc/$!/exe && echo written; kill $!; wait",
                                   own, box, here / "pipe"});
  INFO(seen.out << seen.err);
  CHECK(has(seen.out, "/memfd:hutch"));
  CHECK_FALSE(has(seen.out, "written"));
}

TEST_CASE(
    "a script whose interpreter is the launcher's own file does no harm, nor does one behind a link to it") {
  const Workspace here;
  here.write("s/direct", "#!/proc/self/exe\n", 0755);
  here.write("s/linked", "#!/s/link\n", 0755);
  std::filesystem::create_symlink("/proc/self/exe", here / "s/link");
  const std::string box = here.profile(
      "box",
      "[mounts]\n\"/proc\" = \"proc\"\n\"/s\" = { type = \"bind\", source = \"./s\", write = true }\n");
  for (const char* script : {"/s/direct", "/s/linked"}) {
    const Answer answer = run_hutch({"run", box, script});
    INFO(script << ": " << answer.err);
    CHECK(answer.status != 0);
    CHECK(answer.out == "");
  }
}

TEST_CASE("no script is interpreted through a descriptor that set-up had open") {
  const Workspace here;
  here.write("host/program", read_file(HUTCH_PROBE), 0755);
  for (int fd = 3; fd < 20; ++fd) {
    const std::string number = std::to_string(fd);
    here.write("s/file" + number, "#!/proc/self/fd/" + number + "\n", 0755);
    here.write("s/up" + number, "#!/proc/self/fd/" + number + HUTCH_PROBE + "\n", 0755);
  }
  const std::string box = here.profile("box",
                                       "[mounts]\n\"/proc\" = \"proc\"\n\"/s\" = { type = \"bind\", source = "
                                       "\"./s\" }\n\"/host\" = { type = \"bind\", source = \"./host\" }\n"
                                       "\"/one\" = { type = \"bind\", source = \"./host/program\" }\n");
  for (int fd = 3; fd < 20; ++fd) {
    for (const char* kind : {"file", "up"}) {
      const Answer answer = run_hutch({"run", box, "/s/" + (kind + std::to_string(fd))});
      INFO(kind << fd << ": " << answer.err);
      // 127 where the pipe that failures are told through is in the way.
      CHECK((answer.status == 126 || answer.status == 127));
      CHECK(answer.out == "");
    }
  }
}

TEST_CASE("who is in the pid namespace that a sandbox joins cannot look into it before its program runs") {
  const Workspace here;
  const Options options{.env = {{"XDG_RUNTIME_DIR", here.path()}}};
  for (const bool joins_user : {true, false}) {
    if (!joins_user && geteuid() != 0) continue;
    CAPTURE(joins_user);
    const std::string lair = here.profile(
        "lair", bare_profile("\"/proc\" = \"proc\"", joins_user ? "" : "[namespaces]\nuser = \"host\""));
    Running watcher({"run", "--name", "lair", lair, "watch-newcomers"}, options);
    expect_running(watcher.pid());
    REQUIRE(watcher.wait_for("watching=") == "yes");
    const std::string user = joins_user ? "{ join = \"sandbox:lair\" }" : "\"host\"";
    const std::string guest = here.profile(
        "guest", bare_profile("", "[namespaces]\nuser = " + user + "\npid = { join = \"sandbox:lair\" }"));
    for (int i = 0; i < 12; ++i) {
      Running one(
          {"run", "--set", "process.init = false", "--set", "process.die_with_parent = false", guest, "pids"},
          options);
      expect_running(one.pid());
      CHECK(one.wait_for("pid=") != "(end)");
      one.wait();
    }
    const Answer seen = watcher.wait();
    INFO(seen.out << seen.err);
    CHECK(seen["newcomers"] != "0");
    CHECK(seen.all("caught=") == std::vector<std::string>{});
  }
}

TEST_CASE("a program of root's that may trace finds no way to the host in the init") {
  if (geteuid() != 0) SKIP_TEST("needs root");
  const Workspace here;
  const std::string box =
      here.profile("box", bare_profile("\"/proc\" = \"proc\"\n[capabilities]\nkeep = [\"sys_ptrace\"]\n",
                                       "[namespaces]\nuser = \"host\""));
  const Answer answer = run_hutch({"run", box, "folders-of", "1"});
  INFO(answer.out << answer.err);
  CHECK(answer["descriptors"] != "(missing)");
  CHECK(answer["descriptors"] != "0");
  CHECK(answer.all("folder=") == std::vector<std::string>{});
}

TEST_CASE(
    "where no copy of a file that the caller may write to can be made, nothing runs, and the message says "
    "why") {
  if (!have_program("strace")) SKIP_TEST("no strace(1)");
  const Workspace here;
  const std::string own = here / "hutch";
  std::filesystem::copy_file(hutch_binary(), own);
  const std::string box = here.profile("box", bare_profile());
  std::vector<std::string> words{
      "strace", "-qq", "-o", here / "log", "-e", "inject=memfd_create:error=EACCES",
      own,      "run", box,  "exit",       "0"};
  // Without the right to mount, as everybody else.
  // A refused question is no answer.
  if (GENERATE(false, true)) words.insert(words.begin() + 1, {"-e", "inject=faccessat2:error=ENOSYS"});
  if (geteuid() == 0) words.insert(words.begin(), {"setpriv", "--bounding-set=-sys_admin"});
  const Answer answer = run_program(words);
  if (has(answer.err, "strace:")) SKIP_TEST("strace may not trace here");
  CHECK(answer.status == 125);
  CHECK(answer.err ==
        "error[E0429]: cannot protect the file of hutch itself: Permission denied (EACCES)\n"
        "   = cause: you may write to it, so a program in the sandbox might, too; and it can neither be "
        "mounted "
        "read-only nor copied into memory (vm.memfd_noexec?)\n"
        "   = help: take your right to write away: chmod a-w, or install it as root for other users\n");
}
