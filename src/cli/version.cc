#include "cli/commands.h"

namespace hutch {

int version_command(Session& session) { return session.say("hutch " HUTCH_VERSION "\n") ? 0 : 1; }

}  // namespace hutch
