#include <fcntl.h>
#include <linux/if.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <iterator>

#include "child/channel.h"
#include "child/mounts.h"
#include "child/places.h"
#include "child/signals.h"
#include "child/sort_few.h"
#include "child/steps.h"

namespace hutch {
namespace {

constexpr int kIoPriorityOfProcess = 1;  // IOPRIO_WHO_PROCESS, IOPRIO_CLASS_SHIFT of ioprio_set(2)
constexpr int kIoClassShift = 13;
constexpr int kPosixStreams = 3;
constexpr std::uint32_t kMostCpus = 8192;  // the largest NR_CPUS there is

constexpr std::uint32_t kBits = 8 * sizeof(unsigned long);

}  // namespace

Outcome run(const AwaitParent&, const ChildContext& context) noexcept {
  char go = 0;
  long got = -EINTR;
  while (got == -EINTR) got = sys::call(SYS_read, context.go_fd, &go, 1);
  if (got == 0) return failed(Call::read, EPIPE);  // the parent is gone
  if (got < 0) return check(Call::read, got);
  sys::close(context.go_fd);
  return {};
}

bool parent_is_gone(const ChildContext& context) noexcept {
  return context.report_fd >= 0 && reader_is_gone(context.report_fd);
}

Outcome run(const DieWithParent&, const ChildContext& context) noexcept {
  const long rc = sys::call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (rc < 0) return check(Call::prctl, rc);
  // Before this it might have died unnoticed.
  return parent_is_gone(context) ? failed(Call::poll, EPIPE) : Outcome{};
}

Outcome run(const KeepOpen& s, const ChildContext& context) noexcept {
  Fd directory(sys::open_at(AT_FDCWD, s.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory.ok()) return failed(Call::open, directory.error());
  context.slots[s.slot] = directory.release();
  return {};
}

Outcome run(const HideFromOthers&, const ChildContext&) noexcept {
  return check(Call::prctl, sys::call(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0));
}

Outcome run(const UnshareTime&, const ChildContext&) noexcept {
  return check(Call::unshare, sys::call(SYS_unshare, CLONE_NEWTIME));
}

Outcome run(const SetHostname& s, const ChildContext&) noexcept {
  return check(Call::sethostname, sys::call(SYS_sethostname, s.name.c_str(), s.name.size()));
}

Outcome run(const SetDomainname& s, const ChildContext&) noexcept {
  return check(Call::setdomainname, sys::call(SYS_setdomainname, s.name.c_str(), s.name.size()));
}

Outcome run(const BringLoopbackUp&, const ChildContext&) noexcept {
  // Any socket will do for interface flags; this family is there even where IPv4 is not.
  const Fd socket(sys::call(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.ok()) return failed(Call::socket, socket.error());
  struct ifreq request = {};
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  // The other flags of a new loopback cannot be changed (netdevice(7)).
  request.ifr_flags = IFF_UP;
  return check(Call::ioctl, sys::call(SYS_ioctl, socket.get(), SIOCSIFFLAGS, &request));
}

Outcome run(const SetLimit& s, const ChildContext&) noexcept {
  const struct rlimit limit = {s.soft, s.hard};
  return check(Call::prlimit, sys::call(SYS_prlimit64, 0, s.resource, &limit, nullptr));
}

Outcome run(const SetNice& s, const ChildContext&) noexcept {
  return check(Call::setpriority, sys::call(SYS_setpriority, PRIO_PROCESS, 0, s.nice));
}

Outcome run(const SetIoPriority& s, const ChildContext&) noexcept {
  return check(Call::ioprio_set,
               sys::call(SYS_ioprio_set, kIoPriorityOfProcess, 0, s.io_class << kIoClassShift | s.level));
}

Outcome run(const SetAffinity& s, const ChildContext&) noexcept {
  unsigned long mask[kMostCpus / kBits] = {};
  for (const std::uint32_t cpu : s.cpus) {
    if (cpu >= kMostCpus) return failed(Call::sched_setaffinity, EINVAL);
    mask[cpu / kBits] |= 1UL << cpu % kBits;
  }
  return check(Call::sched_setaffinity, sys::call(SYS_sched_setaffinity, 0, sizeof mask, mask));
}

Outcome run(const SetPersonality& s, const ChildContext&) noexcept {
  return check(Call::personality, sys::call(SYS_personality, s.persona));
}

Outcome run(const SetTimerSlack& s, const ChildContext&) noexcept {
  return check(Call::prctl, sys::call(SYS_prctl, PR_SET_TIMERSLACK, s.slack, 0, 0, 0));
}

Outcome run(const ScheduleCore&, const ChildContext&) noexcept {
  return check(Call::prctl, sys::call(SYS_prctl, PR_SCHED_CORE, PR_SCHED_CORE_CREATE, 0,
                                      PR_SCHED_CORE_SCOPE_THREAD_GROUP, 0));
}

Outcome run(const SetUmask& s, const ChildContext&) noexcept {
  sys::call(SYS_umask, s.mask);
  return {};
}

Outcome run(const NewSession&, const ChildContext&) noexcept {
  return check(Call::setsid, sys::call(SYS_setsid));
}

Outcome run(const ConnectStream& s, const ChildContext& context) noexcept {
  return check(Call::dup2, sys::call(SYS_dup3, in_slot(context, s.slot), s.stream, 0));
}

Outcome run(const ResetSignals&, const ChildContext& context) noexcept {
  if (const Outcome defaults = default_dispositions(context.disposed); !defaults.ok()) return defaults;
  return set_signal_mask(0);
}

Outcome run(const CloseDescriptors& s, const ChildContext& context) noexcept {
  // Closed, and not only on exec: the kernel opens the interpreter of a script as this process, and
  // "#!/proc/self/fd/7" would lead through what set-up has open. What is told to the parent is a pipe and a
  // socket, through which nothing leads.
  context.places->forget();
  int own[] = {context.report_fd, context.channel_fd, context.init_ready};
  sort_few(own);
  unsigned from = kPosixStreams;
  const auto close_up_to = [&from](unsigned kept) noexcept {
    if (kept < from) return Outcome{};
    const long rc = kept > from ? sys::call(SYS_close_range, from, kept - 1, 0) : 0;
    from = kept + 1;
    return check(Call::close_range, rc);
  };
  std::size_t next = 0;
  const auto keep_own_below = [&](unsigned limit) noexcept {
    for (; next < std::size(own) && (own[next] < 0 || static_cast<unsigned>(own[next]) < limit); ++next) {
      if (own[next] < 0) continue;
      if (const Outcome closed = close_up_to(static_cast<unsigned>(own[next])); !closed.ok()) return closed;
    }
    return Outcome{};
  };
  std::uint32_t number = 0;
  for (const std::uint32_t kept : s.keep) {
    ++number;
    if (const Outcome closed = keep_own_below(kept); !closed.ok()) return closed;
    if (const Outcome closed = close_up_to(kept); !closed.ok()) return closed;
    const long rc = sys::call(SYS_fcntl, kept, F_SETFD, 0);
    if (rc < 0) return failed(Call::fcntl, static_cast<int>(-rc), number);
  }
  if (const Outcome closed = keep_own_below(~0U); !closed.ok()) return closed;
  return check(Call::close_range, sys::call(SYS_close_range, from, ~0U, 0));
}

}  // namespace hutch
