#pragma once

#include <poll.h>
#include <termios.h>

#include <span>
#include <string>

#include "base/unique_fd.h"
#include "plan/step.h"

namespace hutch {

/// Is this process in the foreground of its terminal? True where that is not its controlling one: nobody
/// manages it. tcgetpgrp(3).
bool is_in_foreground(int terminal) noexcept;
/// … of the first of the step's streams; true without a step.
bool is_in_foreground(const OpenTerminal* step) noexcept;

/// Carries bytes between the caller's terminal and the pseudo-terminal of the program, and keeps the former
/// in raw mode meanwhile. In the background it neither reads the keyboard nor touches the modes. Without a
/// terminal of the caller it carries standard input and output. termios(3), pts(4).
class Relay {
 public:
  Relay(const OpenTerminal& step, UniqueFd master);
  /// Gives the caller's terminal its modes back.
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  static constexpr std::size_t kPolled = 3;
  /// What to wait for, for poll(2); then what came of it.
  void prepare(std::span<pollfd, kPolled> ends) const noexcept;
  void carry(std::span<const pollfd, kPolled> ends);

  /// The caller's terminal may have changed its size. True if it had: the kernel then tells the program.
  bool resize() noexcept;
  /// The caller's terminal gets its modes back while we are stopped …
  void suspend() noexcept;
  /// … and is raw again if we are in the foreground.
  void resume() noexcept;
  /// Nobody tells a running job that it has come to the foreground: look from time to time.
  [[nodiscard]] bool in_background() const noexcept {
    return terminal_ >= 0 && !reads_keyboard_ && !hung_up_;
  }
  /// The program has ended: the last of its output.
  void drain();

 private:
  [[nodiscard]] bool in_foreground() const noexcept;
  void read_keyboard();
  void end_of_input();
  void write_master();
  bool read_master();  ///< false when nothing is there now
  void write_screen();

  UniqueFd master_;
  UniqueFd reopened_;  ///< the caller's terminal by a description of our own, which may be non-blocking
  int terminal_ = -1;  ///< of the caller: 0, 1 or 2; -1: none
  int keyboard_ = 0, screen_ = 1;
  termios modes_ = {};
  bool raw_ = false, hung_up_ = false, reads_keyboard_ = true, master_open_ = true, screen_open_ = true;
  std::string to_program_, to_screen_;
};

}  // namespace hutch
