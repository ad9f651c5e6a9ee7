#pragma once

#include <signal.h>
#include <sys/signalfd.h>

#include <optional>

#include "base/unique_fd.h"

namespace hutch {

/// While it lives, the signals that concern a launcher come through a descriptor instead of at any moment,
/// and ended children can be waited for whatever the caller ignores. Signals that the caller ignores stay so.
/// Everything is as before at its end.
class Signals {
 public:
  Signals();
  /// Where another part of this process had them held back already: what was before that.
  Signals(sigset_t mask_before, const struct sigaction& child_before);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] int error() const noexcept { return error_; }
  /// The next one that is waiting.
  [[nodiscard]] std::optional<signalfd_siginfo> take() const noexcept;

  /// All signals, around clone.
  void block_all() const noexcept;
  void unblock() const noexcept;

 private:
  void take_over();

  sigset_t taken_, before_;
  struct sigaction child_before_ = {};
  UniqueFd fd_;
  int error_ = 0;
};

/// From kill(2), sigqueue(3) or tgkill(2), not from the kernel: a terminal tells its whole foreground group
/// itself.
bool was_sent(const signalfd_siginfo& signal) noexcept;
/// Does a launcher hand it to the program? The others act on the launcher as they do on any process.
bool is_passed_on(int signal) noexcept;
/// TERM, INT, HUP, QUIT: set-up ends, and the launcher with it.
bool ends_setup(const signalfd_siginfo& signal) noexcept;
/// Stops this process as SIGTSTP would have done; comes back when it is continued.
void stop_as_told() noexcept;
/// Stops this whole process group, as the terminal would have done. False if it cannot be stopped, since
/// nobody would continue it (an orphaned process group, see setpgid(2)); else it has been continued.
bool stop_group() noexcept;

}  // namespace hutch
