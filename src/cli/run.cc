#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
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
void name_missing_link(Diagnostics& diagnostics, const Plan& plan, const Profile& profile, const Host& host) {
  const auto* exec = plan.steps.empty() ? nullptr : std::get_if<Exec>(&plan.steps.back().op);
  if (exec == nullptr || diagnostics.size() != 1 || diagnostics.front().code != "E0602") return;
  const std::string missing = missing_link(profile, host, std::string(exec->path.view()));
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

}  // namespace

int run_command(Session& session) {
  if (const auto safe = protect_own_image(); !safe) {
    session.complain(safe.error());
    return status_of(safe.error());
  }
  std::optional<Timings> timings;
  if (session.words.has("--timings")) timings.emplace();
  const auto stage_done = [&timings](const char* name) {
    if (timings) timings->stage_done(name);
  };
  Status status(session);
  if (const auto opened = status.open(); !opened) {
    session.complain(opened.error());
    return status_of(opened.error());
  }
  auto loaded = session.load();
  if (!loaded) return give_up(session, status, loaded.error());
  Request request{.arguments = session.words.arguments, .needs_command = true};
  if (session.words.has("--behind")) {
    auto rest =
        stand_before(loaded->profile, session.words.value("--behind"), request.arguments, session.host);
    if (!rest) return give_up(session, status, rest.error());
    request.arguments = *std::move(rest);
  }
  if (log_wants(Verbosity::info)) session.complain(loaded->warnings);
  stage_done("profile");

  const auto plan = compile(loaded->profile, request, session.host);
  if (!plan) {
    // What was left out may be the reason.
    log_skipped(loaded->profile.skipped, session.sources);
    return give_up(session, status, plan.error());
  }
  stage_done("plan");
  if (log_wants(Verbosity::info)) session.complain(plan->warnings);
  log_plan(*plan, session.sources);

  if (const auto pinned = check_pinned_inputs(loaded->profile.build); !pinned)
    return give_up(session, status, pinned.error());
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
    name_missing_link(ending.error(), *plan, loaded->profile, session.host);
    return give_up(session, status, ending.error());
  }
  status.ended(*ending);
  status.close();
  stage_done("program");
  if (timings) write_all(STDERR_FILENO, timings_text(*timings, *plan));
  return ending->status;
}

}  // namespace hutch
