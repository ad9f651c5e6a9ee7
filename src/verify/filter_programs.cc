#include "verify/filter_programs.h"

#include <errno.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launch/errno_text.h"

namespace hutch {
namespace {

/// Stops the process, and lets it go again.
class Stopped {
 public:
  explicit Stopped(pid_t process) : process_(process) {
    if (::ptrace(PTRACE_SEIZE, process, nullptr, nullptr) < 0) {
      error_ = errno;
      return;
    }
    seized_ = true;
    if (::ptrace(PTRACE_INTERRUPT, process, nullptr, nullptr) < 0) error_ = errno;
    int status = 0;
    while (error_ == 0 && ::waitpid(process, &status, __WALL) < 0) {
      if (errno != EINTR) error_ = errno;
    }
    if (error_ == 0 && !WIFSTOPPED(status)) error_ = ESRCH;
  }
  ~Stopped() {
    if (seized_) ::ptrace(PTRACE_DETACH, process_, nullptr, nullptr);
  }
  Stopped(const Stopped&) = delete;
  Stopped& operator=(const Stopped&) = delete;
  [[nodiscard]] int error() const { return error_; }

 private:
  pid_t process_;
  int error_ = 0;
  bool seized_ = false;
};

}  // namespace

FilterPrograms read_filters(pid_t process) {
  const Stopped stopped(process);
  if (stopped.error() != 0) return {.problem = "ptrace: " + errno_text(stopped.error())};
  FilterPrograms found;
  for (unsigned long number = 0;; ++number) {
    // By number: the C library wants a pointer for it.
    const long length = ::syscall(SYS_ptrace, PTRACE_SECCOMP_GET_FILTER, process, number, nullptr);
    if (length < 0 && errno == ENOENT) return found;
    if (length < 0) return {.problem = "PTRACE_SECCOMP_GET_FILTER: " + errno_text(errno)};
    std::vector<sock_filter> program(static_cast<std::size_t>(length));
    if (::syscall(SYS_ptrace, PTRACE_SECCOMP_GET_FILTER, process, number, program.data()) < 0)
      return {.problem = "PTRACE_SECCOMP_GET_FILTER: " + errno_text(errno)};
    found.programs.push_back(std::move(program));
  }
}

}  // namespace hutch
