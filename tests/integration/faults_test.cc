#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "support/sandbox.h"
#include "support/skip.h"

// Each system call between clone and exec is made to fail once (strace injects EPERM). Whatever fails, one of
// two things must come of it: nothing ran, exit 125, and a message that names the call; or the very same
// sandbox (where there is another way to the same end). Never a weaker one. run_hutch's look at the host
// finds leftovers.

using namespace hutch::test;

namespace {

constexpr const char* kMounts = R"(
"/data" = { type = "bind", source = "SHARED", write = true }
"/data/sub" = { type = "bind", source = "/usr/share" }
"/lay" = { type = "overlay", lower = ["SHARED"], upper = "tmpfs" }
"/proc" = "proc"
"/dev" = "dev"
"/tmp" = { type = "tmpfs", size = "1M", mode = "1777" }
"/hide" = { type = "bind", source = "SHARED" }
"/hide/file" = "hidden"
"/hide/sub" = "hidden"
"/note" = { type = "file", content = "text" }
"/data/file" = { type = "file", content = "private" }
"/link" = { type = "symlink", to = "tmp" }
"/a/b/c" = "dir"
"/sealed" = { type = "tmpfs", write = false }
[landlock]
connect_tcp = [443]
scope = ["signal"]
[limits]
core = 0
nofile = 200
)";
constexpr const char* kProcess =
    R"(process = { umask = "027", nice = 5, personality = ["no_randomize"], stdin = "null", oom_score_adj = 500 })";

/// One call of the child, counted among the calls of that name of the same process.
struct Injection {
  std::string call;
  unsigned nth = 0;
};

std::string name_of(const std::string& line) {
  const std::size_t blank = line.find(' ');
  const std::size_t start = line.find_first_not_of(' ', blank);
  const std::size_t bracket = line.find('(', start);
  if (blank == std::string::npos || bracket == std::string::npos) return {};
  std::string name = line.substr(start, bracket - start);
  return std::ranges::all_of(name, [](char c) { return std::islower(c) || std::isdigit(c) || c == '_'; })
             ? name
             : "";
}

/// The calls of the cloned processes up to their exec, from an strace log. Not those that end or wait, and
/// not close(2) and umask(2): they cannot fail without having done their work, which is what an injection
/// would make of them.
std::vector<Injection> calls_of_setup(const std::string& log) {
  const std::set<std::string> never{"close", "umask",  "exit_group",      "exit",   "rt_sigtimedwait",
                                    "wait4", "waitid", "restart_syscall", "execve", "getpid"};
  std::map<std::string, std::map<std::string, unsigned>> counts;  // process -> call -> how many
  std::map<std::string, bool> done;
  std::set<std::pair<std::string, unsigned>> seen;
  std::vector<Injection> all;
  std::istringstream lines(log);
  std::string line, first;
  while (std::getline(lines, line)) {
    const std::string process = line.substr(0, line.find(' '));
    if (first.empty()) first = process;
    const std::string call = name_of(line);
    if (process == first || call.empty() || done[process]) continue;
    if (call == "execve" || call == "exit_group") done[process] = true;
    const unsigned nth = ++counts[process][call];
    // One that this strace does not know: tests/launch/refused_calls_test.cc has it refused by a filter.
    if (call.starts_with("syscall_0x")) continue;
    if (never.contains(call) || !seen.emplace(call, nth).second) continue;
    all.push_back({call, nth});
  }
  return all;
}

std::string with(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

/// What the probe says about itself, without the numbers that are new each time (mount ids, devices, pipes,
/// counters).
std::string steady(const std::string& out) {
  std::istringstream lines(out);
  std::string line, text;
  while (std::getline(lines, line)) {
    if (line.starts_with("mount:")) {
      for (int field = 0; field < 3; ++field) line.erase(0, line.find(' ') + 1);
    }
    if (line.find("ctxt_switches") != std::string::npos || line.starts_with("Vm") || line.starts_with("Rss"))
      continue;
    if (line.starts_with("fd")) line.erase(std::min(line.find(":["), line.size()));
    text += line + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE(
    "whichever system call of set-up fails, nothing runs and the message names it, or the sandbox is the "
    "same",
    "[slow]") {
  if (!have_program("strace")) SKIP_TEST("strace is not installed");
  const Workspace work;
  work.write("shared/file", "x");
  work.write("shared/sub/inner", "y");
  const std::string profile = work.profile("box", bare_profile(with(kMounts, "SHARED", work / "shared"),
                                                               "hostname = \"box\"\ndomainname = \"dom\"\n"));
  const std::vector<std::string> words{"run",    "--set", kProcess, profile, "status", ",", "mounts", ",",
                                       "limits", ",",     "names",  ",",     "ids",    ",", "fds"};
  const auto traced = [&](const std::vector<std::string>& options) {
    std::vector<std::string> command{"strace", "-f", "-qq"};
    command.insert(command.end(), options.begin(), options.end());
    command.push_back(hutch_binary());
    command.insert(command.end(), words.begin(), words.end());
    return run_program(command, {.env = {}, .watched = {work / "shared"}, .seconds = 60});
  };

  const std::string log = work / "log";
  const Answer good = traced({"-o", log});
  INFO(good.err);
  REQUIRE(good.status == 0);
  const std::vector<Injection> injections = calls_of_setup(read_file(log));
  REQUIRE(injections.size() > 100);

  unsigned refused = 0;
  for (const Injection& each : injections) {
    const std::string what = each.call + " number " + std::to_string(each.nth);
    const Answer answer = traced({"-o", "/dev/null", "-e", "trace=" + each.call, "-e",
                                  "inject=" + each.call + ":error=EPERM:when=" + std::to_string(each.nth)});
    INFO(what << ": status " << answer.status << "\n" << answer.err << "\n" << answer.out);
    if (answer.status == 0) {
      CHECK(steady(answer.out) == steady(good.out));
    } else {
      ++refused;
      CHECK(answer.status == 125);
      CHECK(answer.out == "");
      // Every process counts for itself: a refused write may also be the one that would have told.
      if (each.call == "write") continue;
      CHECK(answer.err.find("error[E0") != std::string::npos);
      CHECK(answer.err.find("Operation not permitted") != std::string::npos);
    }
  }
  CHECK(refused > injections.size() / 2);
}

TEST_CASE(
    "an output file gets its name once the program runs: a launcher killed at clone leaves none behind") {
  if (!have_program("strace")) SKIP_TEST("strace is not installed");
  const Workspace work;
  const std::string profile = work.profile("box", bare_profile());
  const std::string file = work / "output";
  const std::string set = "process.stdout = \"" + file + "\"";
  const Answer killed = run_program({"strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=clone", "-e",
                                     "inject=clone:signal=SIGKILL:when=1", hutch_binary(), "run", "--set",
                                     set, profile, "ids"});
  CHECK(killed.status != 0);
  CHECK_FALSE(std::ifstream(file).good());
  CHECK(run_hutch({"run", "--set", set, profile, "ids"}).status == 0);
  CHECK(read_file(file).find("uid") != std::string::npos);
}
