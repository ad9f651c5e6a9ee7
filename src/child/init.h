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

  bool asks_kernel = false;  ///< for its namespaces, see StartInit

  /// Of the directory `folder`. The files themselves: the folder is one of the host's /proc, and a program
  /// that may trace could climb from it.
  void open_namespaces(int folder) noexcept;

  /// Everything that this process could be abused for goes, but for its descriptors.
  [[nodiscard]] Outcome shrink() const noexcept;

  /// Closes every descriptor that is not in here, but one.
  [[nodiscard]] Outcome close_all_but(int report) const noexcept;

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
