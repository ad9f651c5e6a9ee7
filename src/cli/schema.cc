#include "plan/schema.h"

#include "cli/commands.h"
#include "cli/diff_text.h"
#include "cli/doctor_text.h"
#include "cli/exposure_text.h"
#include "cli/status.h"
#include "cli/test_text.h"
#include "profile/schema.h"
#include "verify/verify.h"

namespace hutch {

int schema_command(Session& session) {
  const std::string& which = session.words.operands[0];
  std::string text = which == "plan"     ? plan_schema()
                     : which == "report" ? report_schema()
                     : which == "diff"   ? diff_schema()
                     : which == "check"  ? check_schema()
                     : which == "verify" ? verification_schema()
                     : which == "test"   ? test_schema()
                     : which == "doctor" ? doctor_schema()
                                         : profile_schema();
  if (!text.ends_with('\n')) text += '\n';
  return session.say(text) ? 0 : 1;
}

}  // namespace hutch
