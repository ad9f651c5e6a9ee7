#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>

#include "base/unique_fd.h"
#include "child/run.h"

namespace hutch {

/// How a process ended: waitid(2).
struct WaitResult {
  int code = 0;    ///< CLD_EXITED, CLD_KILLED, CLD_DUMPED
  int status = 0;  ///< exit status or signal
};

/// The child: never left running, never left unreaped.
class Child {
 public:
  Child() = default;
  Child(pid_t pid, int pidfd) noexcept : pid_(pid), pidfd_(pidfd) {}
  Child(Child&& other) noexcept : pid_(other.pid_), pidfd_(static_cast<UniqueFd&&>(other.pidfd_)) {
    other.pid_ = -1;
  }
  Child& operator=(Child&&) = delete;
  ~Child() { kill_and_reap(); }

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] int pidfd() const noexcept { return pidfd_.get(); }

  void signal(int number) const noexcept;
  /// With a value that its receiver can read: sigqueue(3).
  void signal(int number, int value) const noexcept;
  /// Blocks until it has ended. Once. `used`: with what it has waited for.
  WaitResult reap(rusage* used = nullptr) noexcept;
  void kill_and_reap() noexcept;

 private:
  pid_t pid_ = -1;
  UniqueFd pidfd_;
};

struct Cloned {
  pid_t pid = -1;  ///< 0 in the child, negative on failure
  int pidfd = -1;
  int error = 0;
  std::int64_t failed_join = -1;  ///< index of the JoinNamespace that failed
};

/// clone(2) with a pidfd: a copy, as fork(2) makes it. Container run-times hide clone3(2), whose arguments
/// filters cannot read, and nothing of it is needed. Call it with all signals blocked: a periodic signal
/// would restart the making of a network namespace for ever.
Cloned clone_child(std::uint64_t namespaces) noexcept;

/// The same in our own memory: begins with run_child(context), below `stack_top`. The context and all that it
/// refers to must stay until the child has ended or has executed a program. Never returns 0.
Cloned clone_sharing_child(std::uint64_t namespaces, const ChildContext& context, void* stack_top) noexcept;

}  // namespace hutch
