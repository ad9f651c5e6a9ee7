#include "launch/launch.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdio>

#include "launch/hand_made.h"

namespace hutch::test {
namespace {

std::size_t count_of(const std::string& path) {
  const std::string command = "ls " + path + " | wc -l";
  FILE* pipe = ::popen(command.c_str(), "re");
  unsigned long count = 0;
  if (std::fscanf(pipe, "%lu", &count) != 1) count = 0;
  ::pclose(pipe);
  return count;
}

TEST_CASE("the launcher ends as the program does") {
  NEEDS_NAMESPACES();
  for (const bool init : {true, false}) {
    CAPTURE(init);
    const auto status = [init](const std::string& script) {
      HandMade made;
      made.map_self();
      if (init) made.with_init();
      const auto ending = launch_it(made.shell(script).plan);
      return ending ? ending->status : -1;
    };
    CHECK(status("exit 0") == 0);
    CHECK(status("exit 7") == 7);
    if (init) CHECK(status("kill -KILL $$") == 128 + SIGKILL);
  }
}

TEST_CASE("a step that fails in the middle is told, nothing ran, and nothing is left") {
  NEEDS_NAMESPACES();
  const std::size_t before = count_of("/proc/self/fd");
  HandMade made;
  made.map_self().add(ChangeDir{"/no/such"}).with_init().shell("echo ran");
  const auto ending = launch_it(made.plan);
  REQUIRE_FALSE(ending);
  CHECK(ending.error().front().code == "E0501");
  CHECK(ending.error().front().step.starts_with("step 6 of 12: "));
  CHECK(count_of("/proc/self/fd") == before);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
  CHECK(errno == ECHILD);
}

TEST_CASE("a program that is missing is E0601, and one that cannot be executed E0602") {
  NEEDS_NAMESPACES();
  HandMade missing, directory;
  CHECK(launch_it(missing.map_self().with_init().last("/no/such").plan).error().front().code == "E0601");
  CHECK(launch_it(directory.map_self().with_init().last("/usr").plan).error().front().code == "E0602");
}

TEST_CASE("a source that is missing fails before anything is cloned") {
  HandMade made;
  made.plan.steps.insert(made.plan.steps.begin(),
                         Step{PinSource{.path = "/no/such"}, {}, Phase::before_clone});
  made.plan.pins = 1;
  const auto ending = launch_it(made.map_self().last("/bin/true").plan);
  REQUIRE_FALSE(ending);
  CHECK(ending.error().front().code == "E0502");
  CHECK(ending.error().front().what == "cannot open \"/no/such\": open: No such file or directory (ENOENT)");
}

TEST_CASE("an expectation about a source is checked") {
  for (const Expect expect : {Expect::directory, Expect::not_directory}) {
    HandMade made;
    const ZStr path = expect == Expect::directory ? ZStr("/etc/passwd") : ZStr("/etc");
    made.plan.steps.insert(made.plan.steps.begin(),
                           Step{PinSource{.path = path, .expect = expect}, {}, Phase::before_clone});
    made.plan.pins = 1;
    CHECK(launch_it(made.map_self().last("/bin/true").plan).error().front().code == "E0502");
  }
}

TEST_CASE(
    "a source that the command line named must be what it was judged by: no link, no FIFO, nothing of the "
    "kernel") {
  std::string folder = "/tmp/hutch-named-XXXXXX";
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  const std::string link = folder + "/link", fifo = folder + "/fifo";
  REQUIRE(::symlink("/etc/passwd", link.c_str()) == 0);
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const std::string through = folder + "/folder";
  REQUIRE(::symlink("/etc", through.c_str()) == 0);
  const struct {
    std::string path;
    Expect expect;
    const char* error;
  } cases[] = {{link, Expect::named_file, "ELOOP"},
               {through, Expect::named_directory, "ELOOP"},
               {through + "/passwd", Expect::named_file, "ELOOP"},
               {fifo, Expect::named_file, "ESTALE"},
               {folder, Expect::named_file, "ESTALE"},
               {"/etc/passwd", Expect::named_directory, "ENOTDIR"},
               {"/proc/version", Expect::named_file, "ESTALE"}};
  for (const auto& each : cases) {
    CAPTURE(each.path);
    HandMade made;
    const ZStr path = made.plan.strings.keep(each.path);
    made.plan.steps.insert(made.plan.steps.begin(),
                           Step{PinSource{.path = path, .expect = each.expect}, {}, Phase::before_clone});
    made.plan.pins = 1;
    const auto ending = launch_it(made.map_self().last("/bin/true").plan);
    REQUIRE_FALSE(ending);
    CHECK(ending.error().front().what.find(each.error) != std::string::npos);
  }
  for (const std::string& path : {link, fifo, through}) ::unlink(path.c_str());
  ::rmdir(folder.c_str());
}

TEST_CASE("SIGTERM during set-up ends the child and the launcher with 143") {
  NEEDS_NAMESPACES();
  HandMade made;
  made.map_self().add(AwaitParent{}).with_init().shell("echo ran");  // nobody lets it go
  Launcher launcher(made.plan);
  ::usleep(200'000);
  ::kill(launcher.pid(), SIGTERM);
  const Answer answer = launcher.wait();
  CHECK(answer.status == 128 + SIGTERM);
  CHECK(answer.out.empty());
}

TEST_CASE("a launcher that is killed during set-up or later takes everything along") {
  NEEDS_NAMESPACES();
  for (const bool later : {false, true}) {
    HandMade made;
    made.map_self();
    if (!later) made.add(AwaitParent{});
    made.with_init().shell("echo up; sleep 1000");
    Launcher launcher(made.plan);
    if (later) {
      CHECK(launcher.line() == "up");
    } else {
      ::usleep(200'000);
    }
    ::kill(launcher.pid(), SIGKILL);
    // The end of its output is the end of the last process that had it.
    CHECK(launcher.wait().status == 128 + SIGKILL);
  }
}

TEST_CASE("signals that were sent to the launcher reach the program") {
  NEEDS_NAMESPACES();
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2}) {
    HandMade made;
    made.map_self().with_init().shell(
        "for s in HUP INT QUIT TERM USR1 USR2; do trap \"echo $s; exit 9\" $s; done; echo up; while :; do "
        "sleep 0.05; done");
    Launcher launcher(made.plan);
    CHECK(launcher.line() == "up");
    ::kill(launcher.pid(), signal);
    const Answer answer = launcher.wait();
    CHECK(answer.status == 9);
    CHECK(answer.out == std::string(::sigabbrev_np(signal)) + "\n");
  }
}

TEST_CASE("a program that dies of a forwarded signal gives 128 plus its number") {
  NEEDS_NAMESPACES();
  HandMade made;
  made.map_self().with_init().shell("echo up; exec sleep 1000");
  Launcher launcher(made.plan);
  CHECK(launcher.line() == "up");
  ::kill(launcher.pid(), SIGTERM);
  CHECK(launcher.wait().status == 128 + SIGTERM);
}

TEST_CASE("it works with standard streams closed, and the program finds them closed, too") {
  NEEDS_NAMESPACES();
  HandMade made;
  made.map_self().with_init().shell(
      "[ -e /proc/self/fd/0 ] && echo open; [ -e /proc/self/fd/2 ] && echo open; exit 4");
  const Answer answer = answer_of(made, [] {
    ::close(0);
    ::close(2);
  });
  CHECK(answer.status == 4);
  HandMade all;
  all.map_self().with_init().shell("exit 4");
  CHECK(answer_of(all, [] {
          for (int fd = 0; fd < 3; ++fd) ::close(fd);
        }).status == 4);
}

TEST_CASE("it works when the caller ignores or blocks signals, and the program does not inherit that") {
  NEEDS_NAMESPACES();
  HandMade made;
  made.map_self().with_init().last("/bin/grep", {"-E", "^Sig(Blk|Ign)", "/proc/thread-self/status"});
  const Answer answer = answer_of(made, [] {
    for (const int signal : {SIGCHLD, SIGPIPE, SIGTERM, SIGINT}) ::signal(signal, SIG_IGN);
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
  });
  // The host's /proc is still there, so the program sees nothing of itself but through its own link.
  CHECK(answer.status != 125);
  HandMade plain;
  plain.map_self().shell("exit 6");
  CHECK(answer_of(plain, [] { ::signal(SIGCHLD, SIG_IGN); }).status == 6);
}

TEST_CASE("it works in a directory that was deleted, and without a controlling terminal") {
  NEEDS_NAMESPACES();
  HandMade made;
  made.map_self().with_init().add(ChangeDir{"/"}, Phase::privileges).shell("pwd");
  const Answer answer = answer_of(made, [] {
    std::string name = "/tmp/hutch-gone.XXXXXX";
    if (::mkdtemp(name.data()) == nullptr || ::chdir(name.c_str()) < 0 || ::rmdir(name.c_str()) < 0)
      ::_exit(77);
    ::setsid();
  });
  CHECK(answer.status == 0);
  CHECK(answer.out == "/\n");
}

TEST_CASE("a new output file is appended to, and removed again when nothing ran") {
  NEEDS_NAMESPACES();
  const std::string path = "/tmp/hutch-stream." + std::to_string(::getpid());
  const auto plan_with = [&path](const char* script, Op extra) {
    HandMade made;
    const Step open{
        OpenStream{.path = made.plan.strings.keep(path), .stream = 1, .slot = 0}, {}, Phase::before_clone};
    made.plan.steps.insert(made.plan.steps.begin(), open);
    made.plan.slots = 1;
    made.map_self()
        .add(std::move(extra))
        .with_init()
        .add(ConnectStream{0, 1}, Phase::privileges)
        .shell(script);
    return made;
  };
  CHECK_FALSE(launch_it(plan_with("echo x", ChangeDir{"/no/such"}).plan));
  CHECK(::access(path.c_str(), F_OK) != 0);
  CHECK(launch_it(plan_with("echo one", ChangeDir{"/"}).plan));
  CHECK(launch_it(plan_with("echo two", ChangeDir{"/"}).plan));
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  CHECK(read_all(fd) == "one\ntwo\n");
  ::close(fd);
  ::unlink(path.c_str());
}

TEST_CASE(
    "a launch that needs more descriptors than the soft limit allows gets them, and the program does not") {
  NEEDS_NAMESPACES();
  HandMade made;
  for (Pin i = 0; i < 300; ++i) {
    made.plan.steps.insert(made.plan.steps.begin(),
                           Step{PinSource{.path = "/usr", .pin = i}, {}, Phase::before_clone});
  }
  made.plan.pins = 300;
  made.map_self().with_init().shell("ulimit -Sn");
  const Answer answer = answer_of(made, [] {
    rlimit limit = {};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 64;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  });
  CHECK(answer.out == "64\n");
}

TEST_CASE("a descriptor that is to be kept must be the caller's") {
  HandMade made;
  static const std::uint32_t keep[] = {777};
  made.map_self().add(CloseDescriptors{{keep, 1}}, Phase::privileges).shell("echo ran");
  const auto ending = launch_it(made.plan);
  REQUIRE_FALSE(ending);
  CHECK(ending.error().front().code == "E0417");
  CHECK(ending.error().front().what == "descriptor 777 is to be kept, but it is not open");
}

TEST_CASE("nothing of the caller's arguments and environment is left in the init") {
  NEEDS_NAMESPACES();
  HandMade made;
  made.plan.slots = 1;
  made.map_self()
      .add(KeepMountsPrivate{})
      .add(MakeFilesystem{.type = "proc", .slot = 0})
      .add(Attach{0, "/proc"})
      .with_init()
      .shell("tr -d '\\0' </proc/1/cmdline | wc -c; cat /proc/1/comm");
  CHECK(answer_of(made).out == "0\nhutch-init\n");
}

TEST_CASE("a kernel that is too old is one clear error") {
  FakeHost host;
  host.linux_version(5, 10);
  HandMade made;
  const auto ending = launch(made.map_self().last("/bin/true").plan, host);
  REQUIRE_FALSE(ending);
  CHECK(ending.error().front().code == "E0401");
  CHECK(ending.error().front().what == "this kernel is too old: Linux 5.10");
}

TEST_CASE("maps that the parent writes are there before the child goes on") {
  if (::geteuid() != 0) SKIP_TEST("needs the right to write any map: run as root");
  HandMade made;
  made.add(WriteChildFile{"gid_map", "0 0 1\n1 100000 100\n"}, Phase::parent)
      .add(WriteChildFile{"uid_map", "0 0 1\n1 100000 100\n"}, Phase::parent)
      .add(LetChildGo{}, Phase::parent)
      .add(DieWithParent{})
      .add(AwaitParent{})
      .add(BecomeIds{.uid = 5, .gid = 6, .set_groups = true})
      .with_init()
      .shell("id -u; id -g; id -G");
  CHECK(answer_of(made).out == "5\n6\n6\n");
}

TEST_CASE("a map that the kernel refuses is told, and the waiting child is gone") {
  HandMade made;
  made.add(WriteChildFile{"uid_map", "nonsense"}, Phase::parent)
      .add(LetChildGo{}, Phase::parent)
      .add(AwaitParent{});
  const auto ending = launch_it(made.shell("echo ran").plan);
  REQUIRE_FALSE(ending);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
  CHECK(ending.error().front().code[0] == 'E');
}

TEST_CASE("a helper that refuses is quoted, and one that is missing is named") {
  NEEDS_NAMESPACES();
  HandMade refusing, missing;
  static const ZStr rows[] = {"0", "0", "1"};
  refusing.add(RunMapHelper{.program = "/bin/ls", .rows = {rows, 3}}, Phase::parent)
      .add(AwaitParent{})
      .shell("echo ran");
  const auto refused = launch_it(refusing.plan);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().front().code == "E0415");
  CHECK(refused.error().front().cause.find("No such file or directory") != std::string::npos);
  missing.add(RunMapHelper{.program = "/no/such/newuidmap", .rows = {rows, 3}}, Phase::parent)
      .add(AwaitParent{})
      .shell("echo ran");
  const auto gone = launch_it(missing.plan);
  REQUIRE_FALSE(gone);
  CHECK(gone.error().front().cause == "it is not installed");
}

TEST_CASE("a helper gets its rows and nothing of the caller's environment") {
  NEEDS_NAMESPACES();
  char script[] = "/tmp/hutch-helper-XXXXXX";
  const int file = mkstemp(script);
  const std::string text =
      "#!/bin/sh\nshift\necho \"rows $* of $(env | cut -d= -f1 | sort | tr '\\n' ' ')\" >&2\nexit 1\n";
  REQUIRE(write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  fchmod(file, 0755);
  close(file);
  for (const char* name : {"LD_PRELOAD_", "GCONV_PATH", "BASH_ENV", "ENV", "IFS_"}) setenv(name, "evil", 1);
  HandMade helped;
  static const ZStr rows[] = {"0", "$(id)", "1; id"};
  helped
      .add(RunMapHelper{.program = helped.plan.strings.keep(std::string(script)), .rows = {rows, 3}},
           Phase::parent)
      .add(AwaitParent{})
      .shell("echo ran");
  const auto refused = launch_it(helped.plan);
  unlink(script);
  for (const char* name : {"LD_PRELOAD_", "GCONV_PATH", "BASH_ENV", "ENV", "IFS_"}) unsetenv(name);
  REQUIRE_FALSE(refused);
  const std::string said = refused.error().front().cause;
  INFO(said);
  CHECK(said.find("rows 0 $(id) 1; id of ") != std::string::npos);
  CHECK(said.find("PATH") != std::string::npos);
  for (const char* name : {"LD_PRELOAD_", "GCONV_PATH", "BASH_ENV", "ENV ", "IFS_"})
    CHECK(said.find(name) == std::string::npos);
}

}  // namespace
}  // namespace hutch::test
