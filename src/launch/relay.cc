#include "launch/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace hutch {
namespace {

/// At most this much at once: a pipe that is ready for writing takes it without waiting (PIPE_BUF of
/// pipe(7)).
constexpr std::size_t kPiece = 4096;
constexpr std::size_t kMostUnwritten = 65536;
constexpr char kEndOfFile = 4;  ///< ^D, the usual VEOF

constexpr std::size_t kMaster = 0, kKeyboard = 1, kScreen = 2;  ///< of the polled ends

}  // namespace

bool is_in_foreground(int terminal) noexcept {
  const pid_t foreground = ::tcgetpgrp(terminal);
  return foreground < 0 || foreground == ::getpgrp();
}

bool is_in_foreground(const OpenTerminal* step) noexcept {
  return step == nullptr || step->streams.size == 0 ||
         is_in_foreground(static_cast<int>(step->streams.data[0]));
}

Relay::Relay(const OpenTerminal& step, UniqueFd master) : master_(std::move(master)) {
  ::fcntl(master_.get(), F_SETFL, O_RDWR | O_NONBLOCK);
  if (step.streams.size > 0) {
    terminal_ = static_cast<int>(step.streams.data[0]);
    const std::string path = fmt::format("/proc/self/fd/{}", terminal_);
    reopened_.reset(::open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
    keyboard_ = reopened_ ? reopened_.get() : terminal_;
    screen_ = reopened_ ? reopened_.get() : static_cast<int>(step.streams.data[step.streams.size - 1]);
  }
  resize();
  resume();
}

Relay::~Relay() { suspend(); }

bool Relay::in_foreground() const noexcept { return terminal_ < 0 || is_in_foreground(terminal_); }

bool Relay::resize() noexcept {
  winsize ours = {}, theirs = {};
  if (terminal_ < 0 || ::ioctl(terminal_, TIOCGWINSZ, &ours) < 0) return false;
  if (::ioctl(master_.get(), TIOCGWINSZ, &theirs) < 0) return false;
  if (ours.ws_row == theirs.ws_row && ours.ws_col == theirs.ws_col && ours.ws_xpixel == theirs.ws_xpixel &&
      ours.ws_ypixel == theirs.ws_ypixel) {
    return false;
  }
  return ::ioctl(master_.get(), TIOCSWINSZ, &ours) == 0;
}

void Relay::suspend() noexcept {
  if (!raw_) return;
  raw_ = false;
  // In the background the modes are somebody else's by now.
  if (in_foreground()) ::tcsetattr(terminal_, TCSANOW, &modes_);
}

void Relay::resume() noexcept {
  reads_keyboard_ = !hung_up_ && in_foreground();
  if (terminal_ < 0 || !reads_keyboard_ || raw_) return;
  if (::tcgetattr(terminal_, &modes_) < 0) return;
  termios raw = modes_;
  ::cfmakeraw(&raw);
  raw_ = ::tcsetattr(terminal_, TCSANOW, &raw) == 0;
}

void Relay::prepare(std::span<pollfd, kPolled> ends) const noexcept {
  const bool room = to_screen_.size() < kMostUnwritten;
  const auto wanted = [](bool in, bool out) {
    return static_cast<short>((in ? POLLIN : 0) | (out ? POLLOUT : 0));
  };
  const auto set = [](pollfd& end, int fd, short events) { end = {events != 0 ? fd : -1, events, 0}; };
  set(ends[kMaster], master_.get(), master_open_ ? wanted(room, !to_program_.empty()) : short{0});
  set(ends[kKeyboard], keyboard_, wanted(reads_keyboard_ && to_program_.empty(), false));
  set(ends[kScreen], screen_, wanted(false, !to_screen_.empty()));
}

void Relay::carry(std::span<const pollfd, kPolled> ends) {
  if (ends[kKeyboard].revents != 0) read_keyboard();
  if (ends[kMaster].revents != 0) {
    if (!to_program_.empty()) write_master();
    read_master();
  }
  if (ends[kScreen].revents != 0) write_screen();
}

void Relay::read_keyboard() {
  if (!in_foreground()) {
    reads_keyboard_ = false;  // until SIGCONT
    return;
  }
  std::array<char, kPiece> piece;
  const ssize_t got = ::read(keyboard_, piece.data(), piece.size());
  if (got > 0) {
    to_program_.assign(piece.data(), static_cast<std::size_t>(got));
    write_master();
  } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
    hung_up_ = true;
    reads_keyboard_ = false;
    end_of_input();
  }
}

/// What a pipe says by its end, a terminal says by a character; in the middle of a line by two.
void Relay::end_of_input() {
  termios theirs = {};
  const bool known = ::tcgetattr(master_.get(), &theirs) == 0;
  const char end = known ? static_cast<char>(theirs.c_cc[VEOF]) : kEndOfFile;
  to_program_.append(2, end);
  write_master();
}

void Relay::write_master() {
  const ssize_t wrote = ::write(master_.get(), to_program_.data(), to_program_.size());
  if (wrote > 0) to_program_.erase(0, static_cast<std::size_t>(wrote));
  if (wrote < 0 && errno != EAGAIN && errno != EINTR) to_program_.clear();
}

bool Relay::read_master() {
  std::array<char, kPiece> piece;
  const ssize_t got = ::read(master_.get(), piece.data(), piece.size());
  if (got > 0 && screen_open_) {
    to_screen_.append(piece.data(), static_cast<std::size_t>(got));
    // Most often the screen takes it at once.
    pollfd screen = {screen_, POLLOUT, 0};
    if (::poll(&screen, 1, 0) > 0) write_screen();
  }
  // EIO: nobody has the other side open any more, not even the init.
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) master_open_ = false;
  return got > 0;
}

void Relay::write_screen() {
  const ssize_t wrote = ::write(screen_, to_screen_.data(), std::min(to_screen_.size(), kPiece));
  if (wrote > 0) to_screen_.erase(0, static_cast<std::size_t>(wrote));
  if (wrote < 0 && errno != EAGAIN && errno != EINTR) {
    screen_open_ = false;
    to_screen_.clear();
  }
}

void Relay::drain() {
  while (screen_open_) {
    const bool more = master_open_ && to_screen_.size() < kMostUnwritten && read_master();
    if (to_screen_.empty() && !more) return;
    if (to_screen_.empty()) continue;
    pollfd screen = {screen_, POLLOUT, 0};
    if (::poll(&screen, 1, -1) < 0 && errno != EINTR) return;
    write_screen();
  }
}

}  // namespace hutch
