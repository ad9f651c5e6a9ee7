#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.h"

namespace hutch {
namespace {

std::string left_of(const Option& option) {
  std::string text =
      option.letter != 0 ? fmt::format("-{}, {}", option.letter, option.name) : std::string(option.name);
  if (!option.value.empty()) text.append(" ").append(option.value);
  return text;
}

constexpr std::string_view kExitStatus =
    "\nExit status: that of the program; 128+N if signal N ended it; 125 if the sandbox could not\n"
    "be set up (nothing ran), 126 if the program could not be executed, 127 if it was not found.\n";

}  // namespace

std::string overview() {
  std::string text =
      "usage: hutch COMMAND [OPTIONS] ...\n\nRuns programs in sandboxes that profiles "
      "describe.\n\nCommands:\n";
  for (const Command& each : all_commands())
    if (!each.later) text += fmt::format("  {:<12}{}\n", each.name, each.summary);
  return text + "\n`hutch help COMMAND` explains one. hutch(1), hutch-profile(5).\n";
}

std::string help_text(const Command& command) {
  std::string text = fmt::format("usage: hutch {}{}{}\n\n{}\n", command.name,
                                 command.usage.empty() ? "" : " ", command.usage, command.summary);
  if (command.later) return text + "\nNot supported yet.\n";
  if (command.takes_program)
    text += fmt::format("Options stand before {}; everything after it belongs to the program.\n",
                        command.operand == Operand::sandbox ? "NAME" : "PROFILE");
  std::size_t width = 0;
  const auto belongs = [&](const Option& each) { return (each.groups & command.groups) != 0; };
  for (const Option& each : all_options())
    if (belongs(each)) width = std::max(width, left_of(each).size());
  text += "\nOptions:\n";
  for (const Option& each : all_options())
    if (belongs(each)) text += fmt::format("  {:{}}  {}\n", left_of(each), width, each.help);
  if (command.name == "run") text += kExitStatus;
  return text;
}

int help_command(Session& session) {
  if (session.words.operands.empty()) return session.say(overview()) ? 0 : 1;
  const std::string& name = session.words.operands[0];
  const Command* const command = find_command(name);
  if (command != nullptr) return session.say(help_text(*command)) ? 0 : 1;
  session.complain({{.code = "E0901",
                     .what = fmt::format("unknown command `{}`", name),
                     .at = session.words.operands_at[0],
                     .help = "`hutch help` lists commands"}});
  return 2;
}

}  // namespace hutch
