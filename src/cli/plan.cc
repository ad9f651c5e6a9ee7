#include "plan/plan.h"

#include "base/log.h"
#include "cli/commands.h"
#include "plan/compile.h"
#include "plan/describe.h"

namespace hutch {

int plan_command(Session& session) {
  const auto loaded = session.load();
  if (!loaded) {
    session.complain(loaded.error());
    return 1;
  }
  session.complain(loaded->warnings);
  const Request request{.arguments = session.words.arguments, .needs_command = false};
  const auto plan = compile(loaded->profile, request, session.host);
  if (!plan) {
    session.complain(plan.error());
    return 1;
  }
  session.complain(plan->warnings);
  if (session.words.has("--digest")) return session.say(plan_digest(*plan) + "\n") ? 0 : 1;
  if (session.wants_json()) return session.say(plan_json(*plan, session.sources)) ? 0 : 1;
  std::string text = describe(*plan, session.sources);
  if (log_wants(Verbosity::info)) text += describe_filters(*plan);
  return session.say(text) ? 0 : 1;
}

}  // namespace hutch
