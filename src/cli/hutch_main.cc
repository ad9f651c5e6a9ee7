#include "cli/hutch_main.h"

#include <unistd.h>

#include <algorithm>

#include "cli/commands.h"
#include "host/gather.h"

namespace hutch {
namespace {

struct Handler {
  std::string_view name;
  int (*handle)(Session&);
};
constexpr Handler kHandlers[] = {{"run", run_command},         {"plan", plan_command},
                                 {"show", show_command},       {"check", check_command},
                                 {"access", access_command},   {"list", list_command},
                                 {"diff", diff_command},       {"explain", explain_command},
                                 {"schema", schema_command},   {"completion", completion_command},
                                 {"ps", ps_command},           {"inspect", inspect_command},
                                 {"enter", enter_command},     {"kill", kill_command},
                                 {"version", version_command}, {"help", help_command},
                                 {"verify", verify_command},   {"build", build_command},
                                 {"install", install_command}, {"test", test_command},
                                 {"new", new_command},         {"doctor", doctor_command}};

/// The spellings of other programs.
std::vector<std::string> in_our_words(std::vector<std::string> arguments) {
  if (arguments[0] == "--help" || arguments[0] == "-h") arguments[0] = "help";
  if (arguments[0] == "--version" || arguments[0] == "-V") arguments[0] = "version";
  return arguments;
}

}  // namespace

int hutch_main(const std::vector<std::string>& arguments, char** environment) {
  if (arguments.empty()) {
    write_all(STDERR_FILENO, overview());
    return 2;
  }
  const auto host = gather_host(environment);
  Sources sources;
  Words words;
  Session session{words, *host, sources};
  auto ready = sort_words(in_our_words(arguments), sources, words);
  if (ready && words.has("--help")) return session.say(help_text(*words.command)) ? 0 : 1;
  if (ready) ready = start_log_of(words);
  if (!ready) {
    session.complain(ready.error());
    return words.command != nullptr ? words.command->usage_exit : 2;
  }
  const auto* const handler = std::ranges::find(kHandlers, words.command->name, &Handler::name);
  return handler->handle(session);
}

}  // namespace hutch
