#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <fcntl.h>

#include "child/channel.h"
#include "child/mounts.h"
#include "child/steps.h"

/// A pseudo-terminal of the sandbox's own: pts(4), ioctl_tty(2).

namespace hutch {
namespace {

struct WindowSize {  // struct winsize of ioctl_tty(2)
  unsigned short rows = 24, columns = 80, width = 0, height = 0;
};

/// Looks like the caller's terminal, if there is one. In the background its modes are somebody else's, such
/// as those in which a shell edits its line. A terminal with modes of its own works, too.
void imitate(const OpenTerminal& s, bool in_foreground, int slave) noexcept {
  WindowSize size;
  if (s.streams.size > 0) {
    const std::uint32_t like = s.streams.data[0];
    struct termios2 modes = {};
    if (in_foreground && sys::call(SYS_ioctl, like, TCGETS2, &modes) >= 0)
      sys::call(SYS_ioctl, slave, TCSETS2, &modes);
    sys::call(SYS_ioctl, like, TIOCGWINSZ, &size);
  }
  sys::call(SYS_ioctl, slave, TIOCSWINSZ, &size);
}

}  // namespace

Outcome run(const OpenTerminal& s, const ChildContext& context) noexcept {
  constexpr int kHow = O_RDWR | O_NOCTTY | O_CLOEXEC;
  const Fd master(s.devpts == kNone ? sys::open_at(AT_FDCWD, "/dev/ptmx", kHow)
                                    : sys::open_at(in_slot(context, s.devpts), "ptmx", kHow));
  if (!master.ok()) return failed(Call::open, master.error());
  const int unlocked = 0;
  if (const long rc = sys::call(SYS_ioctl, master.get(), TIOCSPTLCK, &unlocked); rc < 0)
    return check(Call::ioctl, rc);
  // Not by name: what lies at that path may be something else.
  Fd slave(sys::call(SYS_ioctl, master.get(), TIOCGPTPEER, kHow));
  if (!slave.ok()) return failed(Call::ioctl, slave.error());
  imitate(s, context.in_foreground, slave.get());
  const int handed = master.get();
  const Outcome sent = send_message(context.channel_fd, {.kind = Message::Kind::terminal}, &handed, 1);
  if (sent.ok()) context.slots[s.slot] = slave.release();
  return sent;
}

Outcome run(const TakeTerminal& s, const ChildContext& context) noexcept {
  return check(Call::ioctl, sys::call(SYS_ioctl, in_slot(context, s.slot), TIOCSCTTY, 0));
}

Outcome run(const NewGroup& s, const ChildContext& context) noexcept {
  if (const long rc = sys::call(SYS_setpgid, 0, 0); rc < 0) return check(Call::setpgid, rc);
  if (s.terminal == kNone) return {};
  // From the background: works since SIGTTOU is blocked until ResetSignals.
  const auto group = static_cast<pid_t>(sys::call(SYS_getpid));
  return check(Call::ioctl, sys::call(SYS_ioctl, in_slot(context, s.terminal), TIOCSPGRP, &group));
}

}  // namespace hutch
