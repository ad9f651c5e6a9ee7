// A launch that is made again without the C library: src/relaunch. What it must notice is in recall_test.cc.

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "support/sandbox.h"
#include "support/skip.h"

using namespace hutch::test;

#ifdef HUTCH_RELAUNCHES

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A user with a runtime folder.
class User {
 public:
  User() {
    std::filesystem::create_directory(here / "run");
    ::chmod((here / "run").c_str(), 0700);
    options.env["XDG_RUNTIME_DIR"] = here / "run";
    options.cwd = here.path();
  }
  [[nodiscard]] std::string shell_profile(const std::string& top = "") const {
    return here.profile("box", top +
                                   "[mounts]\n\"/usr\" = \"ro\"\n\"/proc\" = \"proc\"\n"
                                   "\"/bin\" = { type = \"symlink\", to = \"usr/bin\" }\n"
                                   "\"/lib\" = { type = \"symlink\", to = \"usr/lib\" }\n"
                                   "\"/lib64\" = { type = \"symlink\", to = \"usr/lib64\" }\n");
  }
  /// Of several launches of these words, the last: by then its plan is kept.
  [[nodiscard]] Answer again(std::vector<std::string> words, const std::string& input = "") const {
    words.insert(words.begin(), {HUTCH_PROBE, "library", hutch_binary(), "run"});
    Options with = options;
    with.input = input;
    Answer answer;
    for (int i = 0; i < 2; ++i) answer = run_program(words, with);
    return answer;
  }
  Answer script(const std::string& text, std::vector<std::string> more) const {
    more.insert(more.begin(), {"/bin/sh", "-c", text, "sh", hutch_binary()});
    return run_program(more, options);
  }

  const Workspace here;
  Options options;
};

bool was_made_again(const Answer& answer) { return has(answer.err, "library=no"); }

}  // namespace

TEST_CASE("a launch that is made again ends as its program does, has its words, its input and its folder") {
  const User user;
  const std::string box = user.shell_profile("[process]\ncwd = \"/usr\"\n");
  const Answer answer = user.again(
      {box, "/bin/sh", "-c", "read x; echo $x $1 $(pwd) $$; echo wrong >&2; exit 7", "sh", "a word"},
      "said\n");
  INFO(answer.err);
  CHECK(was_made_again(answer));
  CHECK(answer.status == 7);
  CHECK(answer.out == "said a word /usr 2\n");
  CHECK(has(answer.err, "wrong\n"));

  const Answer killed = user.again({box, "/bin/sh", "-c", "kill -9 $$"});
  CHECK(was_made_again(killed));
  CHECK(killed.status == 128 + SIGKILL);
  CHECK(killed.err == "library=no\n");
}

TEST_CASE("a launch that is made again has every wall") {
  const User user;
  const std::string box =
      user.here.profile("box", bare_profile("", "hostname = \"again\"\n") +
                                   "[limits]\nnofile = 77\n[seccomp]\ndeny = [\"bpf\"]\n");
  const std::vector<std::string> look{"--set", "process.umask = '027'",
                                      box,     "ids",
                                      ",",     "status",
                                      ",",     "names",
                                      ",",     "limits",
                                      ",",     "mounts",
                                      ",",     "fds"};
  std::vector<std::string> first{"run"};
  first.insert(first.end(), look.begin(), look.end());
  const Answer anew = run_hutch(first, user.options);
  const Answer again = user.again(look);
  INFO(again.err);
  REQUIRE(was_made_again(again));
  CHECK(again.status == anew.status);
  CHECK(again.out == anew.out);
}

TEST_CASE("a program that stays is handed over: it is listed, inspected, entered and ended") {
  const User user;
  const std::string box = user.shell_profile();
  const std::string script =
      "for i in 1 2; do\n"
      "  \"$1\" run \"$2\" /bin/sh -c 'sleep 100; exit 3' & run=$!\n"
      "  until name=$(\"$1\" ps --names | head -n 1) && test -n \"$name\" &&\n"
      "    \"$1\" inspect \"$name\" >told 2>&-; do sleep 0.05; done\n"
      "  \"$1\" enter \"$name\" /bin/sh -c 'echo entered; cat /proc/1/comm'\n"
      "  \"$1\" kill \"$name\"; wait $run; echo status $?; cat told\ndone";
  const Answer answer = user.script(script, {box});
  INFO(answer.out << answer.err);
  CHECK(answer.err == "");
  const std::string half = "entered\nhutch-init\nstatus 143\n";
  CHECK(answer.out.starts_with(half));
  const std::size_t second = answer.out.find(half, half.size());
  REQUIRE(second != std::string::npos);
  const auto plan_of = [](const std::string& told) { return told.substr(told.find("before clone:")); };
  CHECK(plan_of(answer.out.substr(0, second)) == plan_of(answer.out.substr(second)));
  CHECK(has(answer.out, "box.toml:"));
}

TEST_CASE("signals reach a program that was launched again, at once and later") {
  const User user;
  const std::string box = user.shell_profile();
  const std::string script =
      "for i in 1 2 3; do\n"
      "  \"$1\" run \"$2\" /bin/sh -c 'trap \"echo got; exit 5\" USR1; echo up; while :; do sleep 0.01; "
      "done' >out & "
      "run=$!\n"
      "  until test -s out; do :; done\n"
      "  test $i = 3 && sleep 0.3\n"
      "  kill -USR1 $run; wait $run; echo $? $(cat out); : >out\ndone";
  CHECK(user.script(script, {box}).out == "5 up got\n5 up got\n5 up got\n");
}

TEST_CASE("a signal that comes while a launch is made again ends it, and leaves nothing") {
  const User user;
  const std::string box = user.shell_profile();
  // As early as possible, and a little later each time.
  const std::string script =
      "i=0; while test $i -lt 40; do\n"
      "  \"$1\" run \"$2\" /bin/sleep 98.75 & run=$!\n"
      "  j=0; while test $j -lt $((i * 20)); do j=$((j + 1)); done\n"
      "  kill -TERM $run; wait $run; echo $?\n  i=$((i + 1))\ndone\n"
      "sleep 0.2; pgrep -f '^/bin/sleep 98.75' && echo left";
  const Answer answer = user.script(script, {box});
  INFO(answer.out << answer.err);
  CHECK(!has(answer.out, "left"));
  for (std::size_t at = 0; at < answer.out.size(); at = answer.out.find('\n', at) + 1)
    CHECK(answer.out.substr(at, answer.out.find('\n', at) - at) == "143");
}

TEST_CASE("what fails when a launch is made again is told as if it were the first time") {
  const User user;
  user.here.write("tool", "#!/made/of\n", 0755);
  user.here.write("made/of", read_file(HUTCH_PROBE), 0755);
  const std::string box = user.here.profile("box",
                                            "[mounts]\n\"/tool\" = { type = \"bind\", source = \"./tool\" }\n"
                                            "\"/made\" = { type = \"bind\", source = \"./made\" }\n");
  REQUIRE(was_made_again(user.again({box, "/tool"})));
  // Nobody asked about it: the folder that holds it is still there.
  std::filesystem::remove(user.here / "made/of");
  const Answer answer = user.again({box, "/tool"});
  INFO(answer.err);
  CHECK(!was_made_again(answer));
  CHECK(answer.status == 126);
  CHECK(has(answer.err, "error[E0602]"));
  CHECK(has(answer.err, "/made/of"));
}

TEST_CASE("a launch of many mounts is made again, and its program may open as many files as its caller") {
  const User user;
  std::string mounts;
  for (int i = 0; i < 60; ++i) {
    user.here.write("many/" + std::to_string(i), "");
    mounts += "\"/many/" + std::to_string(i) + "\" = { type = \"bind\", source = \"./many/" +
              std::to_string(i) + "\" }\n";
  }
  const std::string box = user.here.profile("box", bare_profile(mounts));
  const Answer answer = user.script(
      "ulimit -S -n 100; for i in 1 2; do \"$2\" library \"$1\" run \"$3\" limits; done", {HUTCH_PROBE, box});
  INFO(answer.out << answer.err);
  CHECK(answer.err == "library=yes\nlibrary=no\n");
  const std::string half = answer.out.substr(0, answer.out.size() / 2);
  CHECK(answer.out == half + half);
  CHECK(has(half, "100"));
}

TEST_CASE("a kept plan that is damaged where it is read late ends the program, says so, and is made anew") {
  const User user;
  const std::string box = user.shell_profile();
  const std::vector<std::string> words{HUTCH_PROBE, "library",    hutch_binary(), "run",
                                       box,         "/bin/sleep", "0.3"};
  REQUIRE(run_program(words, user.options).status == 0);
  std::string file;
  for (const auto& each : std::filesystem::directory_iterator(user.here / "run/hutch/plans"))
    file = each.path();
  std::string bytes = read_file(file);
  std::uint32_t plan = 0;
  std::memcpy(&plan, bytes.data() + 112, sizeof plan);  // KeptHead::plan.at
  bytes[plan] = static_cast<char>(bytes[plan] ^ 1);
  std::ofstream(file, std::ios::binary) << bytes;
  const Answer answer = run_program(words, user.options);
  INFO(answer.err);
  CHECK(answer.status == 125);
  CHECK(has(answer.err, "error[E0509]"));
  CHECK(has(answer.err, "its kept plan is damaged"));
  CHECK(has(answer.err, "start it again"));
  CHECK(run_program(words, user.options).status == 0);
}

TEST_CASE("a signal ends a launch that is made again and held in its set-up, and is its status") {
  const User user;
  std::string mounts;
  for (int i = 0; i < 200; ++i) {
    user.here.write("many/" + std::to_string(i), "");
    mounts += "\"/many/" + std::to_string(i) + "\" = { type = \"bind\", source = \"./many/" +
              std::to_string(i) + "\" }\n";
  }
  const std::string box = user.here.profile("box", bare_profile(mounts));
  bool held = false;
  // The first has its plan made and kept.
  for (int tries = 0; tries < 20 && !held; ++tries) {
    const pid_t pid = fork();
    if (pid == 0) {
      setenv("XDG_RUNTIME_DIR", (user.here / "run").c_str(), 1);
      for (const auto& [name, value] : user.options.env) setenv(name.c_str(), value.c_str(), 1);
      if (chdir(user.here.path().c_str()) == 0)
        execl(hutch_binary().c_str(), "hutch", "run", box.c_str(), "wait", nullptr);
      _exit(99);
    }
    const std::string children =
        "/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children";
    std::string child;
    while (child.empty() && waitpid(pid, nullptr, WNOHANG) == 0) child = read_file(children);
    const auto number = static_cast<pid_t>(std::strtol(child.c_str(), nullptr, 10));
    if (number > 0 && tries > 0) kill(number, SIGSTOP);
    usleep(100'000);
    // Else it was too late: the program runs.
    held = number > 0 && tries > 0 && read_file("/proc/" + std::to_string(number) + "/comm") == "hutch\n";
    if (!held && number > 0) kill(number, SIGCONT);
    const bool has_library = has(read_file("/proc/" + std::to_string(pid) + "/maps"), "[heap]");
    kill(pid, SIGTERM);
    int status = 0;
    REQUIRE(waitpid(pid, &status, 0) == pid);
    if (!held) continue;
    CHECK_FALSE(has_library);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 143);
    CHECK(kill(number, 0) < 0);
  }
  CHECK(held);
}

TEST_CASE("who kills the launcher of a launch that was made again kills the sandbox") {
  const User user;
  const std::string box = user.shell_profile();
  const Answer answer = user.script(
      "\"$1\" run \"$2\" /bin/sleep 0.01\n"
      "for wait in 0.02 0.3; do\n"
      "\"$1\" run \"$2\" /bin/sleep 87.625 & run=$!; sleep $wait; kill -9 $run; wait $run\n"
      "i=0; while pgrep -f '^/bin/sleep 87.625' >/dev/null && test $i -lt 100; do sleep 0.05; i=$((i + 1)); "
      "done\n"
      "pgrep -f '^/bin/sleep 87.625'\ndone; :",
      {box});
  INFO(answer.err);
  CHECK(answer.out == "");
}

TEST_CASE("what only the launcher proper can do is left to it") {
  const User user;
  const std::string box = user.shell_profile();
  const auto is_left = [&](std::vector<std::string> words) {
    const Answer answer = user.again(std::move(words));
    INFO(answer.err);
    CHECK(answer.status == 0);
    return !was_made_again(answer);
  };
  CHECK_FALSE(is_left({box, "/bin/true"}));
  CHECK_FALSE(is_left({"--set", "hostname = 'x'", "--ro", "/etc", box, "/bin/true"}));
  CHECK(is_left({"--timings", box, "/bin/true"}));
  CHECK(is_left({"--name", "again-" + std::to_string(getpid()), box, "/bin/true"}));
  CHECK(is_left({"--timeout", "5s", box, "/bin/true"}));
  CHECK(is_left({"--log-file", user.here / "log", box, "/bin/true"}));
  CHECK(is_left({"--report", user.here / "report", box, "/bin/true"}));
  CHECK(is_left({"-v", box, "/bin/true"}));
  CHECK(is_left({"--verify", box, "/bin/true"}));
  CHECK(is_left({"--set", "process.stdout = '" + (user.here / "out") + "'", box, "/bin/true"}));
  CHECK_FALSE(is_left({"--set", "process.init = false", box, "/bin/true"}));
}

TEST_CASE("a standard stream that is closed is none of another's files, however the launch is made") {
  const User user;
  const std::string box = user.shell_profile();
  for (int i = 0; i < 3; ++i) {
    const Answer answer = user.script("\"$1\" run \"$2\" /bin/sh -c 'readlink /proc/self/fd/0' <&-", {box});
    CHECK(answer.out == "/dev/null\n");
  }
}

TEST_CASE("root's hutch runs from a read-only mount, too, where the kernel does not let it change its file") {
  if (geteuid() != 0) SKIP_TEST("needs root");
  const Workspace here;
  const std::string box = here.profile("box", bare_profile());
  int out[2];
  REQUIRE(pipe(out) == 0);
  const pid_t pid = fork();
  if (pid == 0) {
    // prctl(PR_SET_MM) is refused.
    sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_MM, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program = {sizeof filter / sizeof *filter, filter};
    dup2(out[1], STDOUT_FILENO);
    close(out[0]);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0)
      execl(hutch_binary().c_str(), "hutch", "run", box.c_str(), "wait", nullptr);
    _exit(99);
  }
  close(out[1]);
  char word[16] = {};
  CHECK(read(out[0], word, sizeof word) > 0);
  const std::string image = "/proc/" + std::to_string(pid) + "/exe";
  CHECK(faccessat(AT_FDCWD, image.c_str(), W_OK, AT_EACCESS) < 0);
  CHECK(errno == EROFS);
  kill(pid, SIGTERM);
  int status = 0;
  waitpid(pid, &status, 0);
  close(out[0]);
}

TEST_CASE("nothing that root's hutch has mapped of its file can be written to") {
  if (geteuid() != 0) SKIP_TEST("needs root");
  const User user;
  const std::string box = user.shell_profile();
  for (int i = 0; i < 2; ++i) {
    const Answer answer = user.script(
        "\"$1\" run \"$2\" /bin/sleep 0.5 & sleep 0.2\n"
        "count=0; for file in /proc/$!/map_files/*; do\n"
        "  test \"$(stat -Lc %d:%i \"$file\")\" = \"$(stat -Lc %d:%i \"$1\")\" || continue\n"
        "  count=$((count + 1)); test -w \"$file\" && echo writable\n"
        "done; test $count -ge 3 && echo mapped; wait",
        {box});
    INFO(answer.err);
    CHECK(answer.out == "mapped\n");
  }
}

#endif
