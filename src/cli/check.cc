#include <algorithm>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/load_request.h"
#include "cli/print_diagnostics.h"
#include "plan/compile.h"

namespace hutch {
namespace {

/// Everything there is to say about one profile, errors and warnings.
Diagnostics look_at(const std::string& profile, Session& session) {
  const auto request = load_request(session.words, profile, session.host);
  if (!request) return request.error();
  auto loaded = load_profile(*request, session.host, session.sources);
  if (!loaded) return std::move(loaded).error();
  Diagnostics all = std::move(loaded->warnings);
  log_skipped(loaded->profile.skipped, session.sources);
  const auto plan = compile(loaded->profile, {.needs_command = false}, session.host);
  const Diagnostics& more = plan ? plan->warnings : plan.error();
  all.insert(all.end(), more.begin(), more.end());
  return all;
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
  Json json;
  const auto each = [&](const std::string& profile) {
    const Diagnostics diagnostics = look_at(profile, session);
    all_pass = all_pass && passes(diagnostics, strict);
    found.insert(found.end(), diagnostics.begin(), diagnostics.end());
    if (!session.wants_json()) return;
    json.object([&] {
      json.field("profile", profile);
      json.field("ok", passes(diagnostics, strict));
      json.key("diagnostics");
      json.array([&] { diagnostics_json(json, diagnostics, session.sources); });
    });
  };
  if (!session.wants_json()) {
    std::ranges::for_each(session.words.operands, each);
    session.complain(found);
    return all_pass ? 0 : 1;
  }
  json.object([&] {
    json.key("profiles");
    json.array([&] { std::ranges::for_each(session.words.operands, each); });
  });
  return session.say(json.text()) && all_pass ? 0 : 1;
}

}  // namespace hutch
