#include "cli/doctor_text.h"

#include <fmt/format.h>

#include <set>

#include "base/text.h"
#include "cli/print_diagnostics.h"

namespace hutch {
namespace {

constexpr std::string_view word_of(const Tried& tried) {
  switch (tried.health) {
    case Health::works:
      return "works";
    case Health::fails:
      return "fails";
    case Health::not_tried:
      return "not tried";
  }
  return "";
}

std::string fact_text(const MachineFact& fact) {
  std::string text = fmt::format("  {:<18}{}\n", fact.name, fact.value);
  if (!fact.help.empty()) text += fmt::format("  {:<18}  -> {}\n", "", fact.help);
  return text;
}

/// What went wrong; what was said before is not said again.
std::string reasons(const Tried& tried, std::set<std::string>& said) {
  std::string text;
  for (const Diagnostic& each : tried.why) {
    std::string reason = fmt::format("      {}: {}\n", each.code, printable(each.what));
    if (!each.step.empty()) reason += fmt::format("      at {}\n", printable(each.step));
    if (!each.cause.empty()) reason += fmt::format("      cause: {}\n", printable(each.cause));
    if (!each.help.empty()) reason += fmt::format("      help: {}\n", printable(each.help));
    if (said.insert(each.code + each.what + each.cause).second)
      text += reason;
    else
      text += fmt::format("      {}: as above\n", each.code);
  }
  return text;
}

}  // namespace

std::string doctor_text(const std::vector<MachineFact>& facts, const std::vector<Tried>& trials) {
  std::string text = "This machine, and who asks:\n";
  for (const MachineFact& fact : facts) text += fact_text(fact);
  text += "\nTried, each in a sandbox of its own:\n";
  std::set<std::string> said;
  for (const Tried& each : trials) {
    const bool works = each.health == Health::works;
    text += fmt::format("  {:<24}{}{}\n", each.trial.name, word_of(each),
                        works                              ? ""
                        : each.health == Health::not_tried ? fmt::format(": it takes {}", each.trial.after)
                        : each.trial.needed                ? ": nearly every profile needs it"
                                                           : ": only for profiles that ask for it");
    text += reasons(each, said);
  }
  return text;
}

void doctor_json(Json& json, const std::vector<MachineFact>& facts, const std::vector<Tried>& trials) {
  json.key("facts");
  json.array([&] {
    for (const MachineFact& fact : facts) {
      json.object([&] {
        json.field("name", fact.name);
        json.field("value", fact.value);
        if (!fact.help.empty()) json.field("help", fact.help);
      });
    }
  });
  json.key("trials");
  json.array([&] {
    for (const Tried& each : trials) {
      json.object([&] {
        json.field("name", each.trial.name);
        json.field("result", word_of(each));
        json.field("needed", each.trial.needed);
        json.key("diagnostics");
        json.array([&] { diagnostics_json(json, each.why, Sources()); });
      });
    }
  });
}

}  // namespace hutch
