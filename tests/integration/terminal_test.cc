// The program's terminal: what it is, and that the caller's is out of reach and comes back as it was.

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>

#include "support/sandbox.h"
#include "support/skip.h"
#include "support/terminal.h"

using namespace hutch::test;

namespace {

std::string system_box(const Workspace& here, std::string_view more = "") {
  return here.profile("box", "extends = [\"base/system\", \"base/etc\"]\n" + std::string(more));
}

std::vector<std::string> run_words(std::initializer_list<std::string> words) {
  std::vector<std::string> command{hutch_binary(), "run"};
  command.insert(command.end(), words);
  return command;
}

/// A reader for the other end of a pipe that replaces standard output.
struct Pipe {
  Pipe() { REQUIRE(pipe2(ends, O_CLOEXEC) == 0); }
  ~Pipe() {
    for (const int fd : ends) close(fd);
  }
  std::string text() {
    close(ends[1]);
    ends[1] = -1;
    std::string all;
    char part[4096];
    for (ssize_t got = 0; (got = read(ends[0], part, sizeof part)) > 0;) {
      all.append(part, static_cast<std::size_t>(got));
    }
    return all;
  }
  int ends[2] = {-1, -1};
};

}  // namespace

TEST_CASE("with a terminal the program gets one of its own: same size, same modes, in the foreground") {
  const Workspace here;
  Terminal terminal(run_words({system_box(here), "/bin/sh", "-c",
                               "tty; stty size; stty -a | tr '\\n' ' ' | grep -o 'isig icanon.*echo '; "
                               "set -- $(cat /proc/$$/stat); [ $5 = $8 ] && echo foreground; echo sid $6; "
                               "for f in 0 1 2; do [ -t $f ] && readlink /proc/$$/fd/$f; done; echo end"}));
  CHECK(terminal.wait_for("/dev/pts/0\r\n30 100\r\n"));
  CHECK(terminal.wait_for("isig icanon"));
  CHECK(terminal.wait_for("foreground\r\nsid 1\r\n"));
  CHECK(terminal.wait_for("/dev/pts/0\r\n/dev/pts/0\r\n/dev/pts/0\r\nend\r\n"));
  CHECK(terminal.wait() == 0);
}

TEST_CASE("a sandbox without /dev has a terminal, too") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile());
  Terminal terminal(run_words({box, "wait"}));
  CHECK(terminal.wait_for("waiting=yes\r\n"));
  CHECK(terminal.is_raw());
  terminal.type(kCtrlC);
  CHECK(terminal.wait() == 128 + SIGINT);
}

TEST_CASE("the caller's terminal is raw while the program runs, and as before on every way out") {
  const Workspace here;
  const std::string box = system_box(here);
  struct Way {
    std::vector<std::string> words;
    int signal, status;
  };
  const Way ways[] = {
      {{box, "/bin/sh", "-c", "echo ready; read x; exit 3"}, 0, 3},
      {{box, "/bin/sh", "-c", "echo ready; read x; kill -KILL $$"}, 0, 128 + SIGKILL},
      {{"--set", "process.init = false", box, "/bin/sh", "-c", "echo ready; read x; exit 4"}, 0, 4},
      {{box, "/bin/sh", "-c", "stty raw -echo; echo ready; read x"}, SIGTERM, 128 + SIGTERM},
      {{box, "/bin/sh", "-c", "stty -echo; echo ready; read x"}, SIGHUP, 128 + SIGHUP},
      {{"--timeout", "300ms", box, "/bin/sh", "-c", "echo ready; sleep 9"}, 0, 124},
      {{"--set", "namespaces.pid = 'host'", "--set", "mounts.'/proc' = 'ro'", box, "/bin/sh", "-c",
        "echo ready; read x; exit 5"},
       0,
       5}};
  for (const Way& way : ways) {
    CAPTURE(way.words);
    std::vector<std::string> command{hutch_binary(), "run"};
    command.insert(command.end(), way.words.begin(), way.words.end());
    Terminal terminal(command);
    const termios before = terminal.modes();
    REQUIRE(terminal.wait_for("ready"));
    CHECK(terminal.is_raw());
    if (way.signal != 0) {
      kill(terminal.pid(), way.signal);
    } else {
      terminal.type("\r");
    }
    CHECK(terminal.wait() == way.status);
    CHECK(same_modes(before, terminal.modes()));
  }
}

TEST_CASE("the caller's terminal keeps its modes when set-up fails, and the message is readable") {
  const Workspace here;
  here.write("garbage",
             "\x7f"
             "ELFgarbage",
             0755);
  const std::string box = system_box(here, "[mounts]\n\"" + here.path() + "\" = \"ro\"\n");
  Terminal terminal(run_words({"--color=never", box, here / "garbage"}));
  const termios before = terminal.modes();
  CHECK(terminal.wait() == 126);
  CHECK(same_modes(before, terminal.modes()));
  CHECK(terminal.seen().find("error[E0602]: cannot execute") != std::string::npos);
  CHECK(terminal.seen().find("\r\n") != std::string::npos);
}

TEST_CASE("typed signals reach the foreground process group of the program's terminal") {
  const Workspace here;
  const std::string box = system_box(here);
  Terminal terminal(run_words({box, "/bin/sh", "-c",
                               "trap 'echo caught-int' INT; trap 'echo caught-quit' QUIT; echo ready; "
                               "while :; do sleep 0.05; done"}));
  REQUIRE(terminal.wait_for("ready"));
  terminal.type(kCtrlC);
  CHECK(terminal.wait_for("caught-int"));
  terminal.type(kCtrlBackslash);
  CHECK(terminal.wait_for("caught-quit"));
  for (int i = 0; i < 3; ++i) {
    terminal.type(kCtrlC);  // typed ones are no request to end
    CHECK(terminal.wait_for("caught-int"));
  }
  kill(terminal.pid(), SIGKILL);
}

TEST_CASE("a new size of the caller's terminal reaches the program, with one SIGWINCH") {
  const Workspace here;
  const std::string box = system_box(here);
  for (const char* init : {"true", "false"}) {
    Terminal terminal(run_words({"--set", std::string("process.init = ") + init, box, "/bin/sh", "-c",
                                 "trap 'echo winch $(stty size)' WINCH; trap 'exit 3' USR1; echo ready; "
                                 "while :; do sleep 0.05; done"}));
    REQUIRE(terminal.wait_for("ready"));
    terminal.resize(41, 123);
    CHECK(terminal.wait_for("winch 41 123\r\n"));
    CHECK(terminal.stays_silent(200));
    kill(terminal.pid(), SIGWINCH);  // the same size: somebody wants it to draw anew
    CHECK(terminal.wait_for("winch 41 123\r\n"));
    kill(terminal.pid(), SIGUSR1);
    CHECK(terminal.wait() == 3);
  }
}

TEST_CASE("nothing inside can type into the caller's terminal, and none of its descriptors is there") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile("\"/proc\" = \"proc\"\n\"/dev\" = \"dev\"\n"));
  for (const std::string tty : {"auto", "new", "inherit", "none"}) {
    CAPTURE(tty);
    Terminal terminal(run_words({"--set", "process.tty = '" + tty + "'", box, "inject", ",", "exit", "5"}));
    CHECK(terminal.wait_for("inject:done"));
    CHECK(terminal.wait() == 5);
    CHECK(terminal.seen().find("inject:typed") == std::string::npos);
    const bool has_callers =
        terminal.seen().find("inject:at=" + terminal.identity() + "\r") != std::string::npos;
    CHECK(has_callers == (tty == "inherit" || tty == "none"));
    CHECK((terminal.seen().find("inject:controlling=yes") != std::string::npos) == (tty != "none"));
  }
}

TEST_CASE("standard output as a pipe stays a pipe, while the keyboard and the errors have the terminal") {
  const Workspace here;
  const std::string box = system_box(here);
  Pipe out;
  Terminal terminal(
      run_words({box, "/bin/sh", "-c",
                 "[ -t 0 ] && [ ! -t 1 ] && [ -t 2 ] && echo right; echo to-tty >/dev/tty; "
                 "echo to-err >&2; read line; echo got $line; [ -p /dev/stdout ] && echo pipe"}),
      {.output = out.ends[1]});
  CHECK(terminal.wait_for("to-tty\r\n"));
  CHECK(terminal.wait_for("to-err\r\n"));
  CHECK(terminal.is_raw());
  terminal.type("words\r");
  CHECK(terminal.wait_for("words\r\n"));  // the program's terminal echoes
  CHECK(terminal.wait() == 0);
  CHECK(out.text() == "right\ngot words\npipe\n");
}

TEST_CASE(
    "with standard input from a pipe there is no terminal to control, and signals typed reach the program") {
  const Workspace here;
  const std::string box = system_box(here);
  Pipe in;
  Terminal terminal(
      run_words(
          {box, "/bin/sh", "-c",
           "trap 'echo caught' INT; (: </dev/tty) 2>/dev/null || echo no-tty; [ -t 1 ] && stty size <&1; "
           "read line; echo got $line; while :; do sleep 0.05; done"}),
      {.input = in.ends[0]});
  CHECK(terminal.wait_for("no-tty\r\n30 100\r\n"));
  CHECK_FALSE(terminal.is_raw());
  REQUIRE(write(in.ends[1], "piped\n", 6) == 6);
  CHECK(terminal.wait_for("got piped\r\n"));
  terminal.type(kCtrlC);
  CHECK(terminal.wait_for("caught\r\n"));
  terminal.type(kCtrlBackslash);
  CHECK(terminal.wait() == 128 + SIGQUIT);
}

TEST_CASE("a terminal on demand where there is none: relayed from standard input to standard output") {
  const Workspace here;
  const std::string box = system_box(here, "[process]\ntty = \"new\"\n");
  const Answer answer =
      run_hutch({"run", box, "/bin/sh", "-c",
                 "tty; stty size; stty -echo; echo ready; while read l; do echo \"[$l]\"; done; exit 3"},
                {.input = "one\ntwo\nthree"});
  CHECK(answer.status == 3);
  CHECK(answer.err == "");
  // The echo of what is typed meanwhile may come between.
  CHECK(answer.out.find("/dev/pts/0\r\n") != std::string::npos);
  CHECK(answer.out.find("24 80\r\n") != std::string::npos);
  CHECK(answer.out.find("[one]\r\n[two]\r\n") != std::string::npos);
}

TEST_CASE("everything that the program wrote before its end arrives") {
  const Workspace here;
  const std::string box = system_box(here);
  Terminal terminal(run_words({box, "/bin/sh", "-c", "stty -onlcr; seq 1 20000; echo last-line; exit 2"}));
  CHECK(terminal.wait_for("last-line\n"));
  CHECK(terminal.wait() == 2);
  std::string expected;
  for (int i = 1; i <= 20000; ++i) expected += std::to_string(i) + "\n";
  CHECK((terminal.seen() == expected + "last-line\n"));
}

TEST_CASE("a program that closes its streams can still open its terminal") {
  const Workspace here;
  const std::string box = system_box(here);
  Terminal terminal(
      run_words({box, "/bin/sh", "-c", "exec </dev/null >/dev/null 2>&1; sleep 0.3; echo again >/dev/tty"}));
  CHECK(terminal.wait_for("again\r\n"));
  CHECK(terminal.wait() == 0);
}

TEST_CASE("when the caller's terminal hangs up, the program does, and hutch ends") {
  const Workspace here;
  const std::string box = system_box(here);
  const std::string note = here.write("note", "");
  {
    Terminal terminal(
        run_words({"--rw", note, box, "/bin/sh", "-c",
                   "trap 'echo hup >" + note + "; exit' HUP; echo ready; while :; do sleep 0.05; done"}));
    REQUIRE(terminal.wait_for("ready"));
    kill(terminal.pid(), SIGHUP);
    CHECK(terminal.wait() == 0);
  }
  CHECK(read_file(note) == "hup\n");
}

TEST_CASE("without a controlling terminal, `none` opens no other, and `inherit` is the caller's own") {
  const Workspace here;
  const std::string box = system_box(here);
  Terminal none(run_words({"--set", "process.tty = 'none'", box, "/bin/sh", "-c",
                           "(: </dev/tty) 2>/dev/null && echo has || echo none; ps -o tty= -p $$"}));
  CHECK(none.wait_for("none\r\n?"));
  CHECK(none.wait() == 0);
  Terminal inherited(
      run_words({"--set", "process.tty = 'inherit'", box, "/bin/sh", "-c", "echo here; read x; echo $x"}));
  CHECK(inherited.wait_for("here"));
  CHECK_FALSE(inherited.is_raw());
  inherited.type("typed\r");
  CHECK(inherited.wait_for("typed\r\ntyped\r\n"));
  CHECK(inherited.wait() == 0);
}
