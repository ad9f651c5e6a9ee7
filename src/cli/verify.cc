#include "verify/verify.h"

#include <optional>
#include <utility>

#include "cli/commands.h"
#include "launch/launch.h"
#include "plan/compile.h"

namespace hutch {
namespace {

/// Looks, keeps what it saw, and lets nothing run.
class Look : public Inspector {
 public:
  explicit Look(const Plan& plan) : plan_(plan) {}
  Result<bool> look(const Standing& sandbox) override {
    TRY(Verification found, verify(plan_, sandbox));
    seen = std::move(found);
    return false;
  }
  std::optional<Verification> seen;

 private:
  const Plan& plan_;
};

}  // namespace

int verify_command(Session& session) {
  const auto loaded = session.load();
  if (!loaded) {
    session.complain(loaded.error());
    return 1;
  }
  session.complain(loaded->warnings);
  auto plan = compile(loaded->profile, {.needs_command = false}, session.host);
  if (!plan) {
    session.complain(plan.error());
    return 1;
  }
  const bool placeholder = end_with_exec(*plan);
  Look look(*plan);
  if (const auto ending = launch(*plan, session.host, {.inspector = &look}); !ending) {
    session.complain(ending.error());
    return 1;
  }
  if (!look.seen) return 1;  // a signal came first
  if (placeholder) {
    plan->steps.pop_back();
    look.seen->steps.pop_back();
  }
  const std::string text = session.wants_json() ? verification_json(*look.seen, *plan, session.sources)
                                                : verification_text(*look.seen, *plan, session.sources);
  return session.say(text) && look.seen->as_planned() ? 0 : 1;
}

}  // namespace hutch
