#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/diff_text.h"
#include "cli/load_request.h"
#include "plan/compile.h"

namespace hutch {
namespace {

constexpr int kWider = 1, kNotCompared = 2;

/// What one profile grants here and now; its warnings are told on the way.
Result<Grants> grants_of_profile(const std::string& name, const Session& session) {
  TRY(const LoadRequest request, load_request(session.words, name, session.host));
  TRY(const Loaded loaded, load_profile(request, session.host, session.sources));
  session.complain(loaded.warnings);
  TRY(const Plan plan, compile(loaded.profile, {.needs_command = false}, session.host));
  return grants_of(loaded.profile, plan, session.host);
}

}  // namespace

int diff_command(Session& session) {
  const auto& names = session.words.operands;
  const auto first = grants_of_profile(names[0], session);
  const auto second = grants_of_profile(names[1], session);
  Diagnostics wrong;
  if (!first) wrong = first.error();
  if (!second) wrong.insert(wrong.end(), second.error().begin(), second.error().end());
  if (!first || !second) {
    session.complain(wrong);
    return kNotCompared;
  }
  const std::vector<Difference> differences = compare(*first, *second);
  const std::string text = session.wants_json()
                               ? differences_json(differences, names[0], names[1], session.sources)
                               : differences_text(differences, session.sources);
  if (!session.say(text)) return kNotCompared;
  return widens(differences) ? kWider : 0;
}

}  // namespace hutch
