#pragma once

#include <signal.h>

#include "child/sys.h"

/// Signals as the kernel has them: 64 bits, no library in between (it keeps two for itself).

namespace hutch {

using SignalSet = std::uint64_t;
inline constexpr int kSignals = 64;
inline constexpr SignalSet kAllSignals = ~SignalSet{0};

/// struct sigaction; all zeros is SIG_DFL.
struct KernelSigaction {
  void (*handler)(int) = nullptr;
  unsigned long flags = 0;
  void (*restorer)() = nullptr;
  SignalSet mask = 0;
};

constexpr SignalSet signal_bit(int signal) noexcept { return SignalSet{1} << (signal - 1); }

inline Outcome set_signal_mask(SignalSet mask) noexcept {
  return check(Call::rt_sigprocmask, sys::call(SYS_rt_sigprocmask, SIG_SETMASK, &mask, nullptr, sizeof mask));
}

/// SIG_DFL for these.
Outcome default_dispositions(SignalSet signals) noexcept;
/// For a process that has all of them blocked: of those only SIGCHLD's matters, since an ignored one reaps
/// children behind one's back.
Outcome default_for_children() noexcept;

/// Has the launcher died, as far as the report pipe tells?
bool parent_is_gone(const ChildContext& context) noexcept;

}  // namespace hutch
