#include "plan/enter.h"

#include <fmt/format.h>
#include <linux/mount.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "base/path.h"
#include "base/text.h"
#include "plan/invariants.h"

namespace hutch {
namespace {

/// One of these?
template <class... Kinds>
bool is_any_of(const Step& step) {
  return (is<Kinds>(step) || ...);
}

/// Who enters does the same once more.
bool gives_something_up(const Step& step) {
  return is_any_of<SetLimit, SetNice, SetIoPriority, SetAffinity, SetPersonality, SetTimerSlack,
                   SetMemoryDenyWriteExecute, ScheduleCore, SetUmask, ChangeDir, DropCapabilities, NoNewPrivs,
                   MakeRuleset, AllowPath, AllowPort, RestrictSelf, LoadFilter>(step);
}

/// Says where and as whom the program runs. Who enters makes an own step of it, or needs none: session,
/// terminal, streams and descriptors are those of who enters.
bool is_of_the_first_program(const Step& step) {
  return is_any_of<CloneChild, JoinNamespace, UnshareTime, BecomeIds, Attach, NewSession, TakeTerminal,
                   NewGroup, StartInit, ConnectStream, ResetSignals, CloseDescriptors, Exec>(step);
}

/// In the order of kNamespaceFiles.
constexpr std::array<std::uint64_t, 8> kTypes{CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWPID,    CLONE_NEWIPC,
                                              CLONE_NEWUTS,  CLONE_NEWNET, CLONE_NEWCGROUP, CLONE_NEWTIME};

class Entering {
 public:
  Entering(const Plan& walls, const Caller& caller) : walls_(walls), caller_(caller) {
    plan_.slots = static_cast<std::uint32_t>(kTypes.size());
  }

  Result<Plan> make(const std::vector<std::string>& command) {
    const auto first = std::ranges::find_if(walls_.steps, is<Exec>);
    if (first == walls_.steps.end()) return refused("the sandbox runs no program");
    for (const Step& step : walls_.steps) {
      if (gives_something_up(step) ? step.phase != Phase::privileges : !is_of_the_first_program(step)) {
        return refused(
            fmt::format("who enters a sandbox does not do what its launcher asks for: {}", kind_of(step)));
      }
    }
    const auto ruleset = std::ranges::find_if(walls_.steps, is<MakeRuleset>);
    if (std::any_of(walls_.steps.begin(), ruleset, is_any_of<AllowPath, AllowPort, RestrictSelf>))
      return refused("a rule of the sandbox belongs to no ruleset");
    for (const auto& wall : {std::ranges::find_if(walls_.steps, is<DropCapabilities>),
                             std::ranges::find_if(walls_.steps, is<LoadFilter>)}) {
      if (wall == walls_.steps.end()) return refused("the sandbox has no filter, or keeps every capability");
    }
    const Slot processes = add_slot();
    add(KeepOpen{.path = "/proc", .slot = processes}, Phase::before_clone);
    join();
    add(CloneChild{}, Phase::clone);
    add(DieWithParent{}, Phase::setup);
    add(HideFromOthers{}, Phase::setup);
    become_program();
    const Slot terminal = open_terminal();
    lead_session(terminal, processes);
    add(ResetSignals{}, Phase::privileges);
    add(CloseDescriptors{}, Phase::privileges);
    for (const Step& step : walls_.steps) {
      if (gives_something_up(step)) copy(step);
    }
    execute(std::get<Exec>(first->op), command);
    if (!check_invariants(plan_))
      return refused("the walls of the sandbox are in an order that does not hold");
    return std::move(plan_);
  }

 private:
  static std::unexpected<Diagnostics> refused(std::string what) {
    return fail({.code = "E0428",
                 .what = std::move(what),
                 .cause = "it was started by another version of hutch, or by what only looks like hutch",
                 .help = "use the hutch that started it"});
  }
  static std::string_view kind_of(const Step& step) {
    return std::visit([]<class T>(const T&) -> std::string_view { return T::kind; }, step.op);
  }

  void add(Op op, Phase phase) { plan_.steps.push_back({std::move(op), {}, phase}); }
  Slot add_slot() { return plan_.slots++; }
  /// Slots of the walls are not ours: a ruleset gets one anew.
  void copy(Step step) {
    if (auto* made = std::get_if<MakeRuleset>(&step.op)) made->slot = ruleset_ = add_slot();
    if (auto* path = std::get_if<AllowPath>(&step.op)) path->ruleset = ruleset_;
    if (auto* port = std::get_if<AllowPort>(&step.op)) port->ruleset = ruleset_;
    if (auto* self = std::get_if<RestrictSelf>(&step.op)) self->ruleset = ruleset_;
    plan_.steps.push_back(std::move(step));
  }

  /// The user namespace first, which gives the rights for the others; the mounts last.
  void join() {
    std::uint64_t all = 0;
    for (const Step& step : walls_.steps) {
      if (const auto* clone = std::get_if<CloneChild>(&step.op)) all |= clone->namespaces;
      if (const auto* join = std::get_if<JoinNamespace>(&step.op)) all |= join->type;
      if (is<UnshareTime>(step)) all |= CLONE_NEWTIME;
    }
    for (const bool mounts : {false, true}) {
      for (std::size_t i = 0; i < kTypes.size(); ++i) {
        if ((all & kTypes[i]) == 0 || (kTypes[i] == CLONE_NEWNS) != mounts) continue;
        add(JoinNamespace{.type = kTypes[i], .slot = static_cast<Slot>(i)}, Phase::clone);
      }
    }
  }

  /// Whoever enters, root too, is in there who the program is.
  void become_program() {
    BecomeIds ids{.uid = walls_.uid, .gid = walls_.gid};
    for (const Step& step : walls_.steps) {
      if (const auto* first = std::get_if<BecomeIds>(&step.op)) ids = *first;
    }
    add(ids, Phase::setup);
  }

  [[nodiscard]] bool has_terminal() const { return caller_.terminals[0]; }

  Slot open_terminal() {
    if (!has_terminal()) return kNone;
    const bool has_devpts = std::ranges::any_of(walls_.steps, [](const Step& step) {
      const auto* attach = std::get_if<Attach>(&step.op);
      return attach != nullptr && attach->path.view() == "/dev/pts";
    });
    const Slot devpts = add_slot();
    if (has_devpts) {
      add(KeepOpen{.path = "/dev/pts", .slot = devpts}, Phase::setup);
    } else {
      const std::vector<ZStr> options{"ptmxmode=0600", "mode=0620"};
      add(MakeFilesystem{.type = "devpts",
                         .options = plan_.strings.keep(options),
                         .slot = devpts,
                         .flags = {.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC}},
          Phase::setup);
    }
    const Slot terminal = add_slot();
    add(OpenTerminal{.devpts = devpts, .slot = terminal, .streams = terminals()}, Phase::setup);
    return terminal;
  }

  Borrowed<std::uint32_t> terminals() {
    std::vector<std::uint32_t> streams;
    for (std::uint32_t i = 0; i < 3; ++i) {
      if (caller_.terminals[i]) streams.push_back(i);
    }
    return plan_.strings.keep(streams);
  }

  void lead_session(Slot terminal, Slot processes) {
    add(NewSession{}, Phase::privileges);
    if (terminal != kNone) add(TakeTerminal{terminal}, Phase::privileges);
    add(StartInit{.processes = processes, .terminal = terminal}, Phase::privileges);
    add(NewGroup{terminal}, Phase::privileges);
    if (terminal == kNone) return;
    for (const std::uint32_t stream : terminals())
      add(ConnectStream{.slot = terminal, .stream = static_cast<int>(stream)}, Phase::privileges);
  }

  static std::string_view variable(const Exec& first, std::string_view name) {
    for (const ZStr entry : first.env) {
      const std::string_view text = entry.view();
      if (text.size() > name.size() && text.starts_with(name) && text[name.size()] == '=')
        return text.substr(name.size() + 1);
    }
    return {};
  }

  void execute(const Exec& first, std::vector<std::string> command) {
    if (command.empty()) {
      const std::string_view shell = variable(first, "SHELL");
      command.emplace_back(shell.starts_with('/') ? shell : "/bin/sh");
    }
    std::vector<ZStr> places;
    if (command.front().find('/') != std::string::npos) {
      places.push_back(plan_.strings.keep(command.front()));
    } else {
      for (const std::string_view folder : split(variable(first, "PATH"), ':')) {
        if (folder.starts_with('/'))
          places.push_back(plan_.strings.keep(join_path(normalise(folder), command.front())));
      }
      if (places.empty()) places.push_back(plan_.strings.keep(join_path("/bin", command.front())));
    }
    std::vector<ZStr> argv, env;
    for (const std::string& word : command) argv.push_back(plan_.strings.keep(word));
    const auto term = caller_.environment.find("TERM");
    const bool sets_term = has_terminal() && term != caller_.environment.end();
    for (const ZStr entry : first.env) {
      if (!sets_term || !entry.view().starts_with("TERM=")) env.push_back(entry);
    }
    if (sets_term) env.push_back(plan_.strings.keep("TERM=" + term->second));
    const auto pointers = [this](const std::vector<ZStr>& words) {
      std::vector<const char*> all;
      for (const ZStr word : words) all.push_back(word.c_str());
      all.push_back(nullptr);
      return plan_.strings.keep(all);
    };
    const ZStr path = places.front();
    places.erase(places.begin());
    add(Exec{.path = path,
             .otherwise = plan_.strings.keep(places),
             .argv = plan_.strings.keep(argv),
             .env = plan_.strings.keep(env),
             .argv_pointers = pointers(argv),
             .env_pointers = pointers(env)},
        Phase::exec);
  }

  const Plan& walls_;
  const Caller& caller_;
  Plan plan_;
  Slot ruleset_ = kNone;
};

}  // namespace

Plan walls_of(const Plan& plan) {
  Plan walls;
  walls.slots = plan.slots;
  walls.profile_name = plan.profile_name;
  walls.uid = plan.uid;
  walls.gid = plan.gid;
  for (const Step& step : plan.steps) {
    const auto* attach = std::get_if<Attach>(&step.op);
    const bool shows_terminals = attach != nullptr && attach->path.view() == "/dev/pts";
    if (step.phase >= Phase::privileges || is<CloneChild>(step) || is<JoinNamespace>(step) ||
        is<UnshareTime>(step) || is<BecomeIds>(step) || shows_terminals) {
      walls.steps.push_back(step);
    }
  }
  return walls;
}

Result<Plan> enter_plan(const Plan& walls, const std::vector<std::string>& command, const Caller& caller) {
  return Entering(walls, caller).make(command);
}

}  // namespace hutch
