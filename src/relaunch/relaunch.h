#pragma once

#include <sys/types.h>

#include <cstdint>

#include "child/read_only_image.h"
#include "child/same_text.h"
#include "child/signals.h"

/// A launch that was made before is made again, without the C library: everything that costs a launcher more
/// than what it is there for is left out. What is kept of the one before (kept_file.h) is used where the same
/// words are given, by the same caller, and every question about the world has the same answer; src/recall
/// wrote it, and does the same where this cannot.
///
/// Until the program begins nothing has happened that another try would not do again: on any trouble the
/// sandbox is ended, and the launcher proper begins as if nothing had been, to find the reason and to say it.
/// A program that does not end at once is handed over to it; signals that come so early wait for that.

namespace hutch {

/// What this process has running when main begins.
struct Relaunched {
  pid_t child = -1;
  int pidfd = -1;
  int channel = -1, childs_channel = -1;  ///< child/channel.h
  int file = -1;                          ///< what it was launched from: kept_file.h
  SignalSet mask_before = 0;              ///< of the caller; now all signals are blocked
  KernelSigaction child_signal_before;
  std::uint64_t began = 0;  ///< CLOCK_MONOTONIC, nanoseconds
};

/// Whether the process is one that relaunch() is for; `stack` as the kernel hands it to a program.
inline bool may_be_made_again(const long* stack) noexcept {
  const auto* const words = reinterpret_cast<char* const*>(stack + 1);
  return *stack >= 3 && same_text(words[1], "run");
}

/// Of a process that may_be_made_again(), and that runs from `own.image`. Ends the process with the program's
/// status, or comes back.
void relaunch(long* stack, const OwnFile& own) noexcept;

/// Null: nothing runs.
const Relaunched* relaunched() noexcept;

}  // namespace hutch
