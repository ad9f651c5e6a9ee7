#include "verify/verify.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <variant>

#include "plan/describe.h"
#include "verify/checks.h"
#include "verify/evidence.h"

namespace hutch {
namespace {

std::unexpected<Diagnostics> not_shown(std::string what, std::string cause, std::string help) {
  return fail({.code = "E0511",
               .what = "the sandbox cannot be verified: " + std::move(what),
               .cause = std::move(cause),
               .help = std::move(help)});
}

/// Where the kernel shows nothing, the account of who does the steps is all there is: the child, and the
/// launcher for the time that it keeps.
bool was_left_out(const Step& step, std::size_t number, const Standing& sandbox) {
  const bool is_told = step.phase == Phase::setup || step.phase == Phase::privileges || is<Watch>(step);
  return is_told && number < sandbox.done_at.size() && sandbox.done_at[number] == 0;
}

}  // namespace

bool Verification::as_planned() const {
  return unplanned.empty() && std::ranges::none_of(steps, [](const Verdict& each) {
           return each.state == Verdict::State::differs;
         });
}

Result<Verification> verify(const Plan& plan, const Standing& sandbox) {
  Evidence evidence(plan, sandbox);
  if (evidence.self.status("Pid") != std::to_string(::getpid())) {
    return not_shown("/proc does not show the launcher", "there is no /proc of this pid namespace here",
                     "run hutch where /proc is mounted, or without --verify");
  }
  if (!evidence.program.object("ns/user")) {
    return not_shown("the kernel does not show the program to the launcher",
                     "it joins namespaces of others, so it stays closed to whoever is not root",
                     "run it as root");
  }
  Verification verification;
  for (const Step& step : plan.steps) {
    Verdict verdict = std::visit([&evidence](const auto& op) { return check(op, evidence); }, step.op);
    if (verdict.state != Verdict::State::differs && was_left_out(step, evidence.step, sandbox))
      verdict = hutch::differs("done", "nobody has done it");
    verification.steps.push_back(std::move(verdict));
    ++evidence.step;
  }
  verification.unplanned = unplanned_mounts(evidence);
  return verification;
}

Result<bool> Verifier::look(const Standing& sandbox) {
  TRY(const Verification seen, verify(plan_, sandbox));
  if (!seen.as_planned()) return std::unexpected(differences(seen, plan_));
  return true;
}

Diagnostics differences(const Verification& verification, const Plan& plan) {
  Diagnostics all;
  for (std::size_t i = 0; i < verification.steps.size(); ++i) {
    const Verdict& verdict = verification.steps[i];
    if (verdict.state != Verdict::State::differs) continue;
    const Step& step = plan.steps[i];
    all.push_back({.code = "E0510",
                   .what = fmt::format("the sandbox is not as planned: expected {}, found {}",
                                       verdict.expected, verdict.found),
                   .at = step.origin,
                   .step = fmt::format("step {} of {}: {}", i + 1, plan.steps.size(), describe(step.op)),
                   .cause = "no failure of this step was reported, yet it is not as it should be",
                   .help = "nothing ran; please report it with what `hutch plan` and `hutch verify` print"});
  }
  for (const std::string& mount : verification.unplanned) {
    all.push_back({.code = "E0510",
                   .what = "the sandbox is not as planned: a mount that no step makes: " + mount,
                   .help =
                       "nothing ran; a mount of the host that came meanwhile is seen where `propagation` is "
                       "not \"private\""});
  }
  return all;
}

}  // namespace hutch
