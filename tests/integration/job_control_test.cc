// A person at a shell: Ctrl-Z, fg, bg, &, pipelines; and programs that live on their terminal.

#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>

#include "support/sandbox.h"
#include "support/skip.h"
#include "support/terminal.h"

using namespace hutch::test;

namespace {

/// Without escape sequences around each line.
std::string plain_lines() {
  static const Workspace here;
  static const std::string file = here.write("inputrc", "set enable-bracketed-paste off\n");
  return file;
}

/// An interactive shell of the host.
struct Shell : Terminal {
  Shell()
      : Terminal({"/bin/bash", "--norc", "--noprofile", "-i"},
                 {.columns = 250, .env = {{"INPUTRC", plain_lines()}}}) {
    REQUIRE(wait_for("host> "));
    before = modes();
  }
  /// What the line prints. Its echo looks otherwise than the mark at its end.
  std::string says(const std::string& line) {
    const std::string number = std::to_string(++marks_);
    type(line + "; echo 'mark'-" + number + "-\r");
    const std::string text = text_until("mark-" + number + "-\r\n");
    REQUIRE(wait_for("host> "));
    return text;
  }
  void start(const std::string& line) { type(line + "\r"); }
  termios before = {};

 private:
  int marks_ = 0;
};

std::string box_in(const Workspace& here, std::string_view more = "") {
  return here.profile("box",
                      "extends = [\"base/system\", \"base/etc\"]\n[environment.set]\nPS1 = \"box> "
                      "\"\nINPUTRC = \"/dev/null\"\n" +
                          std::string(more));
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// bash, since dash makes its children by vfork(2): one that is stopped before its exec holds the shell up.
constexpr const char* kCounter =
    "trap 'echo go-on' CONT; trap 'exit 130' INT; echo ready; while :; do sleep 0.05; done";

}  // namespace

TEST_CASE("Ctrl-Z stops the program and hutch, the shell gets its terminal back, and fg continues") {
  const Workspace here;
  const std::string run = hutch_binary() + " run " + box_in(here);
  for (const char* init : {"", " --set namespaces.pid='\"host\"' --set mounts.'\"/proc\"'='\"ro\"'"}) {
    Shell shell;
    shell.start(hutch_binary() + " run" + init + " " + box_in(here) + " /bin/bash -c \"" + kCounter + "\"");
    REQUIRE(shell.wait_for("ready\r\n"));
    CHECK(shell.is_raw());
    for (int round = 0; round < 3; ++round) {
      shell.type(kCtrlZ);
      REQUIRE(shell.wait_for("Stopped"));
      REQUIRE(shell.wait_for("host> "));
      CHECK_FALSE((shell.modes().c_lflag & ISIG) == 0);
      CHECK(has(shell.says("jobs"), "Stopped"));
      CHECK(has(shell.says("echo $((6*7))"), "42"));
      shell.start("fg");
      REQUIRE(shell.wait_for("go-on\r"));
      CHECK(shell.becomes_raw(true));
    }
    shell.type(kCtrlC);
    CHECK(shell.wait_for("host> "));
    CHECK(has(shell.says("echo st=$?"), "st=130"));
  }
}

TEST_CASE("a job that was stopped sees the size that its terminal has when it goes on") {
  const Workspace here;
  Shell shell;
  shell.start(hutch_binary() + " run " + box_in(here) +
              " /bin/bash -c \"trap 'stty size' CONT; trap 'exit 130' INT; echo ready; while :; do sleep "
              "0.05; done\"");
  REQUIRE(shell.wait_for("ready\r\n"));
  shell.type(kCtrlZ);
  REQUIRE(shell.wait_for("Stopped"));
  REQUIRE(shell.wait_for("host> "));
  shell.resize(33, 77);
  shell.start("fg");
  CHECK(shell.wait_for("33 77"));
  shell.type(kCtrlC);
  CHECK(shell.wait_for("host> "));
}

TEST_CASE("bg lets the program go on without keyboard and without touching the terminal") {
  const Workspace here;
  Shell shell;
  shell.start(hutch_binary() + " run " + box_in(here) + " /bin/bash -c \"" + kCounter + "; \"");
  REQUIRE(shell.wait_for("ready\r\n"));
  shell.type(kCtrlZ);
  REQUIRE(shell.wait_for("host> "));
  shell.start("bg");
  REQUIRE(shell.wait_for("go-on\r"));
  CHECK(has(shell.says("echo $((6*7))"), "42"));  // the shell gets what is typed
  CHECK(has(shell.says("jobs"), "Running"));
  CHECK((shell.modes().c_lflag & ISIG) != 0);
  shell.start("fg");
  CHECK(shell.becomes_raw(true));
  shell.type(kCtrlC);
  CHECK(shell.wait_for("host> "));
}

TEST_CASE("a sandbox in the background leaves the terminal alone until it is brought to the foreground") {
  const Workspace here;
  Shell shell;
  shell.start(hutch_binary() + " run " + box_in(here) +
              " /bin/bash -c 'echo ready; read x; echo read-$x; read y' &");
  REQUIRE(shell.wait_for("ready\r"));
  CHECK_FALSE((shell.modes().c_lflag & ISIG) == 0);
  CHECK(has(shell.says("echo $((6*7))"), "42"));
  shell.start("fg");
  CHECK(shell.becomes_raw(true));
  shell.type("words\r");
  CHECK(shell.wait_for("read-words"));
  shell.type("\r");
  CHECK(shell.wait_for("host> "));
}

TEST_CASE("a pipeline is one job: Ctrl-Z stops all of it, Ctrl-C ends it") {
  const Workspace here;
  const std::string run = hutch_binary() + " run " + box_in(here);
  for (const bool reads_pipe : {false, true}) {
    Shell shell;
    const std::string program =
        " /bin/bash -c \"trap 'exit 130' INT; echo ready >/dev/stderr; while :; do sleep 0.05; done\"";
    shell.start(reads_pipe ? "sleep 1000 | " + run + program : run + program + " | cat");
    REQUIRE(shell.wait_for("ready\r\n"));
    shell.type(kCtrlZ);
    REQUIRE(shell.wait_for("Stopped"));
    REQUIRE(shell.wait_for("host> "));
    CHECK(has(shell.says("ps -o stat= -C hutch | sort -u"), "T"));
    shell.start("fg");
    REQUIRE(shell.wait_for("hutch"));
    CHECK(shell.becomes_raw(!reads_pipe));
    shell.stays_silent(50);  // the line editor still says that it has ended
    CHECK(shell.stays_silent(100));
    shell.type(kCtrlC);
    CHECK(shell.wait_for("host> "));
    CHECK_FALSE(has(shell.says("jobs; echo none"), "sleep"));
    CHECK((shell.modes().c_lflag & ISIG) != 0);
  }
}

TEST_CASE("a shell inside has job control of its own, and suspends hutch when it suspends itself") {
  const Workspace here;
  Shell shell;
  shell.start(hutch_binary() + " run " + box_in(here) + " /bin/bash --norc --noprofile -i");
  REQUIRE(shell.wait_for("box> "));
  CHECK_FALSE(has(shell.seen(), "no job control"));
  shell.type("sleep 1000\r");
  REQUIRE(shell.wait_for("sleep 1000\r\n"));
  shell.stays_silent(50);
  CHECK(shell.stays_silent(100));
  shell.type(kCtrlZ);
  REQUIRE(shell.wait_for("Stopped"));
  REQUIRE(shell.wait_for("box> "));
  shell.type("fg\r");
  REQUIRE(shell.wait_for("sleep 1000\r\n"));
  shell.stays_silent(50);
  CHECK(shell.stays_silent(100));
  shell.type(kCtrlC);
  REQUIRE(shell.wait_for("box> "));
  shell.type("suspend\r");
  REQUIRE(shell.wait_for("host> "));
  CHECK(has(shell.says("jobs"), "Stopped"));
  shell.start("fg");
  shell.type("echo $((6*7))\r");
  CHECK(shell.wait_for("42\r\n"));
  shell.type("exit 7\r");
  REQUIRE(shell.wait_for("host> "));
  CHECK(has(shell.says("echo st=$?"), "st=7"));
}

TEST_CASE("where nobody would continue it, Ctrl-Z does not leave a stopped sandbox behind") {
  const Workspace here;
  // The session leader itself, as a terminal emulator starts it: an orphaned process group.
  Terminal terminal({hutch_binary(), "run", box_in(here), "/bin/bash", "-c", kCounter});
  REQUIRE(terminal.wait_for("ready"));
  terminal.type(kCtrlZ);
  CHECK(terminal.wait_for("go-on\r"));
  CHECK(terminal.becomes_raw(true));
  terminal.type(kCtrlC);
  CHECK(terminal.wait() == 128 + SIGINT);
}

TEST_CASE(
    "vim edits, redraws at another size, is suspended and continued, and leaves the terminal as it was") {
  if (!have_program("vim") && !have_program("vi")) SKIP_TEST("no vim here");
  const Workspace here;
  const std::string text = here.write("text", "first line\n");
  Shell shell;
  shell.start(hutch_binary() + " run --rw " + here.path() + " " + box_in(here) + " " +
              (have_program("vim") ? "vim" : "vi") + " -u NONE -N " + text);
  REQUIRE(shell.wait_for("first line"));
  shell.type("ggOsecond\x1b");
  REQUIRE(shell.wait_for("second"));
  shell.resize(20, 60);
  bool resized = false;  // it draws anew when it comes to it
  for (int i = 0; i < 50 && !resized; ++i) {
    shell.type(":echo \"size=\" . &lines . \"x\" . &columns . \"=\"\r");
    resized = has(shell.text_until("0="), "size=20x6");
  }
  CHECK(resized);
  shell.type(kCtrlZ);
  REQUIRE(shell.wait_for("host> "));
  CHECK(has(shell.says("echo $((6*7))"), "42"));
  shell.start("fg");
  REQUIRE(shell.wait_for("second"));
  shell.type(":wq\r");
  REQUIRE(shell.wait_for("host> "));
  CHECK(read_file(text) == "second\nfirst line\n");
  shell.start("stty -a | grep -c ' icanon.*'");
  CHECK(shell.wait_for("\n1"));
}

TEST_CASE("less shows a file, and a pipe with its keys from the terminal") {
  if (!have_program("less")) SKIP_TEST("no less here");
  const Workspace here;
  std::string lines;
  for (int i = 1; i <= 200; ++i) lines += "line-" + std::to_string(i) + "-\n";
  const std::string text = here.write("text", lines);
  const std::string run = hutch_binary() + " run --ro " + here.path() + " " + box_in(here) + " less";
  for (const std::string& command : {run + " " + text, "cat " + text + " | " + run}) {
    CAPTURE(command);
    Shell shell;
    shell.start(command);
    REQUIRE(shell.wait_for("line-20-"));
    shell.type("G");
    REQUIRE(shell.wait_for("line-200-"));
    shell.type("q");
    REQUIRE(shell.wait_for("host> "));
    CHECK(has(shell.says("echo $((6*7))"), "42"));
  }
}

TEST_CASE("fish starts with job control") {
  if (!have_program("fish")) SKIP_TEST("no fish here");
  const Workspace here;
  Terminal terminal({hutch_binary(), "run", "--tmpfs", "/tmp", "--set", "identity.home = '/tmp'",
                     box_in(here), "fish", "--no-config", "--private", "-C",
                     "function fish_prompt; echo 'fish> '; end"});
  REQUIRE(terminal.wait_for("fish> "));
  CHECK_FALSE(has(terminal.seen(), "No TTY"));
  terminal.type("status is-full-job-control; echo control-$status; math 6 x 7\r");
  terminal.type("status is-interactive-job-control; echo interactive-$status; math 6 x 7\r");
  CHECK(terminal.wait_for("interactive-0"));
  CHECK(terminal.wait_for("42"));
  terminal.type("exit 4\r");
  CHECK(terminal.wait() == 4);
}

TEST_CASE("tmux runs inside, and its windows have a terminal") {
  if (!have_program("tmux")) SKIP_TEST("no tmux here");
  const Workspace here;
  Terminal terminal({hutch_binary(), "run", "--tmpfs", "/tmp", box_in(here), "tmux", "-f", "/dev/null",
                     "new-session", "/bin/sh -c 'tty; stty size; echo in-tmux; read x; exit 0'"});
  REQUIRE(terminal.wait_for("/dev/pts/1"));
  REQUIRE(terminal.wait_for("in-tmux"));
  const termios raw = terminal.modes();
  CHECK((raw.c_lflag & ICANON) == 0);
  terminal.type("\r");
  CHECK(terminal.wait() == 0);
  CHECK((terminal.modes().c_lflag & ICANON) != 0);
}
