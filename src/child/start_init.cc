#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/prctl.h>
#include <sys/personality.h>

#include "child/close_rows.h"
#include "child/init.h"
#include "child/init_image.h"
#include "child/mounts.h"
#include "child/places.h"
#include "child/share.h"
#include "child/steps.h"

/// One process becomes two: the init, and what will be the program.

namespace hutch {
namespace {

/// /proc/1/environ and /proc/1/cmdline show this memory to everybody inside.
void forget_caller(const ChildContext& context) noexcept {
  for (char** entry = context.caller_environment; entry != nullptr && *entry != nullptr; ++entry) {
    std::size_t length = 0;
    while ((*entry)[length] != '\0') ++length;
    wipe(*entry, length);
  }
  wipe(context.caller_arguments.data(), context.caller_arguments.size());
}

/// Where we are not pid 1, our end is not everybody's.
Outcome prepare_to_end_all(int death_signal) noexcept {
  if (const long rc = sys::call(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); rc < 0)
    return check(Call::prctl, rc);
  if (death_signal == 0) return {};
  return check(Call::prctl, sys::call(SYS_prctl, PR_SET_PDEATHSIG, kParentDied, 0, 0, 0));
}

int death_signal_of_ours() noexcept {
  int signal = 0;
  sys::call(SYS_prctl, PR_GET_PDEATHSIG, &signal, 0, 0, 0);
  return signal;
}

/// A new process has none. It matters where the init is not pid 1, whose end is everybody's.
Outcome set_death_signal(int signal) noexcept {
  if (signal == 0) return {};
  return check(Call::prctl, sys::call(SYS_prctl, PR_SET_PDEATHSIG, signal, 0, 0, 0));
}

/// A program that may trace (root's, with CAP_SYS_PTRACE) takes what this process has open, from its first
/// moment on: by then nothing is open that leads to the host's files.
void close_what_leads_out(const StartInit& s, const ChildContext& context) noexcept {
  if (s.namespaces != kNone) close_slot(context, s.namespaces);
  CloseRows rows;
  for (const Pinned& pin : context.pins) rows.add(pin.fd);
  context.places->forget();
}

/// What the new process needs to go on.
struct Continuation {
  const ChildContext* context;
  std::size_t next;
  int death_signal;
  int ready[2];
};

[[noreturn]] void go_on(void* argument) noexcept {
  const Continuation from = *static_cast<const Continuation*>(argument);
  Places places;
  ChildContext context = *from.context;
  context.places = &places;
  context.init_ready = from.ready[0];
  sys::close(from.ready[1]);
  if (!set_death_signal(from.death_signal).ok()) sys::call(SYS_exit_group, kSetupFailed);
  run_steps(context, from.next);
}

Init init_of(const StartInit& s, const ChildContext& context) noexcept {
  return {.self = static_cast<int>(sys::call(SYS_getpid)),
          .channel = context.channel_fd,
          .processes = in_slot(context, s.processes),
          .terminal = in_slot(context, s.terminal),
          .asks_kernel = s.asks_kernel};
}

Outcome keep_on_exec(int fd) noexcept {
  return fd < 0 ? Outcome{} : check(Call::fcntl, sys::call(SYS_fcntl, fd, F_SETFD, 0));
}

/// What the init does not use ends with execve(2), whatever the caller has left open.
Outcome keep_for_init(const InitImage& image) noexcept {
  if (const long rc = sys::call(SYS_close_range, 0, ~0U, CLOSE_RANGE_CLOEXEC); rc < 0)
    return check(Call::close_range, rc);
  for (const int fd :
       {image.init.channel, image.init.processes, image.init.terminal, image.report, image.ready}) {
    if (const Outcome kept = keep_on_exec(fd); !kept.ok()) return kept;
  }
  for (const int fd : image.init.namespaces) {
    if (const Outcome kept = keep_on_exec(fd); !kept.ok()) return kept;
  }
  return {};
}

/// personality(2): the kernel need not look for another place for the stack, which is an eighth of an
/// execve(2). An init that hears numbers, and whose text is where it is, hides nothing by it.
void keep_stack_in_place() noexcept { sys::call(SYS_personality, ADDR_NO_RANDOMIZE); }

}  // namespace

Outcome run(const StartInit& s, const ChildContext& context) noexcept {
  // Before there is anybody inside who could look.
  if (const long rc = sys::call(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0); rc < 0)
    return check(Call::prctl, rc);
  forget_caller(context);
  if (const Outcome blocked = set_signal_mask(kAllSignals); !blocked.ok()) return blocked;
  if (const Outcome defaults = default_for_children(); !defaults.ok()) return defaults;
  const int death_signal = death_signal_of_ours();
  if (s.processes != kNone) {
    if (const Outcome ready = prepare_to_end_all(death_signal); !ready.ok()) return ready;
    if (death_signal != 0 && parent_is_gone(context)) return failed(Call::poll, EPIPE);
  }
  Init init = init_of(s, context);
  if (s.namespaces != kNone) init.open_namespaces(in_slot(context, s.namespaces));
  close_what_leads_out(s, context);

  const long program = sys::call(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (program < 0) return check(Call::clone, program);
  if (program == 0) return set_death_signal(death_signal);
  sys::call(SYS_prctl, PR_SET_NAME, kInitName, 0, 0, 0);
  init.program = static_cast<int>(program);
  if (const Outcome shrunk = init.shrink(); !shrunk.ok()) return shrunk;
  if (const Outcome closed = init.close_all_but(context.report_fd); !closed.ok()) return closed;
  sys::close(context.report_fd);
  init.serve();
}

Outcome start_init_image(const StartInit& s, const ChildContext& context, std::size_t next) noexcept {
  if (const Outcome blocked = set_signal_mask(kAllSignals); !blocked.ok()) return blocked;
  if ((context.disposed & signal_bit(SIGCHLD)) != 0) {
    if (const Outcome defaults = default_for_children(); !defaults.ok()) return defaults;
  }
  const int death_signal = death_signal_of_ours();
  // The end of pid 1 is everybody's.
  Continuation continuation{&context, next, s.processes != kNone ? death_signal : 0, {-1, -1}};
  InitImage image{.init = init_of(s, context),
                  .report = context.report_fd,
                  .step = static_cast<int>(next - 1),
                  .death_signal = death_signal};
  if (s.namespaces != kNone) image.init.open_namespaces(in_slot(context, s.namespaces));
  close_what_leads_out(s, context);
  if (const long rc = sys::call(SYS_pipe2, continuation.ready, O_CLOEXEC); rc < 0)
    return check(Call::pipe2, rc);
  image.ready = continuation.ready[1];

  const long program = clone_sharing(0, nullptr, context.program_stack, go_on, &continuation);
  if (program < 0) return check(Call::clone, program);
  image.init.program = static_cast<int>(program);
  if (const Outcome kept = keep_for_init(image); !kept.ok()) return kept;
  keep_stack_in_place();
  return image.execute(context.init_image);
}

}  // namespace hutch
