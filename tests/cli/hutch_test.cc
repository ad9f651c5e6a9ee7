// The binary itself: exit status, standard output and standard error of commands that start no sandbox.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "support/skip.h"

namespace {

struct Answer {
  int status = 0;
  std::string out, err;
};

std::string contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A folder with two profiles, in which `hutch` is called as a shell would call it.
class Desk {
 public:
  Desk() {
    char name[] = "/tmp/hutch-cli-XXXXXX";
    folder_ = ::mkdtemp(name);
    write("good.toml", "description = \"fine\"\n[process]\ncommand = [\"/bin/true\"]\n");
    write("bad.toml", "[mounts]\n\"/usr\" = \"roo\"\n");
  }
  ~Desk() { std::filesystem::remove_all(folder_); }
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name) << text;
  }

  [[nodiscard]] Answer hutch(const std::string& words, const std::string& before = "") const {
    const char* const binary = std::getenv("HUTCH_BINARY");
    const std::string command =
        "cd " + folder_ + " && env -i PATH=/usr/bin:/bin TERM=xterm HUTCH_PROFILE_PATH=" + folder_ + " " +
        before + " '" + (binary != nullptr ? binary : HUTCH_BUILT) + "' " + words + " 2>err";
    const std::string whole = "{ " + command + "; } >" + folder_ + "/out";
    const int status = std::system(whole.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, contents(folder_ + "/out"),
            contents(folder_ + "/err")};
  }

 private:
  std::string folder_;
};

}  // namespace

TEST_CASE(
    "a wrong command line is 125 for run, so that nobody takes it for the program's, and 2 for the others") {
  const Desk desk;
  CHECK(desk.hutch("run --nope x").status == 125);
  CHECK(desk.hutch("run").status == 125);
  CHECK(desk.hutch("plan").status == 2);
  CHECK(desk.hutch("rnu x").status == 2);
  CHECK(desk.hutch("ps now").status == 2);
  CHECK(desk.hutch("").status == 2);
}

TEST_CASE("answers go to standard output, complaints to standard error") {
  const Desk desk;
  const Answer help = desk.hutch("help run");
  CHECK(help.status == 0);
  CHECK(help.err.empty());
  CHECK(help.out.starts_with("usage: hutch run [OPTIONS] PROFILE [COMMAND [ARG...]]\n"));
  CHECK(desk.hutch("run --help").out == help.out);
  CHECK(desk.hutch("--version").out == "hutch " HUTCH_VERSION "\n");

  const Answer none = desk.hutch("");
  CHECK(none.out.empty());
  CHECK(none.err.starts_with("usage: hutch COMMAND"));
}

TEST_CASE("a profile that is fine has no complaints, and check says what it reaches") {
  const Desk desk;
  const Answer check = desk.hutch("check good --strict");
  CHECK(check.status == 0);
  CHECK(check.err.empty());
  CHECK(check.out == R"(good reaches:
  files to change none of the host
  files to read   none of the host
  your home       out of reach
  secrets         none that are known
  ways out        none that are known
  network         none but a loopback of its own
  processes       its own only
  devices         none but null and the like
  capabilities    none
  your variables  none
  more rights by  nearly every system call: no [seccomp] rules; user namespaces of its own, and with them more of the kernel
)");
}

TEST_CASE("a file that changes what it inherits is no mistake, one that undoes itself is") {
  const Desk desk;
  desk.write("base.toml", "[environment]\nset.A = 'x'\ninherit = ['TERM']\n");
  desk.write("child.toml", "extends = ['base']\n[environment]\nunset = ['A']\nset.TERM = 'dumb'\n");
  desk.write("alone.toml", "[environment]\nset.A = 'x'\nunset = ['A']\n");
  CHECK(desk.hutch("check --strict child").status == 0);
  const Answer alone = desk.hutch("check alone");
  CHECK(alone.status == 0);
  CHECK(alone.err.starts_with("warning[W0311]: the variable A is set for nothing\n"));
  CHECK(desk.hutch("check --strict alone").status == 1);
}

TEST_CASE("check looks at every profile and fails if one is wrong") {
  const Desk desk;
  const Answer check = desk.hutch("check ./bad.toml good");
  CHECK(check.status == 1);
  CHECK(check.out.starts_with("good reaches:\n"));
  CHECK(check.err == R"(error[E0104]: mount "/usr" is "roo", which is no word for a mount
  --> ./bad.toml:2:10
   |
 2 | "/usr" = "roo"
   |          ^^^^^ did you mean "ro"?
)");

  const Answer json = desk.hutch("check --json ./bad.toml good");
  CHECK(json.status == 1);
  CHECK(json.err.empty());
  CHECK(json.out.contains("\"profile\": \"./bad.toml\",\n      \"ok\": false,"));
  CHECK(json.out.contains("\"profile\": \"good\",\n      \"ok\": true,\n      \"diagnostics\": []"));
}

TEST_CASE("diff says what the second profile opens, and fails if it opens anything") {
  const Desk desk;
  desk.write(
      "open.toml",
      "description = \"less so\"\n[process]\ncommand = [\"/bin/true\"]\n\n[namespaces]\nipc = \"host\"\n"
      "[limits]\nnofile = 64\n");
  const Answer same = desk.hutch("diff good good");
  CHECK(same.status == 0);
  CHECK(same.out.empty());

  const Answer wider = desk.hutch("diff good open");
  CHECK(wider.status == 1);
  CHECK(wider.err.empty());
  CHECK(wider.out.contains("+ namespace ipc: new -> the host's\n    (default) -> "));
  CHECK(wider.out.contains("/open.toml:6:7\n"));
  CHECK(wider.out.contains("- limit nofile: the caller's -> 64\n"));

  // The options change both: the limit is the same then.
  const Answer both = desk.hutch("diff --set limits.nofile=64 open good");
  CHECK(both.status == 0);
  CHECK(both.out.starts_with("- namespace ipc: the host's -> new\n"));
  CHECK_FALSE(both.out.contains("nofile"));

  const Answer json = desk.hutch("diff --json good open");
  CHECK(json.status == 1);
  CHECK(json.out.contains("\"wider\": true"));

  CHECK(desk.hutch("diff good bad").status == 2);
  CHECK(desk.hutch("diff good bad").err.contains("error[E0104]"));
  CHECK(desk.hutch("diff good").err.starts_with("error[E0904]: `hutch diff` needs a second PROFILE"));
  CHECK(desk.hutch("diff good good >/dev/full").status == 0);  // nothing to say
  CHECK(desk.hutch("diff good open >/dev/full").status == 2);
}

TEST_CASE("a warning fails only a strict check") {
  const Desk desk;
  desk.write("warn.toml", "[mounts]\n\"/a\" = { type = \"dir\", mode = 755 }\n");
  CHECK(desk.hutch("check warn").status == 0);
  CHECK(desk.hutch("check warn").err.starts_with("warning[W0101]"));
  CHECK(desk.hutch("check --strict warn").status == 1);
}

TEST_CASE("other commands give their complaints as JSON on standard error") {
  const Desk desk;
  const Answer plan = desk.hutch("plan --json ./bad.toml");
  CHECK(plan.status == 1);
  CHECK(plan.out.empty());
  CHECK(plan.err.starts_with("{\n  \"diagnostics\": [\n"));
}

TEST_CASE("options that change the profile point at themselves when they are wrong") {
  const Desk desk;
  const Answer show = desk.hutch("show --set 'mounts.\"/x\" = \"or\"' good");
  CHECK(show.status == 1);
  CHECK(show.err == R"(error[E0104]: mount "/x" is "or", which is no word for a mount
  --> --set:1:15
   |
 1 | mounts."/x" = "or"
   |               ^^^^ did you mean "ro"?
)");
}

TEST_CASE("colours come when asked for, and never into a file by themselves") {
  const Desk desk;
  CHECK_FALSE(desk.hutch("check ./bad.toml").err.contains('\x1b'));
  CHECK(desk.hutch("check --color always ./bad.toml").err.contains('\x1b'));
  CHECK(desk.hutch("check --color=always ./bad.toml", "NO_COLOR=1").err.contains('\x1b'));
  CHECK_FALSE(desk.hutch("check --color never ./bad.toml").err.contains('\x1b'));
}

TEST_CASE("on a terminal there are colours, unless NO_COLOR or a dumb terminal says otherwise") {
  const Desk desk;
  const char* const binary = std::getenv("HUTCH_BINARY");
  const std::string hutch = binary != nullptr ? binary : HUTCH_BUILT;
  const auto seen = [&](const std::string& variables) {
    desk.write("call", "#!/bin/sh\nexec env -u NO_COLOR " + variables + " '" + hutch + "' rnu\n");
    return desk.hutch("version >/dev/null; script -qec 'sh ./call' /dev/null </dev/null; true").out;
  };
  if (std::system("command -v script >/dev/null") != 0) SKIP_TEST("no script(1) here");
  CHECK(seen("TERM=xterm").contains("\x1b["));
  CHECK_FALSE(seen("TERM=xterm NO_COLOR=1").contains("\x1b["));
  CHECK(seen("TERM=xterm NO_COLOR=").contains("\x1b["));
  CHECK_FALSE(seen("TERM=dumb").contains("\x1b["));
}

TEST_CASE("an answer that cannot be written is a failure") {
  const Desk desk;
  const Answer plan = desk.hutch("plan good >/dev/full");
  CHECK(plan.status == 1);
  CHECK(plan.err == "error[E0913]: cannot write to standard output: No space left on device\n");
}

TEST_CASE("a log file gets JSON lines, and one that cannot be opened stops everything") {
  const Desk desk;
  CHECK(desk.hutch("check --log-file log good").status == 0);
  const Answer check = desk.hutch("check --log-file /nonexistent/log good");
  CHECK(check.status == 2);
  CHECK(check.err ==
        "error[E0912]: cannot open the log file \"/nonexistent/log\": No such file or directory\n");
}

TEST_CASE("what was left out is told with -v and its place") {
  const Desk desk;
  desk.write("some.toml", "[mounts]\n\"/nonexistent\" = \"ro?\"\n");
  const Answer quiet = desk.hutch("check some");
  CHECK(quiet.err.empty());
  const Answer plan = desk.hutch("plan some");
  CHECK(plan.out.contains("/nonexistent"));
}

TEST_CASE(
    "a program that is not there is 127, one that cannot be executed 126, a profile that is not there 125") {
  const Desk desk;
  CHECK(desk.hutch("run good /no/such/program").status == 127);
  CHECK(desk.hutch("run --ro /etc/passwd good /etc/passwd").status == 126);
  CHECK(desk.hutch("run nowhere").status == 125);
  CHECK(desk.hutch("run ./bad.toml").status == 125);
}

TEST_CASE("explain knows codes in either case, keys, and nothing else") {
  const Desk desk;
  CHECK(desk.hutch("explain e0102").out.starts_with("E0102: unknown key\n\n"));
  CHECK(desk.hutch("explain mounts.type").out.starts_with("mounts.type"));
  CHECK(desk.hutch("explain mounts.type").out.ends_with("\n"));
  CHECK(desk.hutch("explain E9999").status == 2);
}

TEST_CASE("the plan of the same words has the same digest, another command another one") {
  const Desk desk;
  const std::string digest = desk.hutch("plan --digest good").out;
  CHECK(digest.size() == 65);
  CHECK(desk.hutch("plan --digest ./good.toml").out == digest);
  CHECK(desk.hutch("plan --digest --hostname box good").out != digest);
}

TEST_CASE("list gives each profile with its description, and names alone for shells") {
  const Desk desk;
  CHECK(desk.hutch("list").out.contains("fine"));
  CHECK(desk.hutch("list --names").out == "bad\ngood\n");
  CHECK(desk.hutch("list --json").out.starts_with("{\n  \"profiles\": ["));
}

TEST_CASE("closed standard streams are no doors into our files") {
  const Desk desk;
  CHECK(desk.hutch("check good <&- >&-").status == 0);
}
