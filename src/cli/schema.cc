#include "plan/schema.h"

#include "cli/commands.h"
#include "profile/schema.h"

namespace hutch {

int schema_command(Session& session) {
  std::string text = session.words.operands[0] == "plan" ? plan_schema() : profile_schema();
  if (!text.ends_with('\n')) text += '\n';
  return session.say(text) ? 0 : 1;
}

}  // namespace hutch
