#include "cli/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/unique_fd.h"
#include "cli/session.h"

namespace hutch {
namespace {

Diagnostic no_process(const char* call) {
  return {.code = "E0923", .what = fmt::format("a test cannot be run: {}: {}", call, ::strerror(errno))};
}

struct Ends {
  UniqueFd reader, writer;
  bool make() {
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) < 0) return false;
    reader = UniqueFd(ends[0]);
    writer = UniqueFd(ends[1]);
    return ::fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
  }
};

/// A file without a name that holds `input`, at its beginning.
UniqueFd file_of(std::string_view input) {
  UniqueFd file(::memfd_create("stdin", MFD_CLOEXEC));
  if (file && (!write_all(file.get(), input) || ::lseek(file.get(), 0, SEEK_SET) != 0)) return {};
  return file;
}

/// What is there to read now. False at the end.
bool read_some(int fd, std::size_t most, Written& into) {
  std::array<char, 65536> bytes{};
  while (true) {
    const ssize_t got = ::read(fd, bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return false;
    const std::size_t kept = std::min(most - into.text.size(), static_cast<std::size_t>(got));
    into.text.append(bytes.data(), kept);
    into.is_cut = into.is_cut || kept < static_cast<std::size_t>(got);
  }
}

class Capture {
 public:
  Capture(const HeldSignals& signals, std::size_t most) : most_(most), signals_(signals) {}

  Result<Captured> run(const std::string& folder, std::string_view input,
                       const std::function<std::string()>& body) {
    const UniqueFd file = file_of(input);
    if (!file) return fail(no_process("memfd_create"));
    if (!out_.make() || !err_.make() || !told_.make()) return fail(no_process("pipe2"));
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child < 0) return fail(no_process("fork"));
    if (child == 0) be_the_child(parent, file.get(), folder, body);
    for (Ends* each : {&out_, &err_, &told_}) each->writer.reset();
    follow(child);
    return std::move(captured_);
  }

 private:
  [[noreturn]] void be_the_child(pid_t parent, int input, const std::string& folder,
                                 const std::function<std::string()>& body) {
    signals_.let_go();
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(1);
    const bool ready = ::dup2(input, 0) == 0 && ::dup2(out_.writer.get(), 1) == 1 &&
                       ::dup2(err_.writer.get(), 2) == 2 && ::chdir(folder.c_str()) == 0;
    if (!ready) ::_exit(1);
    write_all(told_.writer.get(), body());
    ::_exit(0);
  }

  void follow(pid_t child) {
    const UniqueFd ending(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
    Written told;
    std::array<pollfd, 5> ends{{{out_.reader.get(), POLLIN, 0},
                                {err_.reader.get(), POLLIN, 0},
                                {told_.reader.get(), POLLIN, 0},
                                {signals_.fd(), POLLIN, 0},
                                {ending.get(), POLLIN, 0}}};
    const std::array<std::pair<Written*, std::size_t>, 3> into{
        {{&captured_.out, most_}, {&captured_.err, most_}, {&told, SIZE_MAX}}};
    bool has_ended = false;
    while (!has_ended) {
      if (::poll(ends.data(), ends.size(), -1) < 0 && errno != EINTR) break;
      has_ended = ends[4].revents != 0;
      // A last time after the end: what is left behind may hold the other ends open for ever.
      for (std::size_t i = 0; i < into.size(); ++i) {
        if (ends[i].fd >= 0 && !read_some(ends[i].fd, into[i].second, *into[i].first)) ends[i].fd = -1;
      }
      if (const int signal = signals_.take()) {
        captured_.interrupted_by = signal;
        ::kill(child, SIGTERM);
      }
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) captured_.told = std::move(told.text);
  }

  std::size_t most_;
  const HeldSignals& signals_;
  Ends out_, err_, told_;
  Captured captured_;
};

}  // namespace

HeldSignals::HeldSignals() {
  sigset_t held;
  ::sigemptyset(&held);
  for (const int each : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) ::sigaddset(&held, each);
  ::sigprocmask(SIG_BLOCK, &held, &before_);
  fd_ = UniqueFd(::signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK));
}

HeldSignals::~HeldSignals() { let_go(); }

void HeldSignals::let_go() const { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

int HeldSignals::take() const {
  signalfd_siginfo signal = {};
  return ::read(fd_.get(), &signal, sizeof signal) == sizeof signal ? static_cast<int>(signal.ssi_signo) : 0;
}

Result<Captured> capture(const HeldSignals& signals, const std::string& folder, std::string_view input,
                         std::size_t most, const std::function<std::string()>& body) {
  return Capture(signals, most).run(folder, input, body);
}

}  // namespace hutch
