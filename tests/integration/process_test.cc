// The program inside: how it starts, what it inherits, how it ends.

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <optional>
#include <string>

#include "support/sandbox.h"
#include "support/skip.h"

using namespace hutch::test;

TEST_CASE("a program that is not there is told of by where it is outside, or by what was meant") {
  const Workspace here;
  const std::string box = here.profile("box", "[mounts]\n" + probe_mount());
  const auto told = [&](const std::string& word) {
    const Answer answer = run_hutch({"run", box, word});
    CHECK(answer.status == 127);
    return answer.err;
  };
  CHECK(told("sh").find("outside it is \"") != std::string::npos);
  CHECK(told("sh").find("mount the folder that it lies in, for example \"/") != std::string::npos);
  CHECK(told("no-such-program").find("it is not on your PATH outside either: is it installed?") !=
        std::string::npos);
  CHECK(told("--ro").find("options of hutch stand before the profile") != std::string::npos);
  CHECK(told("/no/such/path").find("mount the folder that it lies in, for example \"/usr\" = \"ro\"") !=
        std::string::npos);
}

TEST_CASE("the exit status is the program's own") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile());
  for (const int status : {0, 1, 42, 124, 125, 255})
    CHECK(run_hutch({"run", box, "exit", std::to_string(status)}).status == status);
  CHECK(run_hutch({"run", "--set", "process.init = false", box, "exit", "42"}).status == 42);
}

TEST_CASE("a program that dies of a signal gives 128 and its number") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile());
  for (const int number : {SIGKILL, SIGTERM, SIGABRT, SIGUSR1}) {
    CHECK(run_hutch({"run", box, "die", std::to_string(number)}).status == 128 + number);
  }
}

TEST_CASE(
    "a program that is not there gives 127, one that cannot be executed 126, and nothing but a message") {
  const Workspace here;
  here.write("text", "no program\n", 0644);
  here.write("script", "#!/no/such/interpreter\n", 0755);
  here.write("garbage",
             "\x7f"
             "ELFgarbage",
             0755);
  const std::string box =
      here.profile("box", "[mounts]\n" + probe_mount() + "\"/work\" = { type = \"bind\", source = \"" +
                              here.path() + "\" }\n");
  const Answer missing = run_hutch({"run", box, "/no/such/program"});
  CHECK(missing.status == 127);
  CHECK(missing.out == "");
  CHECK(missing.err.find("/no/such/program") != std::string::npos);
  CHECK(run_hutch({"run", box, "nowhere-in-path"}).status == 127);

  CHECK(run_hutch({"run", box, "/work/text"}).status == 126);
  CHECK(run_hutch({"run", box, "/work/garbage"}).status == 126);
  CHECK(run_hutch({"run", box, "/work"}).status == 126);
  const Answer interpreter = run_hutch({"run", box, "/work/script"});
  CHECK(interpreter.status == 126);
  CHECK(interpreter.err.find("/no/such/interpreter") != std::string::npos);
}

TEST_CASE("Hutch is silent when all is well, and standard output belongs to the program") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile());
  const Answer answer = run_hutch({"run", box, "exit", "0"});
  CHECK(answer.out == "");
  CHECK(answer.err == "");
  CHECK(run_hutch({"run", box, "stderr", "hello"}).err == "hello\n");
}

TEST_CASE("words after the profile belong to the program, and one -- is dropped") {
  const Workspace here;
  const std::string box = here.profile("box", "[mounts]\n" + probe_mount());
  CHECK(run_hutch({"run", box, "/probe", "exit", "3"}).status == 3);
  CHECK(run_hutch({"run", box, "--", "/probe", "exit", "4"}).status == 4);
  const std::string append = here.profile("append", bare_profile());
  CHECK(run_hutch({"run", append, "stderr", "-v"}).err == "-v\n");
  CHECK(run_hutch({"run", append, "--", "stderr", "--"}).err == "--\n");
}

TEST_CASE("standard input reaches the program, and can be null or a file") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile());
  CHECK(run_hutch({"run", box, "input"}, {.input = "a line\n"})["input"] == "a line");
  CHECK(run_hutch({"run", "--set", "process.stdin = 'null'", box, "input"}, {.input = "a line\n"})["input"] ==
        "end");
  const std::string file = here.write("input", "from a file\n");
  CHECK(run_hutch({"run", "--set", "process.stdin = '" + file + "'", box, "input"})["input"] ==
        "from a file");
}

TEST_CASE("standard output can be a file") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile());
  const std::string file = here.write("output", "");
  const Answer answer = run_hutch({"run", "--set", "process.stdout = '" + file + "'", box, "pids"});
  CHECK(answer.out == "");
  CHECK(read_file(file).starts_with("pid="));
}

TEST_CASE("only the descriptors 0 to 2 and those of keep_fds reach the program") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile("\"/proc\" = \"proc\""));
  const std::string hutch = hutch_binary();
  // A shell opens 7 and 9 for us.
  const Answer closed = run_program(
      {"/bin/sh", "-c", "exec 7</dev/null 9</dev/null; exec \"$@\"", "sh", hutch, "run", box, "fds"});
  CHECK(closed.all("fd").size() == 3);
  const Answer kept = run_program({"/bin/sh", "-c", "exec 7</dev/null 9</dev/null; exec \"$@\"", "sh", hutch,
                                   "run", "--set", "process.keep_fds = [9]", box, "fds"});
  CHECK(kept.all("fd").size() == 4);
  CHECK(kept.has("fd9="));
}

TEST_CASE("the environment is clean: what the profile names, and the few names that every program needs") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile());
  const Options options = {
      .env = {{"SECRET_TOKEN", "x"}, {"LC_ALL", "C"}, {"LD_PRELOAD", ""}, {"LD_DEBUG", "no-such"}}};
  const Answer answer = run_hutch({"run", box, "env"}, options);
  for (const std::string& entry : answer.all("env:")) {
    const std::string name = entry.substr(0, entry.find('='));
    INFO(entry);
    CHECK((name == "PATH" || name == "HOME" || name == "USER" || name == "LOGNAME" || name == "SHELL" ||
           name == "TERM"));
  }
  CHECK(answer.has("env:PATH="));

  const Answer all = run_hutch({"run", "--set", "environment.inherit = ['*']", box, "env"}, options);
  CHECK(all.has("env:SECRET_TOKEN=x"));
  CHECK_FALSE(all.has("env:LD_DEBUG="));  // by full name only
  CHECK(run_hutch({"run", "--set", "environment.inherit = ['LD_DEBUG']", box, "env"}, options)
            .has("env:LD_DEBUG=no-such"));

  const Answer set = run_hutch({"run", "--env", "ONE=1", "--env", "LC_ALL", box, "env"}, options);
  CHECK(set.has("env:ONE=1"));
  CHECK(set.has("env:LC_ALL=C"));
  const Answer unset = run_hutch(
      {"run", "--set", "environment = { inherit = ['*'], unset = ['SECRET_*'] }", box, "env"}, options);
  CHECK(unset.has("env:LC_ALL=C"));
  CHECK_FALSE(unset.has("env:SECRET_TOKEN"));
}

TEST_CASE("limits, priority, affinity, personality and umask are what the profile says") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile(R"("/proc" = "proc"
[limits]
nofile = 64
core = 0
fsize = "1M"
cpu = { soft = "10s", hard = "20s" }
)"));
  const std::string process =
      "process = { nice = 7, io_class = 'idle', cpu_affinity = '0', personality = ['no_randomize'], umask = "
      "'0027', oom_score_adj = 500 }";
  const Answer answer = run_hutch({"run", "--set", process, box, "limits", ",", "scheduling"});
  CHECK(answer.status == 0);
  CHECK(answer["limit_nofile"] == "64 64");
  CHECK(answer["limit_core"] == "0 0");
  CHECK(answer["limit_fsize"] == "1048576 1048576");
  CHECK(answer["limit_cpu"] == "10 20");
  CHECK(answer["nice"] == "7");
  CHECK(answer["io_class"] == "3");
  CHECK(answer["cpus"] == "0");
  CHECK(answer["personality"] == std::to_string(0x0040000));
  CHECK(answer["umask"] == "0027");
  CHECK(answer["oom_score_adj"] == "500");
}

namespace {

/// The test's own, "0" for none; nothing where this kernel knows no core scheduling, or finds no core with
/// threads.
std::optional<std::string> own_core_cookie() {
  unsigned long cookie = 0;
  if (prctl(PR_SCHED_CORE, PR_SCHED_CORE_GET, 0, PR_SCHED_CORE_SCOPE_THREAD, &cookie) < 0) return {};
  return std::to_string(cookie);
}

std::string box_of_its_own_core(const Workspace& here) {
  return here.profile(
      "box",
      "[process]\ncore_scheduling = true\ncommand = ['/probe']\nargs = 'append'\n[mounts]\n" + probe_mount());
}

}  // namespace

TEST_CASE("with core scheduling the program has a cookie that neither the caller nor anybody else has") {
  const auto own = own_core_cookie();
  if (!own) SKIP_TEST("no core scheduling here: it takes SMT and CONFIG_SCHED_CORE");
  const Workspace here;
  const std::string box = box_of_its_own_core(here);
  const Answer answer = run_hutch({"run", box, "core-cookie"});
  INFO(answer.out << answer.err);
  CHECK(std::stoul(answer["core_cookie"]) != 0);
  CHECK(answer["core_cookie"] != *own);
  // Not by chance: without the key it stays the caller's.
  CHECK(run_hutch({"run", "--set", "process.core_scheduling = false", box, "core-cookie"})["core_cookie"] ==
        *own);
  CHECK(run_hutch({"run", "--verify", box, "exit", "0"}).status == 0);
}

TEST_CASE("core scheduling is refused, with its line, where the kernel has none") {
  if (own_core_cookie()) SKIP_TEST("this kernel has core scheduling");
  const Workspace here;
  const std::string box = box_of_its_own_core(here);
  const Answer answer = run_hutch({"run", box, "exit", "0"});
  INFO(answer.err);
  CHECK(answer.status == 125);
  for (const char* part : {"error[E0416]: ", "box.toml:3:",
                           "core scheduling needs SMT and a kernel built with it", "drop `core_scheduling`"})
    CHECK(answer.err.find(part) != std::string::npos);
}

TEST_CASE(
    "the working folder is the caller's where it is visible inside, else the home folder, else the root") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile("\"/proc\" = \"proc\""));
  const Options options = {.cwd = here.path()};
  CHECK(run_hutch({"run", box, "link", "/proc/self/cwd"}, options)["link:/proc/self/cwd"] == "/");
  CHECK(run_hutch({"run", "--tmpfs", "/home/me", "--set", "identity.home = '/home/me'", box, "link",
                   "/proc/self/cwd"},
                  options)["link:/proc/self/cwd"] == "/home/me");
  CHECK(run_hutch({"run", "--ro", here.path(), box, "link", "/proc/self/cwd"},
                  options)["link:/proc/self/cwd"] == here.path());
  CHECK(run_hutch({"run", "--tmpfs", "/x", "--cwd", "/x", box, "link", "/proc/self/cwd"},
                  options)["link:/proc/self/cwd"] == "/x");
}

TEST_CASE("signals that hutch gets go to the program") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile());
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) {
    Running running({"run", box, "wait"});
    CHECK(running.wait_for("waiting") == "=yes");
    running.signal(number);
    CHECK(running.wait().status == 128 + number);
  }
}

TEST_CASE("when hutch is killed the sandbox dies with it and leaves nothing") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile("\"/proc\" = \"proc\""));
  for (const char* init : {"true", "false"}) {
    Running running({"run", "--set", std::string("process.init = ") + init, box, "wait"});
    CHECK(running.wait_for("waiting") == "=yes");
    running.signal(SIGKILL);
    CHECK(running.wait().status == 128 + SIGKILL);  // and no process is left, which wait() checks
  }
}

TEST_CASE("closed standard streams are null inside, and no file of the set-up takes their numbers") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile("\"/proc\" = \"proc\"\n\"/dev\" = \"dev\""));
  const Answer answer = run_hutch({"run", box, "fds"}, {.closed = {0}});
  CHECK(answer.status == 0);
  CHECK(answer.all("fd").size() <= 3);
  for (const std::string& entry : answer.all("fd0=")) CHECK(entry.ends_with("/dev/null"));
  CHECK(run_hutch({"run", box, "exit", "7"}, {.closed = {0, 1, 2}}).status == 7);
}
