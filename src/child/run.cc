#include "child/run.h"

#include <linux/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include <concepts>
#include <iterator>
#include <variant>

#include "child/channel.h"
#include "child/close_rows.h"
#include "child/places.h"
#include "child/steps.h"
#include "child/sys.h"

namespace hutch {
namespace {

/// Steps of the parent are not ours to do.
template <class T>
concept OfParent = std::same_as<T, PinSource> || std::same_as<T, MakeOutput> || std::same_as<T, OpenStream> ||
    std::same_as<T, CloneChild> || std::same_as<T, MountImage> || std::same_as<T, RunMounter> ||
    std::same_as<T, WriteChildFile> || std::same_as<T, RunMapHelper> || std::same_as<T, LetChildGo> ||
    std::same_as<T, Watch> || std::same_as<T, OpenNamespace> || std::same_as<T, JoinNamespace> ||
    std::same_as<T, PersistNamespace>;

/// False where nobody reads any more: the parent is gone.
bool tell(const ChildContext& context, std::size_t step, const Outcome& outcome) noexcept {
  const Report report{static_cast<std::uint32_t>(step), outcome.call, outcome.error, outcome.detail};
  long wrote = -EINTR;
  while (wrote == -EINTR) wrote = sys::call(SYS_write, context.report_fd, &report, sizeof report);
  return wrote > 0;
}

bool tell_that_all_stands(const ChildContext& context, std::size_t step) noexcept {
  if (context.executes == nullptr) return tell(context, step, {});
  *context.executes = true;
  return true;
}

[[noreturn]] void give_up() noexcept {
  while (true) sys::call(SYS_exit_group, kSetupFailed);
}

bool limits_files(const Step& step) noexcept {
  const auto* limit = std::get_if<SetLimit>(&step.op);
  return limit != nullptr && limit->resource == RLIMIT_NOFILE;
}

/// Set-up may need more descriptors than the program shall have, who gets what the plan says, or else what
/// the caller has.
Outcome restore_file_limit(const ChildContext& context) noexcept {
  if (context.files_hard == 0) return {};
  for (const Step& step : context.steps) {
    if (limits_files(step)) return {};
  }
  const struct rlimit limit = {context.files_soft, context.files_hard};
  return check(Call::prlimit, sys::call(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, nullptr));
}

/// prctl(PR_SET_DUMPABLE): ptrace(2) and most of /proc/PID are closed to others while it is 0. execve opens
/// them again.
Outcome let_look(const ChildContext& context) noexcept {
  if (!context.held || !context.lets_look) return {};
  return check(Call::prctl, sys::call(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0));
}

/// Waits until the launcher has looked. Without its word nothing runs.
Outcome await_word(const ChildContext& context) noexcept {
  if (!context.held) return {};
  char word = 0;
  long got = -EINTR;
  while (got == -EINTR) got = sys::call(SYS_read, context.channel_fd, &word, 1);
  if (got < 0) return check(Call::read, got);
  return got == 1 ? Outcome{} : failed(Call::read, EPIPE);
}

void note_done(const ChildContext& context, std::size_t step) noexcept {
  if (step >= context.done_at.size()) return;
  struct timespec now = {};
  sys::call(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  context.done_at[step] =
      static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

/// Nothing of the user's may run while the init still is what it was.
Outcome await_init(const ChildContext& context) noexcept {
  if (context.init_ready < 0) return {};
  char nothing = 0;
  long got = -EINTR;
  while (got == -EINTR) got = sys::call(SYS_read, context.init_ready, &nothing, 1);
  sys::close(context.init_ready);
  return check(Call::read, got);
}

void close_what_is_the_parents(const ChildContext& context) noexcept {
  CloseRows rows;
  for (const int fd : context.parents_ends) rows.add(fd);
  rows.add(context.own_file);
}

}  // namespace

const char* call_name(Call call) {
  static constexpr const char* kNames[] = {
#define HUTCH_CALL_NAME(name) #name,
      HUTCH_CALLS(HUTCH_CALL_NAME)
#undef HUTCH_CALL_NAME
  };
  const auto index = static_cast<std::size_t>(call);
  return index < std::size(kNames) ? kNames[index] : "?";
}

namespace {

Outcome do_step(const Step& step, const ChildContext& context) noexcept {
  return std::visit(
      [&context]<class T>(const T& op) noexcept {
        if constexpr (OfParent<T>) {
          return Outcome{};
        } else {
          return run(op, context);
        }
      },
      step.op);
}

}  // namespace

Outcome run_step(const Step& step, const ChildContext& context) noexcept {
  Places places;
  ChildContext own = context;
  own.places = &places;
  return do_step(step, own);
}

void run_steps(ChildContext& context, std::size_t from) noexcept {
  if (from > 0) note_done(context, from - 1);
  for (std::size_t i = from; i < context.steps.size(); ++i) {
    const Step& step = context.steps[i];
    if (step.phase < Phase::setup) continue;  // the parent's
    Outcome outcome;
    if (step.phase == Phase::exec) {
      outcome = await_init(context);
      if (outcome.ok()) outcome = restore_file_limit(context);
      if (outcome.ok() && context.channel_fd >= 0)
        outcome = send_message(context.channel_fd, {.kind = Message::Kind::begins});
      if (outcome.ok()) outcome = let_look(context);
      if (outcome.ok() && !tell_that_all_stands(context, i)) give_up();
      if (outcome.ok()) outcome = await_word(context);
    }
    if (outcome.ok()) {
      const auto* init = std::get_if<StartInit>(&step.op);
      outcome = init != nullptr && context.init_image >= 0 ? start_init_image(*init, context, i + 1)
                                                           : do_step(step, context);
    }
    if (!outcome.ok()) {
      tell(context, i, outcome);
      give_up();
    }
    note_done(context, i);
  }
  give_up();  // a plan without exec
}

void run_child(const ChildContext& given) noexcept {
  Places places;
  ChildContext context = given;
  context.places = &places;
  close_what_is_the_parents(context);
  sys::call(SYS_umask, 0);  // modes are what the steps say; the program's own comes with SetUmask
  run_steps(context, 0);
}

}  // namespace hutch
