#include "launch/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <optional>
#include <variant>
#include <vector>

#include "base/unique_fd.h"
#include "child/file_limit.h"
#include "child/keep_dumpable.h"
#include "child/run.h"
#include "child/stacks.h"
#include "launch/caller_memory.h"
#include "launch/channel.h"
#include "launch/clone_child.h"
#include "launch/errno_text.h"
#include "launch/join.h"
#include "launch/map_helper.h"
#include "launch/mounter.h"
#include "launch/own_image.h"
#include "launch/prepare.h"
#include "launch/shared_memory.h"
#include "launch/streams.h"
#include "launch/supervise.h"
#include "launch/tell_failure.h"

// The child and the parent, and what goes between them:
//
//   parent                                child
//   clone ------------------------------> waits (AwaitParent)
//   writes the id maps
//   go pipe: one byte -------------------> sets up, gives up privileges
//            <----- report pipe: {step, call, errno} of a step that failed, and the end
//            <----- report pipe: {exec, none, 0}; or a word in the same memory, where nobody waits for it
//   an inspector, if there is one, looks
//   channel: one byte ------------------->
//            <----- report pipe: closed by execve
//   forwards signals, waits for the end

namespace hutch {
namespace {

constexpr int kTimedOut = 124;

struct Pipe {
  UniqueFd reader, writer;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) < 0) {
    return fail({.code = "E0509", .what = "cannot set up the sandbox: pipe2: " + errno_text(errno)});
  }
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

template <class T>
const T* find_step(const Plan& plan, std::size_t* index = nullptr) {
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    if (const T* found = std::get_if<T>(&plan.steps[i].op)) {
      if (index != nullptr) *index = i;
      return found;
    }
  }
  return nullptr;
}

Result<void> check_machine(const Host& host) {
  if (::geteuid() != ::getuid() || ::getegid() != ::getgid()) {
    return fail({.code = "E0402",
                 .what = "hutch must not be setuid or setgid",
                 .cause = "its file has the setuid or setgid bit, which it neither needs nor was made for",
                 .help = "chmod ug-s the file"});
  }
  const Kernel& kernel = host.kernel();
  if (!kernel.at_least(5, 14)) {
    return fail({.code = "E0401",
                 .what = fmt::format("this kernel is too old: Linux {}.{}", kernel.major, kernel.minor),
                 .cause = "hutch sets mounts up with calls that came with Linux 5.14",
                 .help = "run it on Linux 5.14 or newer"});
  }
  return {};
}

Ending ending_of(const Finish& finish) {
  const int status = finish.program.code == CLD_EXITED ? finish.program.status : 128 + finish.program.status;
  return {.status = finish.timed_out ? kTimedOut : status, .finish = finish};
}

/// One launch. Members end in reverse order: the child first, then what it used.
class Launch {
 public:
  Launch(const Plan& plan, const Host& host, const FileLimit& limit, Prepared& prepared,
         const LaunchOptions& options)
      : plan_(plan),
        host_(host),
        limit_(limit),
        prepared_(prepared),
        observer_(options.observer),
        options_(options) {}

  Result<Ending> run() {
    if (signals_.error() != 0) return plumbing_failed("signalfd", signals_.error());
    TRY_DO(prepared_.make_streams(plan_));
    TRY(report_, make_pipe());
    TRY(go_, make_pipe());
    TRY(channel_, Channel::make());
    TRY(Child child, clone());
    // Before the child, which may wait for them: a process that does cannot be killed.
    const EndMounters mounters_end_first{mounters_};
    TRY_DO(help_child(child));
    Supervision supervision(plan_, child, channel_, signals_, options_.registration, mounters_);
    if (const auto watch = supervision.watch()) note_done(*watch);
    if (!ended_by_) TRY_DO(follow_setup(child, supervision));
    if (turned_away_) return Ending{.ran = false};
    if (ended_by_) {
      end(child);
      return Ending{.status = 128 + *ended_by_, .ran = false};
    }
    // Nobody shares our memory any more: all have executed a program of their own.
    dumpable_.reset();
    if (Result<void> named = prepared_.name_streams(plan_); !named) {
      end(child);
      return std::unexpected(std::move(named).error());
    }
    persisted_.keep();
    prepared_.settle();
    return ending_of(supervision.run(earlier_));
  }

 private:
  struct EndMounters {
    Mounters& mounters;
    ~EndMounters() { mounters.kill(); }
  };
  void end(Child& child) {
    mounters_.kill();
    child.kill_and_reap();
  }

  static std::unexpected<Diagnostics> plumbing_failed(const char* call, int error) {
    return fail(
        {.code = "E0509", .what = fmt::format("cannot set up the sandbox: {}: {}", call, errno_text(error))});
  }

  /// Are its user namespace and all others new, so that nobody of another sandbox has a right to look into
  /// it?
  [[nodiscard]] bool is_ours_alone() const {
    const auto* clone = find_step<CloneChild>(plan_);
    return clone != nullptr && (clone->namespaces & CLONE_NEWUSER) != 0 &&
           find_step<JoinNamespace>(plan_) == nullptr;
  }

  Result<Child> clone() {
    std::size_t index = 0;
    const auto* step = find_step<CloneChild>(plan_, &index);
    if (step == nullptr) return plumbing_failed("clone", EINVAL);
    const std::vector<Joining> joins = joinings(plan_, prepared_.slots);
    const UniqueFd image = can_share_memory(plan_) ? open_own_image() : UniqueFd();
    const bool shares = image && make_stacks();
    childs_slots_ = prepared_.slots;
    context_ = {.steps = plan_.steps,
                .pins = prepared_.pins,
                .slots = childs_slots_,
                .made = prepared_.made,
                .report_fd = report_.writer.get(),
                .channel_fd = channel_.childs_fd(),
                .in_foreground = is_in_foreground(find_step<OpenTerminal>(plan_)),
                .go_fd = go_.reader.get(),
                .held = options_.inspector != nullptr,
                .lets_look = is_ours_alone(),
                .parents_ends = {report_.reader.get(), go_.writer.get(), channel_.fd()},
                .done_at = done_at_,
                .caller_environment = ::environ,
                .caller_arguments = caller_memory()};
    if (shares) {
      context_.init_image = image.get();
      context_.program_stack = stack_top(1);
      if (observer_ == nullptr && options_.inspector == nullptr) context_.executes = &executes_;
      dumpable_.emplace();
    }
    limit_.tell(context_);
    signals_.block_all();
    const Cloned cloned = shares          ? clone_sharing_child(step->namespaces, context_, stack_top(0))
                          : joins.empty() ? clone_child(step->namespaces)
                                          : clone_joined(joins, step->namespaces);
    if (cloned.pid == 0) run_child(context_);
    signals_.unblock();
    if (cloned.failed_join >= 0) {
      const auto failed = static_cast<std::uint32_t>(cloned.failed_join);
      return fail(tell_failure(plan_, {failed, Call::setns, cloned.error, 0}));
    }
    if (cloned.pid < 0) {
      return fail(tell_failure(plan_, {static_cast<std::uint32_t>(index), Call::clone, cloned.error, 0}));
    }
    note_done(index);
    report_.writer.reset();
    go_.reader.reset();
    return Child(cloned.pid, cloned.pidfd);
  }

  /// The steps of Phase::parent.
  Result<void> help_child(Child& child) {
    for (std::size_t i = 0; i < plan_.steps.size() && !ended_by_; ++i) {
      const Op& op = plan_.steps[i].op;
      Outcome outcome;
      std::string said;
      if (const auto* keep = std::get_if<PersistNamespace>(&op))
        outcome = persisted_.persist(*keep, child.pid());
      if (const auto* file = std::get_if<WriteChildFile>(&op)) outcome = write_child_file(*file, child.pid());
      if (const auto* helper = std::get_if<RunMapHelper>(&op)) {
        HelperEnding ending = run_map_helper(*helper, child.pid(), signals_);
        outcome = {ending.call, ending.error};
        said = std::move(ending.said);
        if (ending.signal != 0) ended_by_ = ending.signal;
      }
      if (const auto* mounter = std::get_if<RunMounter>(&op)) {
        UniqueFd served = take_served();
        if (ended_by_) return {};
        outcome = served ? mounters_.start(*mounter, image_of(*mounter), std::move(served), host_)
                         : Outcome{Call::read, EPIPE};
      }
      if (std::get_if<LetChildGo>(&op) != nullptr && ::write(go_.writer.get(), "!", 1) < 0 &&
          errno != EPIPE) {
        outcome = {Call::write, errno};
      }
      const bool is_ours = std::holds_alternative<PersistNamespace>(op) ||
                           std::holds_alternative<WriteChildFile>(op) ||
                           std::holds_alternative<RunMapHelper>(op) ||
                           std::holds_alternative<LetChildGo>(op) || std::holds_alternative<RunMounter>(op);
      if (is_ours && outcome.ok()) note_done(i);
      if (outcome.ok() || ended_by_) continue;
      // A child that is gone already knows better why.
      if (const auto told = poll_report()) return fail(tell_failure(plan_, *told));
      return fail(tell_failure(plan_, {static_cast<std::uint32_t>(i), outcome.call, outcome.error, 0},
                               read_from_machine, said));
    }
    return {};
  }

  [[nodiscard]] MountedImage image_of(const RunMounter& mounter) const {
    MountedImage image{.pinned = prepared_.pins[mounter.pin].fd};
    for (const Step& step : plan_.steps) {
      const auto* source = std::get_if<PinSource>(&step.op);
      if (source != nullptr && source->pin == mounter.pin) image.path = source->path.view();
    }
    return image;
  }

  /// What MountServed sends; nothing if it does not come to that.
  UniqueFd take_served() {
    std::array<pollfd, 3> ends{
        {{channel_.fd(), POLLIN, 0}, {report_.reader.get(), POLLIN, 0}, {signals_.fd(), POLLIN, 0}}};
    while (!ended_by_) {
      if (::poll(ends.data(), ends.size(), -1) < 0 && errno != EINTR) return {};
      while (const auto signal = signals_.take()) note_signal(*signal, false);
      if (std::optional<Received> received = channel_.take()) {
        if (received->message.kind != Message::Kind::served || received->descriptors.empty()) return {};
        return std::move(received->descriptors.front());
      }
      if (ends[1].revents != 0) return {};
    }
    return {};
  }

  /// Has the sandbox looked at while its program waits to begin.
  Result<bool> inspect(Child& child, const Supervision& supervision) {
    const Standing standing{.program = supervision.program(),
                            .init = child.pid(),
                            .pins = prepared_.pins,
                            .slots = prepared_.slots,
                            .done_at = done_at_};
    Result<bool> begins = options_.inspector->look(standing);
    if (!begins || !*begins) {
      end(child);
      return begins;
    }
    if (::send(channel_.fd(), "!", 1, MSG_NOSIGNAL) < 0 && errno != EPIPE)
      return plumbing_failed("send", errno);
    return begins;
  }

  void note_done(std::size_t step) const {
    if (!done_at_.empty()) done_at_[step] = monotonic_now();
  }

  std::optional<Report> poll_report() const {
    pollfd end = {report_.reader.get(), POLLIN, 0};
    if (::poll(&end, 1, 0) <= 0) return std::nullopt;
    return read_report();
  }
  std::optional<Report> read_report() const {
    Report report;
    ssize_t got = -1;
    do {
      got = ::read(report_.reader.get(), &report, sizeof report);
    } while (got < 0 && errno == EINTR);
    if (got != static_cast<ssize_t>(sizeof report)) return std::nullopt;
    return report;
  }

  /// Who serves a file system knows better why it cannot be used.
  [[nodiscard]] std::string report_words(const Report& report) const {
    const bool serves = report.error == ENOTCONN || report.error == ECONNABORTED || report.error == EIO;
    return serves ? mounters_.said() : "";
  }

  void note_signal(const signalfd_siginfo& signal, bool reached_exec) {
    const auto number = static_cast<int>(signal.ssi_signo);
    if (number == SIGTSTP) return stop_as_told();
    if (ends_setup(signal) && !reached_exec) {
      ended_by_ = number;
    } else if ((signal.ssi_code <= 0 || own_session_) && number != SIGCONT) {
      earlier_.push_back(number);  // it is the program's, which may have begun by now
    }
  }

  /// Reads the report pipe to its end. Fails if a step failed, or if the child ended before exec.
  Result<void> follow_setup(Child& child, Supervision& supervision) {
    std::array<pollfd, 2> ends{{{report_.reader.get(), POLLIN, 0}, {signals_.fd(), POLLIN, 0}}};
    bool reached_exec = false;
    const auto reach_exec = [&supervision, &reached_exec] {
      reached_exec = true;
      supervision.listen();
    };
    while (!ended_by_) {
      ends[0].revents = 0;
      const int ready = ::poll(ends.data(), ends.size(), mounters_.patience());
      if (ready < 0 && errno != EINTR) return plumbing_failed("poll", errno);
      if (ready == 0) {
        mounters_.give_up();
        continue;
      }
      if (executes_ && !reached_exec) reach_exec();
      if (ends[0].revents == 0) {
        // Only now: a signal that somebody sent because the program is up must not end what is up.
        while (const auto signal = signals_.take()) note_signal(*signal, reached_exec);
        continue;
      }
      const std::optional<Report> report = read_report();
      if (!report && reached_exec) {
        note_done(plan_.steps.size() - 1);
        if (options_.timings != nullptr) options_.timings->stage_done("launch");
        if (observer_ != nullptr) observer_->executed();
        return {};
      }
      if (!report) {
        const WaitResult ended = child.reap();
        return fail(tell_death(plan_, ended.code, ended.status));
      }
      if (report->call != Call::none) {
        Diagnostic told = tell_failure(plan_, *report, read_from_machine, report_words(*report));
        end(child);
        return fail(std::move(told));
      }
      reach_exec();
      if (options_.inspector != nullptr) {
        TRY(const bool begins, inspect(child, supervision));
        if (!begins) {
          turned_away_ = true;
          return {};
        }
      }
      if (observer_ != nullptr) observer_->set_up(supervision.program(), child.pid());
    }
    return {};
  }

  const Plan& plan_;
  const Host& host_;
  const FileLimit& limit_;
  Prepared& prepared_;
  Observer* const observer_;
  const LaunchOptions& options_;
  const std::span<std::uint64_t> done_at_ =  ///< by step; empty where nobody asks
      options_.timings != nullptr ? options_.timings->steps() : std::span<std::uint64_t>();
  Signals signals_;
  const bool own_session_ =
      find_step<NewSession>(plan_) != nullptr;  ///< the terminal does not reach the program
  Persisted persisted_;
  Mounters mounters_;
  Pipe report_, go_;
  Channel channel_;
  // What the child is given; it may be in the same memory, until it has ended or executed a program.
  ChildContext context_;
  std::atomic<bool> executes_ = false;
  std::vector<int> childs_slots_;
  std::optional<KeepDumpable> dumpable_;
  bool turned_away_ = false;     ///< by the inspector
  std::optional<int> ended_by_;  ///< a signal that ended set-up
  std::vector<int> earlier_;     ///< signals for the program that came before it began
};

}  // namespace

Result<Ending> go_on(const Plan& plan, const Begun& begun, Registration* registration) {
  Mounters none;
  Child child(begun.child, begun.pidfd);
  Channel channel = Channel::of(begun.channel, begun.childs_channel);
  Signals signals(begun.mask_before, begun.child_signal_before);
  if (signals.error() != 0)
    return fail(
        {.code = "E0509", .what = "cannot look after the sandbox: signalfd: " + errno_text(signals.error())});
  Supervision supervision(plan, child, channel, signals, registration, none);
  supervision.listen();
  return ending_of(supervision.run({}, begun.at));
}

Result<Ending> launch(const Plan& plan, const Host& host, const LaunchOptions& options) {
  TRY_DO(check_machine(host));
  hold_standard_streams();
  TRY_DO(check_kept_descriptors(plan));
  const FileLimit limit(plan.slots, plan.pins);
  Prepared prepared(plan);
  for (std::size_t i = 0; i < options.given.size() && i < prepared.slots.size(); ++i)
    prepared.slots[i] = ::fcntl(options.given[i], F_DUPFD_CLOEXEC, 0);
  // Who looks at the sandbox hears, too, what was done.
  std::optional<Timings> own;
  LaunchOptions with_timings = options;
  if (options.inspector != nullptr && options.timings == nullptr) with_timings.timings = &own.emplace();
  Timings* const timings = with_timings.timings;
  if (timings != nullptr && !timings->begin_steps(plan.steps.size()))
    return fail({.code = "E0509", .what = "cannot set up the sandbox: mmap: " + errno_text(errno)});
  TRY_DO(prepared.open_all(plan, timings));
  TRY_DO(open_namespaces(plan, host.caller(), prepared.slots));
  Launch one(plan, host, limit, prepared, with_timings);
  return one.run();
}

}  // namespace hutch
