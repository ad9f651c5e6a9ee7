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

constexpr std::string_view kDoctorSchema = R"json({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "https://hutch.example/doctor.schema.json",
  "title": "What a machine can do, and what of a profile would fail on it",
  "description": "hutch doctor --json [PROFILE]",
  "type": "object",
  "properties": {
    "schema_version": { "const": 1 },
    "ok": { "type": "boolean", "description": "what nearly every profile needs works, or with a profile, all of that: exit status 0" },
    "facts": {
      "type": "array",
      "description": "whether or not it hurts",
      "items": {
        "type": "object",
        "properties": {
          "name": { "type": "string" },
          "value": { "type": "string" },
          "help": { "type": "string", "description": "what it means for sandboxes and what to do; missing where nothing is amiss" }
        },
        "required": ["name", "value"],
        "additionalProperties": false
      }
    },
    "trials": {
      "type": "array",
      "description": "small sandboxes, set up for real",
      "items": {
        "type": "object",
        "properties": {
          "name": { "type": "string" },
          "result": { "enum": ["works", "fails", "not tried"] },
          "needed": { "type": "boolean", "description": "by nearly every profile" },
          "takes": { "type": "string", "description": "with `not tried`: the name of the trial without which it cannot succeed" },
          "diagnostics": { "type": "array", "description": "with `fails`: why", "items": { "$ref": "#/$defs/diagnostic" } }
        },
        "required": ["name", "result", "needed", "diagnostics"],
        "additionalProperties": false
      }
    },
    "profile": {
      "type": "object",
      "description": "if one was asked for",
      "properties": {
        "name": { "type": "string", "description": "as it was asked for" },
        "ok": { "type": "boolean", "description": "nothing fails" },
        "went_through": { "type": "boolean", "description": "false: after the last failure nothing more could be tried" },
        "diagnostics": { "type": "array", "description": "what would fail, each at its line", "items": { "$ref": "#/$defs/diagnostic" } },
        "not_tried": { "type": "array", "description": "lines that may build on one that fails: FILE:LINE:COLUMN", "items": { "type": "string" } }
      },
      "required": ["name", "ok", "went_through", "diagnostics", "not_tried"],
      "additionalProperties": false
    }
  },
  "required": ["schema_version", "ok", "facts", "trials"],
  "additionalProperties": false,
  "$defs": {
)json";

}  // namespace

std::string doctor_schema() { return with_diagnostic_definitions(kDoctorSchema); }

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
        if (each.health == Health::not_tried) json.field("takes", each.trial.after);
        json.key("diagnostics");
        json.array([&] { diagnostics_json(json, each.why, Sources()); });
      });
    }
  });
}

}  // namespace hutch
