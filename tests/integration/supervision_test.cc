// From exec to the end: signals, time, and that nothing is left.

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <thread>

#include "support/sandbox.h"
#include "support/skip.h"
#include "support/snapshot.h"

using namespace hutch::test;

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// A sandbox with the host's programs.
std::string shell_profile(const Workspace& here, std::string_view more = "") {
  return here.profile("shell", "extends = [\"base/system\"]\n" + std::string(more));
}

/// Says "ready", then each signal that it gets; ends on USR2.
constexpr const char* kSayer =
    "for s in HUP INT QUIT TERM USR1 WINCH CONT; do trap \"echo got $s\" $s; done; trap 'exit 9' USR2; "
    "echo ready; while :; do sleep 100 & wait; done";

const std::vector<std::string> kSharedPids{"--set", "namespaces.pid = 'host'", "--set",
                                           "mounts.'/proc' = 'ro'"};

std::vector<std::string> command(std::vector<std::string> words, std::initializer_list<std::string> more) {
  words.insert(words.begin(), "run");
  words.insert(words.end(), more);
  return words;
}

bool soon(auto&& holds) {
  for (const auto end = Clock::now() + 5s; Clock::now() < end; std::this_thread::sleep_for(5ms)) {
    if (holds()) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("each signal that hutch gets reaches the program once, also through the init") {
  const Workspace here;
  const std::string box = shell_profile(here);
  for (const char* tty : {"none", "inherit"}) {
    Running running(
        {"run", "--set", std::string("process.tty = '") + tty + "'", box, "/bin/sh", "-c", kSayer});
    REQUIRE(running.wait_for("ready") == "");
    for (const auto& [number, name] : {std::pair{SIGHUP, "HUP"},
                                       {SIGINT, "INT"},
                                       {SIGQUIT, "QUIT"},
                                       {SIGUSR1, "USR1"},
                                       {SIGWINCH, "WINCH"}}) {
      running.signal(number);
      CHECK(running.wait_for("got ") == name);
    }
    running.signal(SIGUSR2);
    const Answer answer = running.wait();
    CHECK(answer.status == 9);
    CHECK(answer.all("got ").size() == 5);  // nothing came twice
  }
}

TEST_CASE("signals that the caller ignores stay ignored, and SIGCHLD ignored by it changes nothing") {
  const Workspace here;
  const std::string box = shell_profile(here);
  const Answer answer = run_program({"/bin/sh", "-c",
                                     "trap '' HUP CHLD; " + hutch_binary() + " run " + box +
                                         " /bin/sh -c 'sleep 0.3; exit 4' & sleep 0.1; "
                                         "kill -HUP $!; wait $!"},
                                    {.env = {{"HUTCH_PROFILE_PATH", HUTCH_SOURCE_DIR "/profiles"}}});
  CHECK(answer.status == 4);
}

TEST_CASE("when its time is over the program gets SIGTERM, and hutch ends with 124") {
  const Workspace here;
  const std::string box = shell_profile(here, "[process]\ntimeout = \"200ms\"\n");
  const Answer polite =
      run_hutch({"run", box, "/bin/sh", "-c", "trap 'echo bye; exit 3' TERM; sleep 30 & wait"});
  CHECK(polite.status == 124);
  CHECK(polite.out == "bye\n");
  CHECK(run_hutch({"run", "--timeout", "30s", box, "/bin/sh", "-c", "exit 3"}).status == 3);
  CHECK(run_hutch({"run", "--timeout", "0", box, "/bin/sh", "-c", "sleep 0.4; exit 3"}).status == 3);
  const Answer stopped = run_hutch({"run", box, "/bin/sh", "-c", "kill -STOP $$; exit 3"});
  CHECK(stopped.status == 124);
}

TEST_CASE("a program that does not heed the end of its time is killed after kill_after") {
  const Workspace here;
  const std::string box = shell_profile(here, "[process]\ntimeout = \"100ms\"\nkill_after = \"200ms\"\n");
  for (const char* init : {"true", "false"}) {
    const auto began = Clock::now();
    const Answer answer = run_hutch({"run", "--set", std::string("process.init = ") + init, box, "/bin/sh",
                                     "-c", "trap '' TERM; sleep 30; sleep 30"});
    CHECK(answer.status == 124);
    CHECK(Clock::now() - began >= 300ms);
    CHECK(Clock::now() - began < 10s);
  }
}

TEST_CASE("a second INT or TERM has everything killed after kill_after, a single one does not") {
  const Workspace here;
  const std::string box = shell_profile(here, "[process]\nkill_after = \"100ms\"\n");
  Running running(
      {"run", box, "/bin/sh", "-c", "trap 'echo got' TERM INT; echo ready; while :; do sleep 0.05; done"});
  REQUIRE(running.wait_for("ready") == "");
  running.signal(SIGTERM);
  REQUIRE(running.wait_for("got") == "");
  std::this_thread::sleep_for(400ms);
  CHECK_FALSE(has_ended(running.pid()));
  running.signal(SIGINT);
  CHECK(running.wait().status == 128 + SIGKILL);
}

TEST_CASE("with the host's pids, too, what the program leaves behind ends with it") {
  const Workspace here;
  const std::string box = shell_profile(here);
  Running running(command(kSharedPids, {box, "/bin/sh", "-c",
                                        "setsid sh -c 'sleep 1000 & sleep 1001 & echo $! $$; wait' & "
                                        "(setsid setsid sleep 1002 &) ; read line; exit 5"}));
  const std::string orphans = running.wait_for("");
  const Answer answer = running.wait();  // closes its input; checks, too, that no descendant is left
  CHECK(answer.status == 5);
  for (const std::string& pid : words(orphans)) CHECK(has_ended(std::stoi(pid)));
}

TEST_CASE("with the host's pids, too, the end of the launcher or of the init is everybody's") {
  const Workspace here;
  const std::string box = shell_profile(here);
  for (const bool init_dies : {false, true}) {
    Running running(command(
        kSharedPids, {box, "/bin/sh", "-c", "setsid sh -c 'sleep 1000 & echo $! $$; wait' & sleep 1003"}));
    const std::vector<std::string> orphans = words(running.wait_for(""));
    REQUIRE(orphans.size() == 2);
    const std::vector<pid_t> all = running.descendants();
    REQUIRE(all.size() >= 4);
    if (init_dies) {
      CHECK(::kill(all.front(), SIGKILL) == 0);
      CHECK(running.wait().status == 128 + SIGKILL);
    } else {
      running.signal(SIGKILL);
      running.wait();
    }
    for (const std::string& pid : orphans) CHECK(soon([&] { return has_ended(std::stoi(pid)); }));
    for (const pid_t pid : all) {
      CAPTURE(init_dies, pid);
      const bool ended = soon([&] { return has_ended(pid); });
      INFO(read_file("/proc/" + std::to_string(pid) + "/stat"));
      CHECK(ended);
    }
  }
}

TEST_CASE("without an init and a pid namespace there is nobody who could end what is left: refused") {
  const Workspace here;
  const std::string box = shell_profile(
      here, "[namespaces]\npid = \"host\"\n[process]\ninit = false\n[mounts]\n\"/proc\" = \"ro\"\n");
  const Answer refused = run_hutch({"run", box, "/bin/true"});
  CHECK(refused.status == 125);
  const std::string says =
      "error[E0344]: without an init and a pid namespace, processes would outlive the sandbox\n  --> " + box +
      R"(:6:8
   |
 6 | init = false
   |        ^^^^^
   |
 4 | pid = "host"
   |       ------ `pid` is the host's here
   = cause: nothing would end what the program leaves behind
   = help: drop `init = false`, or say `die_with_parent = false` if that is what you want
)";
  CHECK((refused.err == says));
  CHECK(
      run_hutch({"run", "--set", "process.die_with_parent = false", box, "/bin/sh", "-c", "exit 6"}).status ==
      6);
}

TEST_CASE("children that hutch already had are none of its business") {
  const Workspace here;
  const std::string box = shell_profile(here);
  const Answer answer =
      run_program({"/bin/sh", "-c",
                   "sleep 3 & echo $!; exec " + hutch_binary() +
                       " run --set 'namespaces.pid=\"host\"' --set 'mounts.\"/proc\"=\"ro\"' " + box +
                       " /bin/sh -c 'kill -0 \"$1\" && exit 8' sh $!"},
                  {.env = {{"HUTCH_PROFILE_PATH", HUTCH_SOURCE_DIR "/profiles"}}});
  CHECK(answer.status == 8);
}

TEST_CASE("with the host's pids, the program cannot look into the init") {
  const Workspace here;
  const std::string box = shell_profile(here);
  const Answer answer =
      run_hutch(command(kSharedPids, {box, "/bin/sh", "-c",
                                      "cat /proc/$PPID/comm; for f in environ maps mem fd/0 fd/1 fd/2; do "
                                      "cat /proc/$PPID/$f >/dev/null 2>&1 && echo read $f; done; "
                                      "for f in /proc/$PPID/fd/*; do readlink $f; done; echo done"}));
  CHECK(answer.out == "hutch-init\ndone\n");
}

TEST_CASE("a hundred megabytes go through in both directions") {
  const Workspace here;
  const std::string box = shell_profile(here);
  const Answer answer = run_program(
      {"/bin/sh", "-c",
       "head -c 100000000 /dev/zero | " + hutch_binary() + " run " + box + " /bin/sh -c 'cat' | wc -c"},
      {.env = {{"HUTCH_PROFILE_PATH", HUTCH_SOURCE_DIR "/profiles"}}});
  CHECK(words(answer.out) == std::vector<std::string>{"100000000"});
  CHECK(answer.err == "");
}

TEST_CASE("zombies are reaped, also many at once and children of children") {
  const Workspace here;
  const std::string box = shell_profile(here);
  const Answer answer =
      run_hutch({"run", box, "/bin/sh", "-c",
                 "i=0; while [ $i -lt 200 ]; do sh -c 'sh -c : & :' & i=$((i+1)); done; wait; sleep 0.3; "
                 "cat /proc/[0-9]*/stat | grep -c ' Z '; echo done"});
  CHECK(answer.out == "0\ndone\n");
}

TEST_CASE("a thousand inherited descriptors, or hardly any allowed, change nothing") {
  const Workspace here;
  const std::string box = shell_profile(here);
  const std::string run = hutch_binary() + " run " + box + " /bin/sh -c 'ls /proc/self/fd | wc -l'";
  const Options options{.env = {{"HUTCH_PROFILE_PATH", HUTCH_SOURCE_DIR "/profiles"}}};
  const Answer plain = run_program({"/bin/sh", "-c", run}, options);
  REQUIRE(plain.status == 0);
  const Answer many = run_program(
      {"/bin/bash", "-c",
       "ulimit -n 2048 2>/dev/null; for ((i = 10; i < 1010; i++)); do eval \"exec $i</dev/null\"; done; " +
           run},
      options);
  CHECK(many.err == "");
  CHECK(many.out == plain.out);
  const Answer few = run_program({"/bin/sh", "-c", "ulimit -Sn 12; " + run}, options);
  CHECK(few.err == "");
  CHECK(few.out == plain.out);
}

TEST_CASE("what set-up does to the child is not done to the launcher, whose memory it may share") {
  const Workspace here;
  const std::string own = read_file("/proc/self/oom_score_adj");
  for (const char* more : {"", "[process]\noom_score_adj = 500\n"}) {
    CAPTURE(more);
    Running running({"run", shell_profile(here, more), "/bin/sh", "-c", "echo ready; read line"});
    REQUIRE(running.wait_for("ready") == "");
    const std::string process = "/proc/" + std::to_string(running.pid());
    CHECK(read_file(process + "/oom_score_adj") == own);
    // The files of a process that nobody may look into belong to root.
    CHECK(soon([&] {
      struct stat found = {};
      return ::stat((process + "/status").c_str(), &found) == 0 && found.st_uid == ::geteuid();
    }));
    CHECK(running.wait().status == 1);
  }
}

TEST_CASE("the program does not begin before the init is what it shall be, however long that takes") {
  if (!have_program("strace")) SKIP_TEST("no strace(1)");
  const Workspace here;
  const std::string box = shell_profile(here);
  const Answer answer = run_program({"strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=execveat", "-e",
                                     "inject=execveat:delay_enter=300000", hutch_binary(), "run", box,
                                     "/bin/sh", "-c", "cat /proc/1/comm; grep CapEff /proc/1/status"},
                                    {.env = {{"HUTCH_PROFILE_PATH", HUTCH_SOURCE_DIR "/profiles"}}});
  CAPTURE(answer.err);
  CHECK(answer.status == 0);
  CHECK(answer.out == "hutch-init\nCapEff:\t0000000000000000\n");
}
