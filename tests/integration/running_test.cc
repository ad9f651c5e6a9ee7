// Running sandboxes from outside: ps, inspect, enter, kill, and joining one by its name.

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <regex>
#include <string>
#include <thread>

#include "support/sandbox.h"
#include "support/skip.h"
#include "support/snapshot.h"
#include "support/terminal.h"

using namespace hutch::test;
namespace fs = std::filesystem;

namespace {

using namespace std::chrono_literals;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

bool soon(auto&& holds) {
  for (int i = 0; i < 1000; ++i, std::this_thread::sleep_for(5ms)) {
    if (holds()) return true;
  }
  return false;
}

/// A name that nobody else's sandbox has: root sees everybody's, and other tests run at the same time.
std::string own(const std::string& name) { return name + "-" + std::to_string(getpid()) + "t"; }

/// A user with a runtime folder, who runs sandboxes.
struct Desk {
  Workspace here;
  Options options{.env = {{"XDG_RUNTIME_DIR", here.path()}}};
  std::string registered = here / "hutch";

  [[nodiscard]] Answer hutch(const std::vector<std::string>& words) const {
    return run_hutch(words, options);
  }
  [[nodiscard]] Answer hutch(const std::vector<std::string>& words, const std::string& input) const {
    Options with = options;
    with.input = input;
    return run_hutch(words, with);
  }
  [[nodiscard]] std::string shell_profile(std::string_view more = "") const {
    return here.profile("shell", "extends = [\"base/system\"]\n" + std::string(more));
  }
  /// Lines of `ps` about sandboxes of this test.
  [[nodiscard]] std::string listed(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{"ps"};
    words.insert(words.end(), more.begin(), more.end());
    const std::string told = hutch(words).out;
    std::string lines;
    for (std::size_t at = 0; at < told.size();) {
      const std::size_t end = std::min(told.find('\n', at), told.size());
      const std::string line = told.substr(at, end - at) + "\n";
      if (has(line, own(""))) lines += line;
      at = end + 1;
    }
    return lines;
  }
  [[nodiscard]] std::string names() const { return listed({"--names"}); }
  /// Plans of launches are kept beside.
  [[nodiscard]] bool nothing_is_registered() const {
    return std::ranges::all_of(fs::directory_iterator(registered),
                               [](const auto& each) { return each.path().filename() == "plans"; });
  }
};

/// A sandbox that has said "ready".
struct Box : Running {
  Box(const Desk& desk, const std::string& name, const std::string& profile,
      const std::string& script = "echo ready; read x", std::vector<std::string> more = {})
      : Running(words(name, profile, script, std::move(more)), desk.options) {
    expect_running(pid());
    REQUIRE(wait_for("ready") == "");
  }
  static std::vector<std::string> words(const std::string& name, const std::string& profile,
                                        const std::string& script, std::vector<std::string> more) {
    std::vector<std::string> all{"run", "--name", name};
    all.insert(all.end(), more.begin(), more.end());
    for (const std::string& word : {profile, std::string("/bin/sh"), std::string("-c"), script})
      all.push_back(word);
    return all;
  }
};

const std::string kLookAtMyself =
    "for n in user mnt pid ipc uts net cgroup time; do echo $n=$(readlink /proc/self/ns/$n); done; "
    "grep -E '^(Cap|NoNewPrivs|Seccomp|Uid|Gid|Groups|Umask)' /proc/self/status | sed 's/:[[:space:]]*/=/'; "
    "echo map=$(cat /proc/self/uid_map); echo host=$(uname -n); echo cwd=$PWD; echo files=$(ulimit -n); "
    "echo hard=$(ulimit -H -n); env | sort | grep -v '^\\(_\\|PWD\\|SHLVL\\|OLDPWD\\|TERM\\)='; ls -l "
    "/proc/self/fd | wc -l";

}  // namespace

TEST_CASE("ps lists a sandbox by name, profile, pid and namespaces while it runs, and not after") {
  const Desk desk;
  CHECK(desk.listed().empty());
  Box box(desk, own("mine"), desk.shell_profile("name = \"my shell\"\nnamespaces.net = \"host\""));
  const std::regex line(own("mine") +
                        " +([0-9]+ +)?my shell +[0-9]+ +[0-9]+s +user,mnt,pid,ipc,uts,cgroup  "
                        "/bin/sh -c \"?echo ready; read x\"?\n");
  std::string told;
  CHECK(soon([&] { return std::regex_match(told = desk.listed(), line); }));
  INFO(told);
  CHECK(std::regex_search(desk.hutch({"ps"}).out,
                          std::regex("^NAME +(USER +)?PROFILE +PID +UPTIME +NAMESPACES +COMMAND\n")));
  CHECK(desk.names() == own("mine") + "\n");
  const std::string json = desk.hutch({"ps", "--json"}).out;
  CHECK(has(json, "\"name\": \"" + own("mine") + "\""));
  CHECK(has(json, "\"profile\": \"my shell\""));
  CHECK(has(json, "\"launcher\": " + std::to_string(box.pid()) + ","));
  const std::string init = std::to_string(box.descendants().at(0));
  CHECK(has(json, "\"init\": " + init + ","));
  const std::string pid_namespace =
      fs::read_symlink("/proc/" + std::to_string(box.descendants().at(1)) + "/ns/pid");
  CHECK(has(json, "\"pid\": " + pid_namespace.substr(5, pid_namespace.size() - 6)));
  CHECK(box.wait().status == 1);  // `read` at the end of its input
  CHECK(desk.listed().empty());
  CHECK(desk.nothing_is_registered());
}

TEST_CASE("a sandbox without a name gets one of its profile once it has lived for a moment") {
  const Desk desk;
  Running running({"run", desk.shell_profile(), "/bin/sh", "-c", "echo ready; read x"}, desk.options);
  expect_running(running.pid());
  REQUIRE(running.wait_for("ready") == "");
  const std::string name = "shell-" + std::to_string(running.pid());
  CHECK(soon([&] { return has(desk.hutch({"ps", "--names"}).out, name + "\n"); }));
  CHECK(desk.hutch({"enter", name, "/bin/echo", "in"}).out == "in\n");
  running.wait();
  CHECK(desk.nothing_is_registered());
  // One that is over soon is never registered.
  fs::remove_all(desk.registered);
  CHECK(desk.hutch({"run", desk.shell_profile(), "/bin/true"}).status == 0);
  CHECK(desk.nothing_is_registered());
}

TEST_CASE("a name is one sandbox's at a time, and free again however that one ended") {
  const Desk desk;
  const std::string profile = desk.shell_profile();
  {
    Box box(desk, own("mine"), profile);
    const Answer second = desk.hutch({"run", "--name", own("mine"), profile, "/bin/true"});
    CHECK(second.status == 125);
    CHECK(second.err == "error[E0427]: a sandbox called \"" + own("mine") + "\" is running already (pid " +
                            std::to_string(box.pid()) +
                            ")\n   = help: choose another name, or end it: hutch kill " + own("mine") + "\n");
    CHECK(desk.hutch({"run", "--name", own("other"), profile, "/bin/true"}).status == 0);
    box.signal(SIGKILL);
    CHECK(box.wait().status == 128 + SIGKILL);
  }
  CHECK_FALSE(desk.nothing_is_registered());  // nobody was left who could have cleaned up
  CHECK(desk.hutch({"run", "--name", own("mine"), profile, "/bin/true"}).status == 0);
  CHECK(desk.nothing_is_registered());
}

TEST_CASE("what a killed launcher leaves is no sandbox, in nobody's way, and goes when it is come across") {
  const Desk desk;
  {
    Box box(desk, own("mine"), desk.shell_profile());
    box.signal(SIGKILL);
    box.wait();
  }
  REQUIRE(fs::exists(desk.registered + "/" + own("mine") + ".sandbox"));
  CHECK(desk.hutch({"kill", own("mine")}).err ==
        "error[E0917]: no sandbox called \"" + own("mine") +
            "\" is running\n   = help: `hutch ps` lists those that run\n");
  CHECK(desk.nothing_is_registered());
}

TEST_CASE("an entry whose numbers belong to other processes has nobody signalled") {
  const Desk desk;
  fs::create_directory(desk.registered);
  fs::permissions(desk.registered, fs::perms::owner_all);
  // This test holds the lock, as a launcher does; who is told to be its sandbox is not its child.
  const std::string path = desk.registered + "/" + own("ghost") + ".sandbox",
                    other = std::to_string(getppid());
  std::ofstream(path) << "hutch 1\nprofile x\ninit " << other << "\nprogram " << other << "\nend\n";
  const int held = open(path.c_str(), O_RDWR | O_CLOEXEC);
  struct flock whole = {};
  whole.l_type = F_WRLCK;
  REQUIRE(fcntl(held, F_SETLK, &whole) == 0);
  CHECK(desk.names() == own("ghost") + "\n");
  for (const char* signal : {"KILL", "ALRM"}) {
    const Answer answer = desk.hutch({"kill", "-s", signal, own("ghost")});
    CHECK(answer.status == 1);
    CHECK(answer.err == "error[E0918]: the sandbox \"" + own("ghost") + "\" has ended\n");
  }
  close(held);
  CHECK(desk.names().empty());
}

TEST_CASE("a name that could be mistaken for a path or an option is refused before anything runs") {
  const Desk desk;
  for (const std::string name : {"", "a/b", "..", ".hidden", "-x", "a b", "a\nb", "ü"}) {
    const Answer answer = desk.hutch({"run", "--name=" + name, desk.shell_profile(), "/bin/echo", "ran"});
    CHECK(answer.status == 125);
    CHECK(answer.out.empty());
    CHECK(has(answer.err, "error[E0916]"));
    CHECK(has(answer.err,
              "   = cause: a name has 1 to 64 letters, digits, `_`, `.` and `-`, and begins with "
              "neither of the last two\n"));
  }
  CHECK(desk.hutch({"run", "--name", std::string(65, 'a'), desk.shell_profile(), "/bin/true"}).status == 125);
  CHECK(desk.hutch({"run", "--name", std::string(64, 'a'), desk.shell_profile(), "/bin/true"}).status == 0);
}

TEST_CASE(
    "kill: TERM for the program, KILL for everything, others for the program and not for its launcher") {
  const Desk desk;
  const std::string say =
      "for s in TERM ALRM USR1; do trap \"echo got $s\" $s; done; echo ready; "
      "while :; do sleep 100 & wait; done";
  for (const bool with_init : {true, false}) {
    CAPTURE(with_init);
    const std::string profile = desk.shell_profile(with_init ? "" : "process.init = false");
    Box box(desk, own("mine"), profile, say);
    for (const auto& [word, name] :
         {std::pair{"TERM", "TERM"}, {"SIGALRM", "ALRM"}, {"sigusr1", "USR1"}, {"14", "ALRM"}}) {
      // Not known to the registry before the first tick.
      CHECK(soon([&, asked = word] { return desk.hutch({"kill", "-s", asked, own("mine")}).status == 0; }));
      CHECK(box.wait_for("got ") == name);
    }
    CHECK(desk.hutch({"kill", "-sKILL", own("mine")}).status == 0);
    CHECK(box.wait().status == 128 + SIGKILL);
  }
}

TEST_CASE("kill -s STOP stops the program, and its launcher answers on") {
  const Desk desk;
  Box box(desk, own("mine"), desk.shell_profile(), "echo ready; while :; do echo tick; sleep 0.02; done");
  CHECK(soon([&] { return desk.hutch({"kill", "-s", "STOP", own("mine")}).status == 0; }));
  const pid_t program = box.descendants().at(1);
  const auto state = [&] {
    const std::string stat = read_file("/proc/" + std::to_string(program) + "/stat");
    return stat.substr(stat.rfind(") ") + 2, 1);
  };
  CHECK(soon([&] { return state() == "T"; }));
  CHECK(desk.hutch({"inspect", own("mine")}).status == 0);
  CHECK(desk.hutch({"kill", "-s", "CONT", own("mine")}).status == 0);
  CHECK(soon([&] { return state() != "T"; }));
  CHECK(desk.hutch({"kill", own("mine")}).status == 0);
  CHECK(box.wait().status == 128 + SIGTERM);
}

TEST_CASE("kill says what is no signal, and which sandbox there is instead") {
  const Desk desk;
  Box box(desk, own("browser"), desk.shell_profile());
  const Answer signal = desk.hutch({"kill", "-s", "NONE", own("browser")});
  CHECK(signal.status == 2);
  CHECK(signal.err ==
        "error[E0920]: `NONE` is no signal\n  --> command line:1:15\n   |\n"
        " 1 | hutch kill -s NONE " +
            own("browser") +
            "\n   |               ^^^^\n"
            "   = help: a name such as TERM, or a number: kill -l lists them\n");
  const Answer name = desk.hutch({"kill", own("browsr")});
  CHECK(name.status == 1);
  CHECK(name.err == "error[E0917]: no sandbox called \"" + own("browsr") +
                        "\" is running\n   = help: did you mean " + own("browser") + "?\n");
  CHECK(desk.hutch({"kill"}).status == 2);
  CHECK(desk.hutch({"kill", own("browser"), "another"}).status == 2);
}

TEST_CASE("inspect shows the plan that the launcher executed, the processes and the namespaces") {
  const Desk desk;
  const std::string profile = desk.shell_profile();
  Box box(desk, own("mine"), profile, "echo ready; sleep 100 & read x");
  std::string told;
  CHECK(soon([&] { return has(told = desk.hutch({"inspect", own("mine")}).out, "user:["); }));
  const std::string plan =
      desk.hutch({"plan", profile, "/bin/sh", "-c", "echo ready; sleep 100 & read x"}).out;
  CHECK(told.ends_with("\n\n" + plan));
  std::string processes = "processes  ";
  for (const pid_t pid : box.descendants()) processes += " " + std::to_string(pid);
  CHECK(has(told, processes + "\n"));
  const std::string json = desk.hutch({"inspect", "--json", own("mine")}).out;
  const std::string digest =
      desk.hutch({"plan", "--digest", profile, "/bin/sh", "-c", "echo ready; sleep 100 & read x"}).out;
  CHECK(has(json, "\"digest\": \"" + digest.substr(0, 64) + "\""));
  CHECK(has(json, "\"kind\": \"enter_root\""));
  CHECK(has(json, "\"resident_bytes\": "));
}

TEST_CASE("inspect waits for a sandbox that is still being set up") {
  const Desk desk;
  REQUIRE(mkfifo((desk.here / "input").c_str(), 0600) == 0);
  const std::string box = desk.shell_profile("[process]\nstdin = \"" + (desk.here / "input") + "\"\n");
  // Set-up waits for somebody who writes into the FIFO. By then the sandbox has its name.
  const Answer answer =
      run_program({"/bin/sh", "-c",
                   "\"$1\" run --name \"$2\" \"$3\" /bin/sh -c 'read x' &\n"
                   "until \"$1\" ps --names | grep -q \"^$2\\$\"; do :; done\n"
                   "\"$1\" inspect \"$2\" >\"$4\" & inspect=$!\nsleep 0.5\n"
                   "{ wait $inspect; cat \"$4\"; echo over; } >\"$5\"; wait",
                   "sh", hutch_binary(), own("early"), box, desk.here / "told", desk.here / "input"},
                  desk.options);
  const std::string told = read_file(desk.here / "told");
  INFO(told << answer.err);
  CHECK(std::regex_search(told, std::regex("\nplan +[0-9a-f]{64}\n")));
  CHECK(has(told, "\nnamespaces  user:["));
}

TEST_CASE("who enters is in every namespace and behind every wall of the program") {
  const Desk desk;
  struct Kind {
    const char* name;
    std::string more;
  };
  const std::vector<Kind> kinds{
      {"default", ""},
      {"walls",
       "hostname = \"walls\"\nnamespaces.time = { new = true, monotonic = \"+1d\" }\n[limits]\nnofile = { "
       "soft = 64, "
       "hard = 128 }\n[environment.set]\nTHIS = \"and that\"\n[process]\numask = \"027\"\ncwd = \"/usr\""},
      {"shared network",
       "[namespaces]\nnet = \"host\"\nuts = \"host\"\n[capabilities]\nkeep = [\"net_bind_service\", "
       "\"chown\"]"},
      {"pid 1", "process.init = false"},
      {"root inside", "[identity]\nmap = \"root\""}};
  for (const Kind& kind : kinds) {
    CAPTURE(kind.name);
    const std::string profile = desk.shell_profile(kind.more);
    const Answer first = desk.hutch({"run", profile, "/bin/sh", "-c", kLookAtMyself});
    Box box(desk, own("mine"), profile, kLookAtMyself + "; echo ready; read x");
    const Answer second = desk.hutch({"enter", own("mine"), "/bin/sh", "-c", kLookAtMyself});
    CHECK(second.status == 0);
    CHECK(second.err.empty());
    const std::string program = box.wait().out;
    // The namespaces of one run are not those of another; all else is.
    const std::regex numbers("=[a-z]+:\\[[0-9]+\\]");
    CHECK(std::regex_replace(second.out, numbers, "") == std::regex_replace(first.out, numbers, ""));
    CHECK(second.out + "ready\n" == program);
  }
}

TEST_CASE("who enters gets no more out than the program: the floor, the files, the bounding set") {
  const Desk desk;
  const std::string profile = desk.here.profile(
      "bare",
      bare_profile("\"/proc\" = \"proc\"\n\"/usr\" = \"ro\"\n\"/etc\" = \"ro\"\n\"/etc/ssl\" = \"hidden\""));
  Running running({"run", "--name", own("mine"), profile, "arguments", ",", "input"}, desk.options);
  expect_running(running.pid());
  CHECK(soon([&] { return desk.names() == own("mine") + "\n"; }));
  const Answer inside =
      desk.hutch({"enter", own("mine"), "/probe", "write", "/usr/new", ",", "look", "/etc/ssl", ",",
                  "tiocsti", ",", "foreign", ",", "mount", ",", "remount", "/usr", ",", "fds"});
  const Answer launched =
      desk.hutch({"run", profile, "write", "/usr/new", ",", "look", "/etc/ssl", ",", "tiocsti", ",",
                  "foreign", ",", "mount", ",", "remount", "/usr", ",", "fds"});
  const std::regex pipes("pipe:\\[[0-9]+\\]");
  CHECK(std::regex_replace(inside.out, pipes, "") == std::regex_replace(launched.out, pipes, ""));
  CHECK(inside["write:/usr/new"] == "EROFS");
  running.wait();
}

TEST_CASE("enter ends as its program does, takes its input, and tells what is missing") {
  const Desk desk;
  Box box(desk, own("mine"), desk.shell_profile());
  CHECK(desk.hutch({"enter", own("mine"), "/bin/sh", "-c", "exit 7"}).status == 7);
  CHECK(desk.hutch({"enter", own("mine"), "/bin/sh", "-c", "kill -KILL $$"}).status == 128 + SIGKILL);
  CHECK(desk.hutch({"enter", own("mine"), "cat"}, "through\n").out == "through\n");
  CHECK(desk.hutch({"enter", own("mine")}, "echo from a shell\n").out == "from a shell\n");
  CHECK(desk.hutch({"enter", own("mine"), "--", "/bin/echo", "-x"}).out == "-x\n");
  const Answer missing = desk.hutch({"enter", own("mine"), "/bin/nothing"});
  CHECK(missing.status == 127);
  CHECK(missing.err.starts_with("error[E0601]: cannot execute \"/bin/nothing\": "));
  const Answer none = desk.hutch({"enter", own("min")});
  CHECK(none.status == 125);
  CHECK(none.err == "error[E0917]: no sandbox called \"" + own("min") +
                        "\" is running\n   = help: did you mean " + own("mine") + "?\n");
  CHECK(desk.hutch({"enter"}).status == 125);
}

TEST_CASE("with a terminal, who enters has one of their own inside") {
  const Desk desk;
  Box box(desk, own("mine"), desk.shell_profile());
  Terminal terminal({hutch_binary(), "enter", own("mine"), "/bin/sh", "-c",
                     "tty; stty size; read line; echo \"got $line\"; read x; exit 3"},
                    {.rows = 33, .columns = 90, .env = {{"XDG_RUNTIME_DIR", desk.here.path()}}});
  CHECK(terminal.wait_for("/dev/pts/"));
  CHECK(terminal.wait_for("33 90"));
  CHECK(terminal.is_raw());
  terminal.type("words\r");
  CHECK(terminal.wait_for("got words"));
  terminal.type(kCtrlC);
  CHECK(terminal.wait() == 128 + SIGINT);
  CHECK_FALSE(terminal.is_raw());
}

TEST_CASE("who entered ends with the sandbox, and with the hutch that entered") {
  const Desk desk;
  const std::string profile = desk.shell_profile();
  for (const bool with_init : {true, false}) {
    CAPTURE(with_init);
    Box box(desk, own("mine"),
            with_init ? profile
                      : desk.here.profile("shell", "extends = [\"base/system\"]\nprocess.init = false\n"));
    Running first({"enter", own("mine"), "/bin/sh", "-c", "echo ready; sleep 1000 & sleep 1000"},
                  desk.options);
    expect_running(first.pid());
    REQUIRE(first.wait_for("ready") == "");
    // Its init, the shell, and both sleeps.
    CHECK(soon([&] { return first.descendants().size() == 4; }));
    const std::vector<pid_t> entered = first.descendants();
    first.signal(SIGKILL);
    CHECK(first.wait().status == 128 + SIGKILL);
    CHECK(soon([&] { return std::ranges::all_of(entered, has_ended); }));

    Running second({"enter", own("mine"), "/bin/sh", "-c", "echo ready; sleep 1000"}, desk.options);
    expect_running(second.pid());
    REQUIRE(second.wait_for("ready") == "");
    CHECK(soon([&] { return desk.hutch({"kill", "-s", "KILL", own("mine")}).status == 0; }));
    CHECK(second.wait().status == 128 + SIGKILL);
    CHECK(box.wait().status == 128 + SIGKILL);
  }
}

TEST_CASE("a launcher that is stopped is told as the reason why nobody answers") {
  const Desk desk;
  Box box(desk, own("mine"), desk.shell_profile());
  box.signal(SIGSTOP);
  const Answer answer = desk.hutch({"enter", own("mine"), "/bin/true"});
  CHECK(answer.status == 125);
  CHECK(answer.err == "error[E0919]: the sandbox \"" + own("mine") +
                          "\" does not answer\n"
                          "   = cause: its launcher is stopped, or very busy\n"
                          "   = help: if it was stopped: kill -CONT " +
                          std::to_string(box.pid()) + "\n");
  box.signal(SIGCONT);
  CHECK(desk.hutch({"enter", own("mine"), "/bin/true"}).status == 0);
}

TEST_CASE("a namespace of a running sandbox is joined by the sandbox's name") {
  const Desk desk;
  Box box(desk, own("server"), desk.shell_profile(), "readlink /proc/self/ns/net; echo ready; read x");
  const std::string joined = desk.here.profile(
      "joined", "extends = [\"base/system\"]\n[namespaces]\nuser = { join = \"sandbox:" + own("server") +
                    "\" }\nnet = { join = \"sandbox:" + own("server") + "\" }");
  const Answer answer =
      desk.hutch({"run", joined, "/bin/readlink", "/proc/self/ns/net", "/proc/self/ns/user"});
  CHECK(answer.status == 0);
  CHECK(answer.err.empty());
  const std::string first = box.wait().out;
  CHECK(first.starts_with(answer.out.substr(0, answer.out.find('\n') + 1)));
  const Answer gone = desk.hutch({"run", joined, "/bin/true"});
  CHECK(gone.status == 125);
  CHECK(gone.err.starts_with("error[E0917]: no sandbox called \"" + own("server") + "\" is running\n  --> " +
                             joined + ":4:"));
}

TEST_CASE(
    "from inside of a sandbox nobody enters another one, even where the folder of sandboxes is visible") {
  const Desk desk;
  Box box(desk, own("other"), desk.shell_profile());
  CHECK(desk.hutch({"enter", own("other"), "/bin/echo", "in"}).out == "in\n");
  fs::copy_file(hutch_binary(), desk.here / "program");
  // Whatever else is shared: own processes, or an own user namespace.
  std::vector<const char*> shares{"", "namespaces.pid = \"host\"\nmounts.\"/proc\" = \"ro\""};
  if (geteuid() == 0) shares.push_back("namespaces.user = \"host\"");
  for (const char* shared : shares) {
    const std::string open_door =
        desk.here.profile("open", "extends = [\"base/system\"]\n" + std::string(shared) +
                                      "\nenvironment.inherit = [\"XDG_RUNTIME_DIR\"]\n");
    for (const char* question : {"enter", "inspect"}) {
      const Answer answer = desk.hutch(
          {"run", "--rw", desk.here.path(), open_door, desk.here / "program", question, own("other")});
      INFO(answer.err);
      CHECK(answer.status != 0);
      CHECK(answer.out.empty());
      CHECK(
          has(answer.err,
              "error[E0919]: the sandbox \"" + own("other") +
                  "\" does not answer\n"
                  "   = cause: it answers nobody but its own user, and nobody who is in another sandbox\n"));
    }
  }
}

TEST_CASE("root sees, enters and ends everybody's sandboxes; others see their own") {
  if (geteuid() != 0) SKIP_TEST("needs root");
  const Workspace here;
  // A folder that everybody can reach, and nothing that would say where to register.
  fs::permissions(here.path(), fs::perms(0755));
  fs::copy_file(hutch_binary(), here / "program");
  fs::copy_file(HUTCH_PROBE, here / "probe");
  const std::string profile =
      here.profile("box",
                   "[process]\ncommand = [\"/probe\"]\nargs = \"append\"\n[mounts]\n"
                   "\"/probe\" = { type = \"bind\", source = \"./probe\" }\n\"/proc\" = \"proc\"");
  const std::string as_other = "exec setpriv --reuid=61234 --regid=61234 --clear-groups ";
  const std::string name = "theirs-" + std::to_string(getpid());
  const pid_t other = fork();
  if (other == 0) {
    execl(
        "/bin/sh", "sh", "-c",
        (as_other + here.path() + "/program run --name " + name + " " + profile + " wait >/dev/null").c_str(),
        nullptr);
    _exit(99);
  }
  expect_running(other);
  const auto by_root = [&](const std::vector<std::string>& words) { return run_hutch(words); };
  const auto by_other = [&](const std::string& line) {
    return run_program({"/bin/sh", "-c", as_other + here.path() + "/program " + line});
  };
  CHECK(soon([&] { return has(by_root({"ps"}).out, name + " "); }));
  CHECK(std::regex_search(by_root({"ps"}).out, std::regex("NAME +USER +PROFILE(.|\n)*" + name + " +61234 ")));
  CHECK(by_other("ps --names").out == name + "\n");
  {
    Running own({"run", "--name", "own-" + name, profile, "wait"});
    expect_running(own.pid());
    CHECK(soon([&] { return has(by_root({"ps", "--names"}).out, "own-" + name + "\n"); }));
    CHECK(by_other("ps --names").out == name + "\n");
    CHECK(by_other("kill own-" + name).status == 1);
    own.signal(SIGTERM);
    own.wait();
  }
  const Answer entered = by_root({"enter", name, "/probe", "ids", ",", "status"});
  INFO(entered.err);
  CHECK(entered.status == 0);
  CHECK(entered["uid"] == "61234");  // who the program is: root's rights stay outside
  CHECK(entered["CapEff"] == "0000000000000000");
  CHECK(by_root({"kill", "-s", "KILL", name}).status == 0);
  int status = 0;
  waitpid(other, &status, 0);
  CHECK(WEXITSTATUS(status) == 128 + SIGKILL);
  fs::remove_all("/tmp/hutch-61234");
}

TEST_CASE("fifty sandboxes are listed, entered and ended at once") {
  const Desk desk;
  const std::string profile = desk.here.profile("bare", bare_profile());
  std::vector<std::unique_ptr<Running>> boxes;
  for (int i = 0; i < 50; ++i) {
    boxes.push_back(std::make_unique<Running>(
        std::vector<std::string>{"run", "--name", own("box" + std::to_string(i)), profile, "wait"},
        desk.options));
    expect_running(boxes.back()->pid());
  }
  CHECK(soon([&] {
    const std::string names = desk.names();
    return std::ranges::count(names, '\n') == 50;
  }));
  CHECK(soon([&] { return desk.hutch({"enter", own("box49"), "/probe", "ids"}).status == 0; }));
  for (const auto& box : boxes) box->signal(SIGKILL);
  for (const auto& box : boxes) box->wait();
  CHECK(desk.names().empty());
  CHECK(desk.nothing_is_registered());
}
