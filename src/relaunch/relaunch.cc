#include "relaunch/relaunch.h"

#include <elf.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <poll.h>
#include <sched.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include <atomic>
#include <variant>

#include "child/close_rows.h"
#include "child/file_limit.h"
#include "child/keep_dumpable.h"
#include "child/read_only_image.h"
#include "child/same_text.h"
#include "child/share.h"
#include "child/stacks.h"
#include "relaunch/kept_room.h"
#include "relaunch/plans_folder.h"

namespace hutch {
namespace {

constexpr std::int64_t kWorthTelling = 50'000'000;  ///< nanoseconds: then the launcher proper registers it

Relaunched g_running;

std::uint64_t now() noexcept {
  struct timespec time = {};
  sys::call(SYS_clock_gettime, CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

struct Pair {
  Fd reader{-EBADF}, writer{-EBADF};
};

bool make_pipe(Pair& pipe, int flags) noexcept {
  int ends[2];
  if (sys::call(SYS_pipe2, ends, O_CLOEXEC | flags) < 0) return false;
  pipe.reader = Fd(ends[0]);
  pipe.writer = Fd(ends[1]);
  return true;
}

bool make_channel(Pair& channel) noexcept {
  int ends[2];
  const int on = 1;
  if (sys::call(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) return false;
  channel.writer = Fd(ends[0]);
  channel.reader = Fd(ends[1]);
  return sys::call(SYS_setsockopt, ends[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) >= 0;
}

bool write_child_file(const WriteChildFile& step, long child) noexcept {
  char path[64];
  char* end = path;
  for (const char* from = "/proc/"; *from != '\0'; ++from) *end++ = *from;
  end = put_number(end, static_cast<std::uint64_t>(child));
  *end++ = '/';
  if (step.name.size() >= 32) return false;
  for (const char c : step.name.view()) *end++ = c;
  *end = '\0';
  const Fd file(sys::open_at(AT_FDCWD, path, O_WRONLY | O_CLOEXEC));
  return file.ok() && sys::call(SYS_write, file.get(), step.content.c_str(), step.content.size()) ==
                          static_cast<long>(step.content.size());
}

/// The signals that are ignored or have a handler: SigIgn and SigCgt of /proc/PID/status
/// (proc_pid_status(5)). One file costs less than to set each of 62 signals; where it cannot be read, that is
/// what happens.
SignalSet disposed_signals() noexcept {
  const std::span<char> text = spare_room();
  constexpr SignalSet kAll = ~SignalSet{0};
  const Fd file(sys::open_at(AT_FDCWD, "/proc/self/status", O_RDONLY | O_CLOEXEC));
  const long size = file.ok() ? sys::call(SYS_read, file.get(), text.data(), text.size() - 1) : -1;
  if (size <= 0) return kAll;
  text[static_cast<std::size_t>(size)] = '\0';
  SignalSet found = 0;
  unsigned count = 0;
  for (const char* line = text.data(); *line != '\0'; ++line) {
    const char* digits = rest_of(line, "SigIgn:\t");
    if (digits == nullptr) digits = rest_of(line, "SigCgt:\t");
    SignalSet set = 0;
    for (unsigned i = 0; digits != nullptr && i < 16; ++i) {
      const char c = digits[i];
      const bool is_digit = c >= '0' && c <= '9';
      if (!is_digit && (c < 'a' || c > 'f')) return kAll;
      set = set << 4 | static_cast<SignalSet>(is_digit ? c - '0' : c - 'a' + 10);
    }
    if (digits != nullptr) found |= set, ++count;
    while (*line != '\n' && line[1] != '\0') ++line;
  }
  return count == 2 ? found : kAll;
}

/// What a launcher does with signals, in short: all wait until the launcher proper takes them.
class HeldSignals {
 public:
  HeldSignals() noexcept {
    const KernelSigaction defaults;
    sys::call(SYS_rt_sigprocmask, SIG_SETMASK, &kAllSignals, &mask_, sizeof mask_);
    sys::call(SYS_rt_sigaction, SIGCHLD, &defaults, &child_, sizeof child_.mask);
  }
  ~HeldSignals() {
    if (handed_over_) return;
    sys::call(SYS_rt_sigaction, SIGCHLD, &child_, nullptr, sizeof child_.mask);
    set_signal_mask(mask_);
  }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  void hand_over(Relaunched& to) noexcept {
    to.mask_before = mask_;
    to.child_signal_before = child_;
    handed_over_ = true;
  }

 private:
  SignalSet mask_ = 0;
  KernelSigaction child_;
  bool handed_over_ = false;
};

/// Waits for the end of a sandbox, or until the launcher proper has to know of it; signals can wait so long.
/// True for the first.
bool await_end(int pidfd) noexcept {
  struct pollfd end = {pidfd, POLLIN, 0};
  struct timespec patience = {0, kWorthTelling};
  return sys::call(SYS_ppoll, &end, 1, &patience, nullptr, 8) > 0;
}

/// Waits for the end of set-up, however long that takes, or for a signal that ends it: its number, else 0.
/// One that the caller ignores does not, nor one that comes when the program is about to begin: it is the
/// program's.
int await_set_up(int report, const std::atomic<bool>& executes) noexcept {
  SignalSet ending = 0;
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
    KernelSigaction now;
    sys::call(SYS_rt_sigaction, signal, nullptr, &now, sizeof now.mask);
    if (now.handler != SIG_IGN) ending |= signal_bit(signal);
  }
  const Fd signals(sys::call(SYS_signalfd4, -1, &ending, sizeof ending, O_CLOEXEC));
  struct pollfd ends[] = {{report, POLLIN, 0}, {signals.get(), POLLIN, 0}};
  while (ends[0].revents == 0) {
    sys::call(SYS_ppoll, ends, 2, nullptr, nullptr, 8);
    if (ends[0].revents != 0 || ends[1].revents == 0) continue;
    struct signalfd_siginfo ended_by;
    if (!executes && sys::call(SYS_read, signals.get(), &ended_by, sizeof ended_by) > 0)
      return static_cast<int>(ended_by.ssi_signo);
    ends[1].fd = -1;
  }
  return 0;
}

[[noreturn]] void end(int status) noexcept {
  while (true) sys::call(SYS_exit_group, status);
}

void begin_child(void* context) noexcept { run_child(*static_cast<const ChildContext*>(context)); }

/// One try. Members end in reverse order.
class Launch {
 public:
  Launch(Fd file, const OwnFile& own) noexcept : file_(static_cast<Fd&&>(file)), own_(own) {}
  Launch(const Launch&) = delete;
  Launch& operator=(const Launch&) = delete;
  ~Launch() {
    kill();
    close_sources();
  }

  void run() noexcept {
    if (!prepare() || !clone() || !help_child()) return;
    bool has_ended = await_end(pidfd_.get());
    if (!has_ended && !executes_) {
      if (const int signal = await_set_up(report_.reader.get(), executes_); signal != 0) {
        kill();
        end(128 + signal);
      }
      has_ended = await_end(pidfd_.get());
    }
    // What did not come to execve has a reason to tell.
    if (!executes_ || is_told()) return;
    if (has_ended) end(reap());
    hand_over();
  }

 private:
  bool prepare() noexcept {
    if (!open_sources()) return false;
    bool lets_go = false;
    for (const Step& step : kept_steps()) {
      if (const auto* clone = std::get_if<CloneChild>(&step.op)) namespaces_ = clone->namespaces;
      lets_go |= std::holds_alternative<LetChildGo>(step.op);
    }
    // In this order what either side closes after clone lies side by side.
    return make_stacks() && make_channel(channel_) && make_pipe(report_, O_NONBLOCK) &&
           (!lets_go || make_pipe(go_, 0));
  }

  bool clone() noexcept {
    context_.steps = kept_steps();
    context_.pins = kept_pins();
    context_.slots = kept_slots();
    context_.made = kept_made();
    context_.report_fd = report_.writer.get();
    context_.channel_fd = channel_.writer.get();
    context_.go_fd = go_.reader.get();
    context_.parents_ends = {channel_.reader.get(), report_.reader.get(), go_.writer.get()};
    context_.own_file = own_.before.get();
    context_.init_image = own_.image.get();
    context_.image_is_nowhere = own_.before.ok();
    context_.program_stack = stack_top(1);
    context_.executes = &executes_;
    context_.disposed = disposed_signals();
    files_.tell(context_);
    int pidfd = -1;
    child_ = clone_sharing(namespaces_, &pidfd, stack_top(0), begin_child, &context_);
    if (child_ < 0) return false;
    pidfd_ = Fd(pidfd);
    CloseRows childs;
    childs.add(report_.writer.release());
    if (go_.reader.ok()) childs.add(go_.reader.release());
    return true;
  }

  /// The steps of Phase::parent.
  bool help_child() noexcept {
    for (const Step& step : kept_steps()) {
      if (const auto* file = std::get_if<WriteChildFile>(&step.op);
          file != nullptr && !write_child_file(*file, child_))
        return false;
      if (std::holds_alternative<LetChildGo>(step.op) && sys::call(SYS_write, go_.writer.get(), "!", 1) < 0)
        return false;
    }
    return true;
  }

  /// Has a step said that it failed?
  [[nodiscard]] bool is_told() const noexcept {
    Report report;
    return sys::call(SYS_read, report_.reader.get(), &report, sizeof report) > 0;
  }

  void kill() noexcept {
    if (!pidfd_.ok()) return;
    sys::call(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
    reap();
    pidfd_ = Fd(-EBADF);
  }

  /// What `hutch run` ends with.
  int reap() noexcept {
    siginfo_t ended = {};
    long rc = -EINTR;
    while (rc == -EINTR) rc = sys::call(SYS_waitid, P_PIDFD, pidfd_.get(), &ended, WEXITED, nullptr);
    if (rc < 0) return 128 + SIGKILL;
    return ended.si_code == CLD_EXITED ? ended.si_status : 128 + ended.si_status;
  }

  void hand_over() noexcept {
    g_running.child = static_cast<pid_t>(child_);
    g_running.pidfd = pidfd_.release();
    g_running.channel = channel_.reader.release();
    g_running.childs_channel = channel_.writer.release();
    g_running.file = file_.release();
    g_running.began = began_;
    signals_.hand_over(g_running);
  }

  // The child's, too, in this very place, until the program begins.
  ChildContext context_;
  std::atomic<bool> executes_ = false;
  Fd file_;
  const std::uint64_t began_ = now();
  HeldSignals signals_;
  const KeepDumpable dumpable_;
  const FileLimit files_{kept_slots().size(), kept_pins().size()};
  const OwnFile& own_;
  Pair report_, go_, channel_;
  std::uint64_t namespaces_ = 0;
  long child_ = -1;
  Fd pidfd_{-EBADF};
};

bool is_privileged(char** behind_environment) noexcept {
  for (const auto* each = reinterpret_cast<const Elf64_auxv_t*>(behind_environment); each->a_type != AT_NULL;
       ++each) {
    if (each->a_type == AT_SECURE) return each->a_un.a_val != 0;
  }
  return true;
}

}  // namespace

const Relaunched* relaunched() noexcept { return g_running.child > 0 ? &g_running : nullptr; }

void relaunch(long* stack, const OwnFile& own) noexcept {
  char** const words = reinterpret_cast<char**>(stack + 1);
  char** const environment = words + *stack + 1;
  char** end = environment;
  while (*end != nullptr) ++end;
  if (is_privileged(end + 1) || value_of(environment, kOwnPath) != nullptr) return;
  Fd file(-EBADF);
  // As in find_kept.
  for (const Fd* each : {&own.image, &own.before}) {
    if (each->ok() && each->get() <= STDERR_FILENO) return;
  }
  if (find_kept(words + 1, environment, file)) Launch(static_cast<Fd&&>(file), own).run();
  forget_room();
}

}  // namespace hutch
