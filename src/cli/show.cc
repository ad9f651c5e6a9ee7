#include "profile/show.h"

#include "cli/commands.h"

namespace hutch {

int show_command(Session& session) {
  const auto loaded = session.load();
  if (!loaded) {
    session.complain(loaded.error());
    return 1;
  }
  session.complain(loaded->warnings);
  return session.say(show_effective(*loaded, session.sources)) ? 0 : 1;
}

}  // namespace hutch
