// Holes that others had, tried on Hutch. tests/cve.md says which test stands for which.

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <thread>

#include "support/sandbox.h"
#include "support/skip.h"
#include "support/snapshot.h"

using namespace hutch::test;
namespace fs = std::filesystem;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("every test that cve.md names exists") {
  const std::string folder = HUTCH_SOURCE_DIR "/tests/";
  std::string sources;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().string().ends_with("_test.cc")) sources += read_file(entry.path());
  }
  // A long name is written in pieces.
  sources = std::regex_replace(sources, std::regex("\"\\s+\""), "");
  sources = std::regex_replace(sources, std::regex("TEST_CASE\\(\\s+"), "TEST_CASE(");
  int named = 0;
  const std::string table = read_file(folder + "cve.md");
  const std::regex name("`([^`\n]+)`");
  std::size_t line_end = 0;
  for (std::size_t at = 0; at < table.size(); at = line_end + 1) {
    line_end = std::min(table.find('\n', at), table.size());
    const std::string line = table.substr(at, line_end - at);
    if (!line.starts_with("| ") || !line.ends_with(" |") || line.starts_with("| CVE |")) continue;
    const std::string tests = line.substr(line.rfind(" | "));
    INFO(line);
    CHECK(std::regex_search(tests, name));
    for (std::sregex_iterator each(tests.begin(), tests.end(), name), end; each != end; ++each, ++named) {
      CAPTURE((*each)[1]);
      CHECK(has(sources, "TEST_CASE(\"" + (*each)[1].str() + "\""));
    }
  }
  CHECK(named > 60);
}

TEST_CASE("the program has no privilege of its own to lose: no set-id bit, no file capability") {
  struct stat found = {};
  REQUIRE(stat(hutch_binary().c_str(), &found) == 0);
  CHECK((found.st_mode & (S_ISUID | S_ISGID)) == 0);
  CHECK(getxattr(hutch_binary().c_str(), "security.capability", nullptr, 0) < 0);
}

TEST_CASE("a launch starts the program and nothing else: no shell, no helper") {
  if (!have_program("strace")) SKIP_TEST("no strace(1)");
  const Workspace here;
  const std::string box = here.profile("box", bare_profile());
  const std::string log = here / "log";
  const Answer answer = run_program({"strace", "-f", "-qq", "-e", "trace=execve,execveat", "-o", log,
                                     hutch_binary(), "run", box, "exit", "0"});
  if (answer.status != 0) SKIP_TEST("strace may not trace here");
  const std::string told = read_file(log);
  INFO(told);
  CHECK(count(told, "execve(") == 2);
  CHECK(count(told, "execve(\"" + hutch_binary() + "\"") == 1);
  // The init is hutch itself. Who may write to the file of hutch, and cannot mount, runs a copy of it.
  const bool copies = geteuid() != 0 && access(hutch_binary().c_str(), W_OK) == 0;
  CHECK(count(told, "execveat(") == (copies ? 2 : 1));
}

TEST_CASE("no process lets the program have the launcher's file, neither to read nor to overwrite") {
  const Workspace here;
  // As installed by the user who runs it: the program inside could write to the file.
  const std::string own = here / "hutch-of-the-user";
  fs::copy_file(hutch_binary(), own);
  here.write("self", "#!/proc/self/exe\n", 0755);
  const std::string look =
      "ls -l /proc/[0-9]*/exe 2>/dev/null | grep -o 'exe -> .*hutch.*'; for p in /proc/[0-9]*; do "
      "[ $p/exe -ef /proc/$$/exe ] || { true >>$p/exe && echo \"opened $p\"; } 2>/dev/null; done; "
      "/script/self; "
      "echo done";
  for (const char* shared : {"", "pid = \"host\"\n"}) {
    const std::string box =
        here.profile("box", "extends = [\"base/system\"]\n[namespaces]\n" + std::string(shared) +
                                "[mounts]\n\"/script\" = { type = \"bind\", source = \".\" }\n" +
                                (*shared ? "\"/proc\" = \"ro\"\n" : ""));
    Running running({"run", box, "/bin/sh", "-c", "echo ready; read x"});
    expect_running(running.pid());
    REQUIRE(running.wait_for("ready") == "");
    const Answer answer = run_program({own, "run", box, "/bin/sh", "-c", look});
    INFO(answer.out << answer.err);
    CHECK(answer.out.ends_with("done\n"));
    CHECK_FALSE(has(answer.out, "opened"));
    CHECK_FALSE(has(answer.out, "hutch-of-the-user"));
    running.wait();
  }
  CHECK(run_program({"cmp", own, hutch_binary()}).status == 0);
}

TEST_CASE("a command that looks like an option is a command, of hutch and of the program's") {
  const Workspace here;
  fs::create_directory(here / "bin");
  for (const char* name : {"--bind", "-x", "--", "--name=evil"}) {
    fs::copy_file(HUTCH_PROBE, here / ("bin/" + std::string(name)));
    const std::string box =
        here.profile("box", "[process]\ncommand = [\"" + std::string(name) +
                                "\", \"--rw\", \"/\", \"-c\"]\n[environment.set]\nPATH = \"/bin\"\n[mounts]\n"
                                "\"/bin\" = { type = \"bind\", source = \"./bin\" }\n");
    const Answer answer = run_hutch({"run", box});
    INFO(name << answer.err);
    CHECK(answer.status != 125);
    CHECK(answer.status != 127);
  }
}

TEST_CASE(
    "layers of an overlay that are exchanged while it is made are the ones that were looked at, or none",
    "[slow]") {
  const Workspace here;
  here.write("lower/name", "lower");
  here.write("evil/name", "evil");
  fs::create_symlink(here / "evil", here / "other");
  fs::create_directories(here / "upper");
  fs::create_directories(here / "work");
  const std::string box =
      here.profile("box", bare_profile("\"/data\" = { type = \"overlay\", lower = [\"./lower\"] }"));
  std::atomic<bool> stop = false;
  std::thread exchange([&] {
    while (!stop)
      renameat2(AT_FDCWD, (here / "lower").c_str(), AT_FDCWD, (here / "other").c_str(), RENAME_EXCHANGE);
  });
  int refused = 0;
  for (int i = 0; i < 60; ++i) {
    const Answer answer = run_hutch({"run", box, "read", "/data/name"});
    CHECK((answer.status == 0 || answer.status == 125));
    if (answer.status == 0)
      CHECK((answer["read:/data/name"] == "lower" || answer["read:/data/name"] == "evil"));
    refused += answer.status == 125;
  }
  stop = true;
  exchange.join();
  CHECK(refused > 0);  // else nothing raced
}

TEST_CASE("a folder that the program has for itself cannot be replaced by a link between two runs") {
  const Workspace here;
  here.write("private/note", "x");
  here.write("secret/key", "secret");
  const std::string box = here.profile(
      "box",
      bare_profile(
          "\"/home\" = { type = \"bind\", source = \"./private\", write = true }\n\"/tmp\" = \"tmpfs\""));
  struct stat before = {}, after = {};
  REQUIRE(lstat((here / "private").c_str(), &before) == 0);
  const Answer first = run_hutch(
      {"run", box, "rename", "/home", "/tmp/home", ",", "remove", "/home", ",", "rename", "/home", "/other"});
  CHECK(first["rename:/home"] != "ok");
  CHECK(first["remove:/home"] != "ok");
  REQUIRE(lstat((here / "private").c_str(), &after) == 0);
  CHECK(S_ISDIR(after.st_mode));
  CHECK(before.st_ino == after.st_ino);
}

TEST_CASE("groups cannot be given up to get past what is closed to a group") {
  if (geteuid() == 0) SKIP_TEST("who may write any map keeps setgroups");
  const Workspace here;
  const std::string box = here.profile("box", bare_profile("\"/proc\" = \"proc\""));
  for (const char* map : {"self", "root"})
    CHECK(run_hutch({"run", "--set", "identity.map = '" + std::string(map) + "'", box, "ids"})["setgroups"] ==
          "deny");
}

TEST_CASE("cgroups are shown read-only unless the profile says otherwise") {
  const Workspace here;
  const std::string box =
      here.profile("box", bare_profile("\"/sys/fs/cgroup\" = \"cgroup\"\n\"/proc\" = \"proc\""));
  const Answer answer = run_hutch(
      {"run", box, "mkdir", "/sys/fs/cgroup/evil", ",", "write", "/sys/fs/cgroup/cgroup.procs", "1"});
  if (answer.status == 125 && has(answer.err, "E0507"))
    SKIP_TEST("no cgroup file system may be mounted here");
  CHECK(answer.status == 0);
  CHECK(answer["mkdir:/sys/fs/cgroup/evil"] == "EROFS");
  CHECK(answer["write:/sys/fs/cgroup/cgroup.procs"] == "EROFS");
}

TEST_CASE("a descriptor that leads outside is no working folder") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile("\"/proc\" = \"proc\""));
  here.write("marker", "outside");
  const int outside = open(here.path().c_str(), O_PATH | O_DIRECTORY);  // inherited, as of a leaky caller
  for (const std::string& cwd :
       {"/proc/self/fd/" + std::to_string(outside), std::string("/proc/self/fd/7"),
        std::string("/proc/self/root"), std::string("/proc/1/root"), std::string("/proc/self/cwd")}) {
    const Answer answer = run_hutch(
        {"run", "--set", "process.cwd = '" + cwd + "'", box, "list", ".", ",", "list", "..", ",", "fds"},
        {.cwd = here.path()});
    INFO(cwd << answer.out << answer.err);
    // What there is inside of that name, or nothing.
    CHECK((answer.status == 0 || answer.status == 125));
    CHECK_FALSE(has(answer.out, "marker"));
    CHECK(answer.all("fd").size() == (answer.status == 0 ? 3 : 0));
  }
  close(outside);
}

TEST_CASE("links that a root folder has in its /dev are no masks, no terminals and no standard streams") {
  const Workspace here;
  const std::string victim = here.write("victim", "the host's", 0640);
  fs::create_directories(here / "root/dev/pts");
  fs::create_directories(here / "root/proc");
  here.write("root/hide/secret", "secret");
  fs::copy_file(HUTCH_PROBE, here / "root/probe");
  for (const char* name : {"null", "console", "ptmx", "tty", "pts/0", "pts/ptmx", "zero", "stdin"})
    fs::create_symlink(name[0] == 'n' ? victim : "/proc/sys/kernel/core_pattern",
                       here / ("root/dev/" + std::string(name)));
  const std::string pattern = read_file("/proc/sys/kernel/core_pattern");
  struct stat before = {}, after = {};
  REQUIRE(stat(victim.c_str(), &before) == 0);
  for (const char* more : {"", "\"/dev\" = \"dev\"\n"}) {
    const std::string box =
        here.profile("box",
                     "[process]\ncommand = [\"/probe\"]\nargs = \"append\"\nstdin = \"null\"\nstdout = "
                     "\"inherit\"\n[mounts]\n\"/\" = { type = \"bind\", source = \"./root\", write = true "
                     "}\n\"/proc\" = \"proc\"\n"
                     "\"/hide\" = \"hidden\"\n" +
                         std::string(more));
    const Answer answer = run_hutch({"run", box, "list", "/hide", ",", "fds", ",", "look", "/dev/null"},
                                    {.watched = {here / "root/hide"}});
    INFO(answer.out << answer.err);
    CHECK(answer.status == 0);
    CHECK_FALSE(has(answer.out, "secret"));
    CHECK(answer["fd0"] == "/dev/null");
    if (*more) CHECK(answer["look:/dev/null"].starts_with("char "));
  }
  REQUIRE(stat(victim.c_str(), &after) == 0);
  CHECK(read_file(victim) == "the host's");
  CHECK(before.st_mode == after.st_mode);
  CHECK(before.st_uid == after.st_uid);
  CHECK(before.st_ctim.tv_nsec == after.st_ctim.tv_nsec);
  CHECK(read_file("/proc/sys/kernel/core_pattern") == pattern);
}
