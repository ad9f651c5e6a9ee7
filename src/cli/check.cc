#include <algorithm>
#include <optional>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/exposure_text.h"
#include "cli/load_request.h"
#include "cli/print_diagnostics.h"
#include "plan/compile.h"
#include "plan/exposure.h"
#include "plan/lint.h"

namespace hutch {
namespace {

/// Everything there is to say about one profile: errors, warnings, and what it reaches where it compiles.
struct Findings {
  Diagnostics diagnostics;
  std::optional<Exposure> exposure;
};

Findings look_at(const std::string& profile, Session& session) {
  auto request = load_request(session.words, profile, session.host);
  if (!request) return {.diagnostics = request.error()};
  request->with_tests = true;
  auto loaded = load_profile(*request, session.host, session.sources);
  if (!loaded) return {.diagnostics = std::move(loaded).error()};
  Findings look{.diagnostics = std::move(loaded->warnings)};
  const auto add = [&look](const Diagnostics& more) {
    look.diagnostics.insert(look.diagnostics.end(), more.begin(), more.end());
  };
  log_skipped(loaded->profile.skipped, session.sources);
  const auto plan = compile(loaded->profile, {.needs_command = false}, session.host);
  if (!plan) {
    add(plan.error());
    return look;
  }
  add(plan->warnings);
  const Grants grants = grants_of(loaded->profile, *plan, session.host);
  add(lint(loaded->profile, *plan, grants, session.host));
  look.exposure = exposure_of(loaded->profile, grants, session.host);
  return look;
}

bool passes(const Diagnostics& diagnostics, bool strict) {
  return strict ? diagnostics.empty() : std::ranges::none_of(diagnostics, [](const Diagnostic& d) {
    return d.severity == Severity::error;
  });
}

}  // namespace

int check_command(Session& session) {
  const bool strict = session.words.has("--strict");
  bool all_pass = true;
  Diagnostics found;
  std::string reached;
  Json json;
  const auto each = [&](const std::string& profile) {
    const Findings look = look_at(profile, session);
    const Diagnostics& diagnostics = look.diagnostics;
    all_pass = all_pass && passes(diagnostics, strict);
    found.insert(found.end(), diagnostics.begin(), diagnostics.end());
    if (!session.wants_json()) {
      if (look.exposure) reached += exposure_text(profile, *look.exposure);
      return;
    }
    json.object([&] {
      json.field("profile", profile);
      json.field("ok", passes(diagnostics, strict));
      json.key("diagnostics");
      json.array([&] { diagnostics_json(json, diagnostics, session.sources); });
      if (!look.exposure) return;
      json.key("exposure");
      exposure_json(json, *look.exposure);
    });
  };
  if (!session.wants_json()) {
    std::ranges::for_each(session.words.operands, each);
    session.complain(found);
    return session.say(reached) && all_pass ? 0 : 1;
  }
  json.object([&] {
    json.key("profiles");
    json.array([&] { std::ranges::for_each(session.words.operands, each); });
  });
  return session.say(json.text()) && all_pass ? 0 : 1;
}

}  // namespace hutch
