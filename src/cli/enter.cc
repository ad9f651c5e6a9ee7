#include <sys/prctl.h>

#include "cli/commands.h"
#include "launch/control.h"
#include "launch/launch.h"
#include "launch/own_image.h"
#include "plan/codec.h"
#include "plan/enter.h"

namespace hutch {
namespace {

Result<Ending> enter(const Session& session) {
  TRY_DO(protect_own_image());
  const Caller& caller = session.host.caller();
  TRY(const Registered sandbox, find_sandbox(caller, session.words.operands.front()));
  TRY(const Reply reply, ask(sandbox, Question::enter));
  TRY(const Plan walls, decode(reply.text));
  TRY(const Plan plan, enter_plan(walls, session.words.arguments, caller));
  // Nobody inside may look at us, or at what we have open, while we come in (CVE-2016-9962).
  ::prctl(PR_SET_DUMPABLE, 0);
  std::vector<int> namespaces;
  for (const UniqueFd& each : reply.descriptors) namespaces.push_back(each.get());
  return launch(plan, session.host, {.given = namespaces});
}

}  // namespace

int enter_command(Session& session) {
  const auto ending = enter(session);
  if (ending) return ending->status;
  session.complain(ending.error());
  const std::string& code = ending.error().front().code;
  return code == "E0601" ? 127 : code == "E0602" ? 126 : 125;
}

}  // namespace hutch
