#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>

#include "base/log.h"
#include "base/text.h"
#include "build/inputs.h"
#include "cli/commands.h"
#include "cli/status.h"
#include "cli/timings_text.h"
#include "install/behind.h"
#include "launch/launch.h"
#include "launch/own_image.h"
#include "plan/codec.h"
#include "plan/compile.h"
#include "plan/describe.h"
#include "plan/enter.h"
#include "plan/program.h"
#include "recall/memory.h"
#include "relaunch/relaunch.h"
#include "verify/verify.h"

namespace hutch {
namespace {

/// 127 where the program was not found, 126 where it could not be executed, 125 for whatever kept it from
/// being tried.
int status_of(const Diagnostics& diagnostics) {
  const auto all_are = [&](std::string_view code) {
    return std::ranges::all_of(diagnostics, [&](const Diagnostic& each) { return each.code == code; });
  };
  return all_are("E0601") ? 127 : all_are("E0602") ? 126 : 125;
}

int give_up(Session& session, Status& status, const Diagnostics& diagnostics) {
  session.complain(diagnostics);
  status.failed(diagnostics, status_of(diagnostics));
  status.close();
  return status_of(diagnostics);
}

/// execve(2) says ENOENT for a program that is there, too: then a link of its interpreter chain is not.
void name_missing_link(Diagnostics& diagnostics, const Plan& plan, const Session& session) {
  const auto* exec = plan.steps.empty() ? nullptr : std::get_if<Exec>(&plan.steps.back().op);
  if (exec == nullptr || diagnostics.size() != 1 || diagnostics.front().code != "E0602") return;
  const auto loaded = session.load();
  if (!loaded) return;
  const std::string missing = missing_link(loaded->profile, session.host, std::string(exec->path.view()));
  if (!missing.empty()) diagnostics.front().cause = missing;
}

/// What others may ask about this sandbox while it runs.
Registration::About about(const Session& session, const Plan& plan) {
  const Exec& exec = std::get<Exec>(plan.steps.back().op);
  std::string command;
  for (const ZStr word : exec.argv) command += (command.empty() ? "" : " ") + std::string(word.view());
  return {.name = session.words.value("--name"),
          .profile = plan.profile_name.empty() ? session.words.operands.front() : plan.profile_name,
          .command = std::move(command),
          .digest = [&plan] { return plan_digest(plan); },
          .plan = [&plan, &sources = session.sources](
                      bool json) { return json ? plan_json(plan, sources) : describe(plan, sources); },
          .walls = [&plan] { return encode(walls_of(plan)); }};
}

void log_plan(const Plan& plan, const Sources& sources) {
  log_skipped(plan.skipped, sources);
  const auto tell = [&sources](const std::string& text, Origin at) {
    log_line(Verbosity::info, at.known() ? fmt::format("{} ({})", text, sources.where(at)) : text);
  };
  for (const Unpinned& each : plan.unpinned) tell(describe(each), each.at);
  for (const Said<std::string>& remark : plan.remarks) tell(*remark, remark.at);
  if (!log_wants(Verbosity::debug)) return;
  const std::string text = describe(plan, sources);
  for (const std::string_view line : split(text, '\n'))
    if (!line.empty()) log_line(Verbosity::debug, line);
}

/// Does a launch of these words come to no more than its plan?
bool is_plain(const Words& words) {
  return std::ranges::all_of(words.options, [](const Given& given) {
    const Option& option = *given.option;
    return (option.groups & kProfileOptions) != 0 || option.name == "--behind" || option.name == "--json" ||
           option.name == "--color";
  });
}

/// What the profile says, and the command line, becomes a plan; `memory`, if there is one, keeps it.
Result<Plan> make_plan(const Session& session, const PlanMemory* memory, Timings* timings) {
  std::optional<WitnessedHost> witness;
  if (memory != nullptr) witness.emplace(session.host);
  const Host& host = witness ? *witness : session.host;
  const Session witnessed{session.words, host, session.sources};
  TRY(Loaded loaded, witnessed.load());
  Request request{.arguments = session.words.arguments, .needs_command = true};
  if (session.words.has("--behind")) {
    TRY(request.arguments,
        stand_before(loaded.profile, session.words.value("--behind"), request.arguments, host));
  }
  if (log_wants(Verbosity::info)) session.complain(loaded.warnings);
  if (timings != nullptr) timings->stage_done("profile");

  auto plan = compile(loaded.profile, request, host);
  if (!plan) {
    // What was left out may be the reason.
    log_skipped(loaded.profile.skipped, session.sources);
    return plan;
  }
  if (timings != nullptr) timings->stage_done("plan");
  if (log_wants(Verbosity::info)) session.complain(plan->warnings);
  log_plan(*plan, session.sources);
  TRY_DO(check_pinned_inputs(loaded.profile.build));
  if (witness && loaded.profile.build.inputs.empty())
    memory->keep(*plan, witness->transcript(), session.sources, is_plain(session.words));
  return plan;
}

Begun begun_by(const Relaunched& earlier) {
  Begun begun{.child = earlier.child,
              .pidfd = earlier.pidfd,
              .channel = earlier.channel,
              .childs_channel = earlier.childs_channel,
              .at = std::chrono::steady_clock::time_point(std::chrono::nanoseconds(earlier.began))};
  std::memcpy(&begun.mask_before, &earlier.mask_before, sizeof earlier.mask_before);
  begun.child_signal_before.sa_handler = earlier.child_signal_before.handler;
  return begun;
}

/// The program runs already: all that is left to do is to look after it.
int look_after(Session& session, const Relaunched& earlier) {
  PlanMemory memory(session.host, session.words.as_given, session.sources);
  const UniqueFd file(earlier.file);
  const auto plan = memory.adopt(file.get());
  if (!plan) {
    Child(earlier.child, earlier.pidfd).kill_and_reap();
    memory.forget();
    session.complain(
        {{.code = "E0509",
          .what = "cannot look after the sandbox, and ended it: its kept plan is damaged",
          .cause = "a part of the file was changed that is read only once the program runs (hutch(1), PLANS "
                   "OF EARLIER LAUNCHES); it is removed now",
          .help = "start it again: the plan is made anew"}});
    return kSetupFailed;
  }
  memory.tell_sources(session.sources);
  Registration registration(session.host.caller(), about(session, *plan));
  const auto ending = go_on(*plan, begun_by(earlier), &registration);
  if (ending) return ending->status;
  session.complain(ending.error());
  return status_of(ending.error());
}

}  // namespace

int run_command(Session& session) {
  if (const Relaunched* const earlier = relaunched()) return look_after(session, *earlier);
  if (const auto safe = protect_own_image(); !safe) {
    session.complain(safe.error());
    return status_of(safe.error());
  }
  std::optional<Timings> timings;
  if (session.words.has("--timings")) timings.emplace();
  Status status(session);
  if (const auto opened = status.open(); !opened) {
    session.complain(opened.error());
    return status_of(opened.error());
  }
  // Where more is told than what the program does, the plan is made anew.
  std::optional<PlanMemory> memory;
  if (!log_wants(Verbosity::info) && !status.wanted() && !session.words.has("--verify"))
    memory.emplace(session.host, session.words.as_given, session.sources);
  if (memory && !memory->usable()) memory.reset();
  std::optional<Plan> recalled = memory ? memory->recall() : std::nullopt;
  Result<Plan> plan = Plan();
  if (recalled) {
    plan = *std::move(recalled);
    memory->tell_sources(session.sources);
    if (timings) timings->stage_done("recall");
  } else {
    plan = make_plan(session, memory ? &*memory : nullptr, timings ? &*timings : nullptr);
  }
  memory.reset();  // its descriptor is nothing that a sandbox should be made beside
  if (!plan) return give_up(session, status, plan.error());

  Registration registration(session.host.caller(), about(session, *plan));
  if (session.words.has("--name")) {
    if (auto claimed = registration.claim(); !claimed) return give_up(session, status, claimed.error());
  }
  status.planned(*plan);

  Verifier verifier(*plan);
  auto ending = launch(*plan, session.host,
                       {.observer = status.wanted() ? &status : nullptr,
                        .registration = &registration,
                        .inspector = session.words.has("--verify") ? &verifier : nullptr,
                        .timings = timings ? &*timings : nullptr});
  if (!ending) {
    name_missing_link(ending.error(), *plan, session);
    return give_up(session, status, ending.error());
  }
  status.ended(*ending);
  status.close();
  if (timings) {
    timings->stage_done("program");
    write_all(STDERR_FILENO, timings_text(*timings, *plan));
  }
  return ending->status;
}

}  // namespace hutch
