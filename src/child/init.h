#pragma once

#include <signal.h>

#include "child/channel.h"
#include "child/signals.h"

namespace hutch {

/// The minimal pid 1: reaps, forwards, and ends with the program. pid_namespaces(7). Without a pid namespace
/// of its own it is a subreaper, and ends by itself what the program leaves behind. All of it is numbers: it
/// can be handed to another program.
struct Init {
  int self = 0, program = 0;
  int channel = -1, processes = -1, terminal = -1;
  int namespaces[kNamespaceFileCount] = {-1, -1, -1, -1, -1, -1, -1, -1};
  int namespace_count = 0;

  /// The kernel gives a process its own namespaces whenever it asks: pidfd_open(2), ioctl_pidfd, Linux 6.11.
  /// Then there is nothing to open before.
  bool asks_kernel = false;
  static bool can_ask_kernel() noexcept;

  /// Of the directory `folder`. The files themselves: the folder is one of the host's /proc, and a program
  /// that may trace could climb from it. `flags` are those of open(2).
  void open_namespaces(int folder, int flags) noexcept;

  /// Everything that this process could be abused for goes; two more descriptors stay.
  [[nodiscard]] Outcome shrink(int report, int ready) const noexcept;

  [[noreturn]] void serve() const noexcept;

 private:
  void reap() const noexcept;
  void follow(const siginfo_t& change) const noexcept;
  void forward(int signal, const siginfo_t& info) const noexcept;
  void send_namespaces() const noexcept;
};

/// Overwrites with zeros.
void wipe(volatile char* bytes, std::size_t count) noexcept;

}  // namespace hutch
