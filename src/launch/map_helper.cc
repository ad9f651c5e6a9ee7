#include "launch/map_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "base/text.h"

namespace hutch {
namespace {

constexpr std::size_t kLongestWords = 2000;

/// posix_spawn's options, freed at the end.
struct Options {
  Options() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;
  ~Options() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

int spawn(const RunMapHelper& step, pid_t child, int complaints, pid_t& helper) {
  std::string pid = std::to_string(child);
  std::string program(step.program.view());
  std::vector<std::string> rows;
  for (const ZStr row : step.rows) rows.emplace_back(row.view());
  std::vector<char*> words{program.data(), pid.data()};
  for (std::string& row : rows) words.push_back(row.data());
  words.push_back(nullptr);
  std::string path = "PATH=/usr/bin:/bin:/usr/sbin:/sbin", locale = "LC_ALL=C";
  std::array<char*, 3> environment{path.data(), locale.data(), nullptr};

  Options options;
  ::posix_spawn_file_actions_addopen(&options.actions, 0, "/dev/null", O_RDWR, 0);
  ::posix_spawn_file_actions_addopen(&options.actions, 1, "/dev/null", O_RDWR, 0);
  ::posix_spawn_file_actions_adddup2(&options.actions, complaints, 2);
  sigset_t none, all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&options.attributes, &none);
  ::posix_spawnattr_setsigdefault(&options.attributes, &all);
  ::posix_spawnattr_setflags(&options.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  return ::posix_spawn(&helper, program.c_str(), &options.actions, &options.attributes, words.data(),
                       environment.data());
}

/// Reads what it says until it has nothing more to say; a signal ends the waiting.
void listen(int complaints, pid_t helper, const Signals& signals, HelperEnding& ending) {
  std::array<pollfd, 2> ends{{{complaints, POLLIN, 0}, {signals.fd(), POLLIN, 0}}};
  while (true) {
    ends[0].revents = 0;
    if (::poll(ends.data(), ends.size(), -1) < 0 && errno != EINTR) return;
    while (const auto signal = signals.take()) {
      if (!ends_setup(*signal)) continue;
      ending.signal = static_cast<int>(signal->ssi_signo);
      ::kill(helper, SIGKILL);
    }
    if (ends[0].revents == 0) continue;
    std::array<char, 512> piece;
    const ssize_t got = ::read(complaints, piece.data(), piece.size());
    if (got <= 0) return;
    if (ending.said.size() < kLongestWords) ending.said.append(piece.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

HelperEnding run_map_helper(const RunMapHelper& step, pid_t child, const Signals& signals) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) < 0) return {.call = Call::pipe2, .error = errno};
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  pid_t helper = -1;
  if (const int error = spawn(step, child, writer.get(), helper); error != 0)
    return {.call = Call::execve, .error = error};
  writer.reset();

  HelperEnding ending;
  listen(reader.get(), helper, signals, ending);
  siginfo_t ended = {};
  while (::waitid(P_PID, static_cast<id_t>(helper), &ended, WEXITED) < 0 && errno == EINTR) {
  }
  ending.said = printable(std::string_view(ending.said).substr(0, ending.said.find('\n')));
  if (ended.si_code == CLD_EXITED && ended.si_status == 0) return ending;
  // Its own words say more than any errno; EPERM stands for "it refused".
  ending.call = Call::execve;
  ending.error = EPERM;
  if (ending.said.empty()) ending.said = fmt::format("it ended with status {}", ended.si_status);
  return ending;
}

}  // namespace hutch
