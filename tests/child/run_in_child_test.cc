// The helper of these tests (there is no library of test helpers for one folder), and the sentences about
// run_child.
#include "child/run_in_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>

#include "support/skip.h"

// The sanitizers bring a heap of their own, so the guard stands aside for them.
#if defined(HUTCH_SANITIZED)
#define HUTCH_GUARD_THE_HEAP 0
#else
#define HUTCH_GUARD_THE_HEAP 1
#endif

// While this is set, touching the heap ends the process with a code of its own.
static bool g_heap_forbidden = false;
[[maybe_unused]] constexpr int kTouchedTheHeap = 99;

#if HUTCH_GUARD_THE_HEAP
extern "C" void* __libc_malloc(std::size_t);
extern "C" void __libc_free(void*);
extern "C" void* malloc(std::size_t size) {
  if (g_heap_forbidden) ::_exit(kTouchedTheHeap);
  return __libc_malloc(size);
}
extern "C" void free(void* p) {
  if (g_heap_forbidden) ::_exit(kTouchedTheHeap);
  __libc_free(p);
}
#endif

namespace hutch::test {
namespace {

bool write_file(const char* path, const std::string& text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  const bool wrote = fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(fd);
  return wrote;
}

/// 0, or the errno of what failed.
int enter(std::uint64_t namespaces) {
  const uid_t uid = ::getuid();
  const gid_t gid = ::getgid();
  if (::unshare(static_cast<int>(namespaces)) < 0) return errno;
  if ((namespaces & CLONE_NEWUSER) == 0) return 0;
  const std::string user = std::to_string(uid), group = std::to_string(gid);
  if (!write_file("/proc/self/setgroups", "deny")) return errno;
  if (!write_file("/proc/self/uid_map", user + " " + user + " 1")) return errno;
  if (!write_file("/proc/self/gid_map", group + " " + group + " 1")) return errno;
  return 0;
}

int status_of(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

std::string read_all(int fd) {
  std::string text;
  std::array<char, 4096> piece;
  for (ssize_t got = 1; got > 0;) {
    got = ::read(fd, piece.data(), piece.size());
    if (got > 0) text.append(piece.data(), static_cast<std::size_t>(got));
  }
  return text;
}

StringPool& pool() {
  static StringPool kept_for_ever;
  return kept_for_ever;
}

}  // namespace

ZStr kept(const std::string& text) { return pool().keep(text); }

Step setup(Op op) { return {op, {}, Phase::setup}; }
Step privilege(Op op) { return {op, {}, Phase::privileges}; }

Step exec(const std::string& path, const std::vector<std::string>& arguments) {
  std::vector<const char*> words{kept(path).c_str()};
  for (const std::string& argument : arguments) words.push_back(kept(argument).c_str());
  words.push_back(nullptr);
  const std::vector<const char*> environment{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", nullptr};
  return {
      Exec{.path = kept(path), .argv_pointers = pool().keep(words), .env_pointers = pool().keep(environment)},
      {},
      Phase::exec};
}
Step exec_shell(const std::string& script) { return exec("/bin/sh", {"-c", script}); }

Pinned pin(const std::string& path) {
  struct stat found = {};
  ::stat(path.c_str(), &found);
  return {.device = found.st_dev, .inode = found.st_ino};
}

std::string cannot_make(std::uint64_t namespaces) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(enter(namespaces));
  const int error = status_of(pid);
  return error == 0 ? "" : std::string("this machine makes no such namespaces: ") + ::strerrordesc_np(error);
}

Ending run_in_child(std::vector<Step> steps, const Setting& setting) {
  if (steps.empty() || steps.back().phase != Phase::exec) steps.push_back(exec("/bin/true"));
  std::vector<int> slots(setting.slots, -1);
  std::vector<std::uint64_t> made(setting.slots);
  std::array<int, 2> report{}, out{};
  if (::pipe2(report.data(), O_CLOEXEC) < 0 || ::pipe2(out.data(), O_CLOEXEC) < 0) return {};
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (enter(setting.namespaces) != 0) ::_exit(98);
    ::dup2(out[1], 1);
    if (setting.before) setting.before();
    const ChildContext context{.steps = steps,
                               .pins = setting.pins,
                               .slots = slots,
                               .made = made,
                               .report_fd = report[1],
                               .channel_fd = setting.channel,
                               .parents_ends = {report[0], out[0], -1}};
    // A new pid namespace begins with the next process.
    const pid_t inner = (setting.namespaces & CLONE_NEWPID) != 0 ? static_cast<pid_t>(::fork()) : 0;
    if (inner == 0) {
      g_heap_forbidden = true;
      run_child(context);
    }
    ::close(report[1]);
    ::close(out[1]);
    ::close(1);
    ::_exit(status_of(inner));
  }
  ::close(report[1]);
  ::close(out[1]);
  Ending ending;
  for (Report each; ::read(report[0], &each, sizeof each) == static_cast<ssize_t>(sizeof each);) {
    if (each.call == Call::none) {
      ending.reached_exec = true;
    } else {
      ending.report = each;
    }
  }
  ending.out = read_all(out[0]);
  ::close(report[0]);
  ::close(out[0]);
  ending.exit_code = status_of(pid);
  return ending;
}

namespace {

TEST_CASE("a plan that succeeds reports nothing but that it reached exec, and becomes the program") {
  const Ending ending = run_in_child({privilege(NoNewPrivs{}), exec_shell("exit 7")}, {.namespaces = 0});
  CHECK_FALSE(ending.report);
  CHECK(ending.reached_exec);
  CHECK(ending.exit_code == 7);
}

TEST_CASE("the first step that fails is named, with its call and its errno, and nothing runs after it") {
  const Ending ending = run_in_child(
      {setup(SetUmask{022}), setup(ChangeDir{"/no/such"}), exec_shell("echo ran")}, {.namespaces = 0});
  REQUIRE(ending.report);
  CHECK(ending.exit_code == 125);
  CHECK(ending.report->step == 1);
  CHECK(std::string(call_name(ending.report->call)) == "openat2");
  CHECK(ending.report->error == ENOENT);
  CHECK(ending.report->detail == 3);  // "/no"
  CHECK_FALSE(ending.reached_exec);
  CHECK(ending.out.empty());
}

TEST_CASE("a program that is not there, and one whose interpreter is not there, are told apart") {
  const Ending missing = run_in_child({exec("/no/such/program")}, {.namespaces = 0});
  REQUIRE(missing.report);
  CHECK(missing.report->call == Call::execve);
  CHECK(missing.report->error == ENOENT);
  CHECK(missing.report->detail == static_cast<std::uint32_t>(ExecProblem::unknown));

  const std::string script = "/tmp/hutch-test-script." + std::to_string(::getpid());
  const int fd = ::open(script.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
  const std::string text = "#!/no/such/interpreter\n";
  CHECK(::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  ::close(fd);
  const Ending broken = run_in_child({exec(script)}, {.namespaces = 0});
  ::unlink(script.c_str());
  REQUIRE(broken.report);
  CHECK(broken.report->error == ENOENT);
  CHECK(broken.report->detail == static_cast<std::uint32_t>(ExecProblem::interpreter_missing));
}

TEST_CASE("a directory as program says so") {
  const Ending ending = run_in_child({exec("/usr")}, {.namespaces = 0});
  REQUIRE(ending.report);
  CHECK(ending.report->error == EACCES);
  CHECK(ending.report->detail == static_cast<std::uint32_t>(ExecProblem::is_directory));
}

TEST_CASE("nothing runs when the parent has died meanwhile") {
  std::array<int, 2> report{}, out{};
  REQUIRE(::pipe2(report.data(), O_CLOEXEC) == 0);
  REQUIRE(::pipe2(out.data(), O_CLOEXEC) == 0);
  const std::vector<Step> steps{exec_shell("echo ran")};
  ::close(report[0]);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::signal(SIGPIPE, SIG_IGN);
    ::dup2(out[1], 1);
    run_child({.steps = steps, .report_fd = report[1], .parents_ends = {-1, out[0], -1}});
  }
  ::close(report[1]);
  ::close(out[1]);
  CHECK(read_all(out[0]).empty());
  CHECK(status_of(pid) == 125);
  ::close(out[0]);
}

#if HUTCH_GUARD_THE_HEAP
TEST_CASE("the guard against the heap works") {
  const pid_t pid = ::fork();
  if (pid == 0) {
    g_heap_forbidden = true;
    void* volatile sneaky = ::malloc(100);
    ::_exit(sneaky != nullptr ? 1 : 0);
  }
  CHECK(status_of(pid) == kTouchedTheHeap);
}
#endif

}  // namespace
}  // namespace hutch::test
