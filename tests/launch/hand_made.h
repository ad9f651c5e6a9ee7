#pragma once

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "launch/launch.h"
#include "support/fake_host.h"
#include "support/skip.h"

/// Plans by hand, and launchers in processes of their own.

namespace hutch::test {

constexpr std::uint64_t kNamespaces =
    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET;

/// A plan by hand: new namespaces, the caller mapped to itself, an init.
class HandMade {
 public:
  explicit HandMade(std::uint64_t namespaces = kNamespaces) { add(CloneChild{namespaces}, Phase::clone); }

  HandMade& add(Op op, Phase phase = Phase::setup) {
    plan.steps.push_back({std::move(op), {}, phase});
    return *this;
  }
  HandMade& map_self() {
    const std::string uid = std::to_string(::getuid()), gid = std::to_string(::getgid());
    add(DieWithParent{});
    add(WriteFile{"/proc/self/setgroups", "deny"});
    add(WriteFile{"/proc/self/uid_map", plan.strings.keep(uid + " " + uid + " 1")});
    return add(WriteFile{"/proc/self/gid_map", plan.strings.keep(gid + " " + gid + " 1")});
  }
  HandMade& with_init() { return add(StartInit{}, Phase::privileges); }
  HandMade& last(const std::string& program, const std::vector<std::string>& arguments = {}) {
    add(ResetSignals{}, Phase::privileges);
    add(CloseDescriptors{}, Phase::privileges);
    add(DropCapabilities{}, Phase::privileges);
    add(NoNewPrivs{}, Phase::privileges);
    const ZStr path = plan.strings.keep(program);
    std::vector<const char*> words{path.c_str()};
    for (const std::string& each : arguments) words.push_back(plan.strings.keep(each).c_str());
    words.push_back(nullptr);
    const std::vector<const char*> environment{"PATH=/usr/bin:/bin", nullptr};
    return add(Exec{.path = path,
                    .argv_pointers = plan.strings.keep(words),
                    .env_pointers = plan.strings.keep(environment)},
               Phase::exec);
  }
  HandMade& shell(const std::string& script) { return last("/bin/sh", {"-c", script}); }

  Plan plan;
};

inline Result<Ending> launch_it(const Plan& plan) {
  const FakeHost host;
  return launch(plan, host);
}

/// The launch in a process of its own: its status, or 200 plus what went wrong, and what was printed.
struct Answer {
  int status = -1;
  std::string out;
};

inline std::string read_all(int fd) {
  std::string text;
  std::array<char, 4096> piece;
  for (ssize_t got = 1; got > 0;) {
    got = ::read(fd, piece.data(), piece.size());
    if (got > 0) text.append(piece.data(), static_cast<std::size_t>(got));
  }
  return text;
}

/// A launcher that can be signalled and looked at while it runs.
class Launcher {
 public:
  explicit Launcher(const Plan& plan, const std::function<void()>& before = {}) {
    if (::pipe2(out_.data(), O_CLOEXEC) < 0) return;
    pid_ = ::fork();
    if (pid_ != 0) {
      ::close(out_[1]);
      return;
    }
    ::dup2(out_[1], 1);
    ::close(out_[0]);
    ::close(out_[1]);
    if (before) before();
    const Result<Ending> ending = launch_it(plan);
    if (!ending) {
      const std::string text = ending.error().front().code + " " + ending.error().front().what + "\n";
      static_cast<void>(!::write(1, text.data(), text.size()));
    }
    ::_exit(ending ? ending->status : 125);
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

  /// Up to the first line feed.
  [[nodiscard]] std::string line() const {
    std::string text;
    char byte = 0;
    while (::read(out_[0], &byte, 1) == 1 && byte != '\n') text += byte;
    return text;
  }
  Answer wait() {
    Answer answer;
    answer.out = read_all(out_[0]);
    ::close(out_[0]);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    answer.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return answer;
  }

 private:
  pid_t pid_ = -1;
  std::array<int, 2> out_{-1, -1};
};

inline Answer answer_of(const HandMade& made, const std::function<void()>& before = {}) {
  return Launcher(made.plan, before).wait();
}

inline bool can_launch() {
  HandMade made;
  return launch_it(made.map_self().last("/bin/true").plan).has_value();
}
#define NEEDS_NAMESPACES() \
  if (!can_launch()) SKIP_TEST("this machine makes no such namespaces for this user")

}  // namespace hutch::test
