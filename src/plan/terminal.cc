// Session, terminal and init: setsid(2), pts(4), pid_namespaces(7).
#include <fmt/format.h>
#include <linux/mount.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/path.h"
#include "plan/draft.h"

namespace hutch {
namespace {

constexpr std::int64_t kKillAfter = 5'000'000'000;  ///< nanoseconds

/// Which of the caller's streams reach the program, and are a terminal.
std::vector<std::uint32_t> terminals_for_program(const Draft& draft) {
  std::vector<std::uint32_t> streams;
  for (std::uint32_t stream = 0; stream < 3; ++stream) {
    const bool inherited = draft.profile.process.streams[stream]->kind == Stream::Kind::inherit;
    if (inherited && draft.host.caller().terminals[stream]) streams.push_back(stream);
  }
  return streams;
}

Tty choose(const Draft& draft, const std::vector<std::uint32_t>& terminals) {
  const Tty said = *draft.profile.process.tty;
  if (said != Tty::automatic) return said;
  return !terminals.empty() && terminals.front() == 0 ? Tty::fresh : Tty::none;
}

/// The devpts of the sandbox, or one that nobody else ever sees.
Slot find_devpts(Draft& draft, Origin at) {
  const bool in_hosts_tree = !draft.is_new(Ns::mount) && !draft.is_joined(Ns::mount);
  if (draft.devpts != kNone || in_hosts_tree) return draft.devpts;
  std::vector<std::string> options{"ptmxmode=0600", "mode=0620"};
  if (draft.gid_5_is_mapped) options.emplace_back("gid=5");
  const Slot slot = draft.new_slot();
  draft.add(draft.filesystems,
            MakeFilesystem{.type = "devpts",
                           .options = draft.keep_all(options),
                           .slot = slot,
                           .flags = {.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC}},
            at);
  return slot;
}

Slot open_terminal(Draft& draft, const std::vector<std::uint32_t>& terminals) {
  const Origin at = draft.profile.process.tty.at;
  const Slot devpts = find_devpts(draft, at);
  const Slot slot = draft.new_slot();
  draft.add(draft.filesystems,
            OpenTerminal{.devpts = devpts, .slot = slot, .streams = draft.plan.strings.keep(terminals)}, at);
  return slot;
}

/// The init needs its own namespaces for those who join later; where it is not pid 1, all processes, too.
StartInit prepare_init(Draft& draft, Slot terminal) {
  StartInit init{.terminal = terminal};
  const auto keep_open = [&draft](const std::string& path, std::vector<Step>& part, Phase phase) {
    if (draft.host.follow(path).kind != FileKind::directory) return kNone;
    const Slot slot = draft.new_slot();
    draft.add(part, KeepOpen{.path = draft.keep(path), .slot = slot}, {}, phase);
    return slot;
  };
  init.asks_kernel = draft.host.kernel().at_least(6, 11);
  // In a tree that is joined, /proc may be anything.
  if (!init.asks_kernel && !draft.is_joined(Ns::mount))
    init.namespaces = keep_open("/proc/self/ns", draft.identity, Phase::setup);
  if (draft.is_new(Ns::pid)) return init;
  // By the parent: a /proc that is joined later may show something else.
  init.processes = keep_open("/proc", draft.before_clone, Phase::before_clone);
  if (init.processes == kNone && *draft.profile.process.die_with_parent) {
    draft.problem(
        {.code = "E0418",
         .what = "without /proc and a pid namespace, processes would outlive the sandbox",
         .at = draft.profile.namespaces.of(Ns::pid).at,
         .cause = "there is no directory /proc that shows what the program has started",
         .help =
             "mount a procfs where hutch runs, or leave `namespaces.pid` out (it is \"new\" by default)"});
  }
  return init;
}

void check_lifetime(Draft& draft) {
  const Process& process = draft.profile.process;
  if (draft.is_new(Ns::pid) || *process.init || !*process.die_with_parent) return;
  draft.problem({.code = "E0344",
                 .what = "without an init and a pid namespace, processes would outlive the sandbox",
                 .at = process.init.at,
                 .other = draft.profile.namespaces.of(Ns::pid).at,
                 .other_label = fmt::format("`pid` is {} here", draft.whose(Ns::pid)),
                 .cause = "nothing would end what the program leaves behind",
                 .help = "drop `init = false`, or say `die_with_parent = false` if that is what you want"});
}

}  // namespace

void connect_terminal(Draft& draft) {
  const Process& process = draft.profile.process;
  const auto add = [&draft](Op op, Origin at) {
    draft.add(draft.privileges, std::move(op), at, Phase::privileges);
  };
  check_lifetime(draft);
  const std::vector<std::uint32_t> terminals = terminals_for_program(draft);
  const Tty tty = choose(draft, terminals);
  const Slot terminal = tty == Tty::fresh ? open_terminal(draft, terminals) : kNone;

  // The init leads the session and the program a group in it: what has no parent in its session cannot be
  // stopped by a terminal.
  if (tty == Tty::fresh || tty == Tty::none) add(NewSession{}, process.tty.at);
  if (terminal != kNone) add(TakeTerminal{terminal}, process.tty.at);
  if (*process.init) {
    add(prepare_init(draft, terminal), process.init.at);
    if (tty == Tty::fresh || tty == Tty::none) add(NewGroup{terminal}, process.tty.at);
  }
  if (terminal != kNone) {
    for (std::uint32_t stream = 0; stream < 3; ++stream) {
      const bool inherited = process.streams[stream]->kind == Stream::Kind::inherit;
      const bool wanted = terminals.empty() ? inherited : draft.host.caller().terminals[stream] && inherited;
      if (wanted) add(ConnectStream{.slot = terminal, .stream = static_cast<int>(stream)}, process.tty.at);
    }
  }

  Watch watch{.timeout = 0, .kill_after = static_cast<std::uint64_t>(kKillAfter)};
  std::optional<Origin> at;
  if (process.kill_after) {
    watch.kill_after = static_cast<std::uint64_t>(**process.kill_after);
    at = process.kill_after->at;
  }
  if (process.timeout) {
    watch.timeout = static_cast<std::uint64_t>(**process.timeout);
    at = process.timeout->at;
  }
  if (at) draft.add(draft.parent, watch, *at, Phase::parent);
}

}  // namespace hutch
