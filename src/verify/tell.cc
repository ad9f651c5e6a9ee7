#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "plan/describe.h"
#include "verify/verify.h"

namespace hutch {
namespace {

const char* word_of(Verdict::State state) {
  switch (state) {
    case Verdict::State::ok:
      return "ok";
    case Verdict::State::differs:
      return "differs";
    case Verdict::State::unreadable:
      return "unreadable";
  }
  return "";
}

}  // namespace

std::string verification_text(const Verification& verification, const Plan& plan, const Sources& sources) {
  std::string text;
  std::size_t ok = 0, wrong = verification.unplanned.size(), unread = 0;
  for (std::size_t i = 0; i < verification.steps.size(); ++i) {
    const Verdict& verdict = verification.steps[i];
    const Step& step = plan.steps[i];
    text += fmt::format("{:>4}  {:<10}  {}\n", i + 1, word_of(verdict.state), printable(describe(step.op)));
    switch (verdict.state) {
      case Verdict::State::ok:
        ++ok;
        break;
      case Verdict::State::differs:
        ++wrong;
        text += fmt::format("      = expected {}\n      = found {}\n", printable(verdict.expected),
                            printable(verdict.found));
        if (step.origin.known()) text += fmt::format("     --> {}\n", sources.where(step.origin));
        break;
      case Verdict::State::unreadable:
        ++unread;
        text += fmt::format("      = {}\n", printable(verdict.why));
        break;
    }
  }
  for (const std::string& mount : verification.unplanned)
    text += fmt::format("      differs     a mount that no step makes: {}\n", printable(mount));
  text += fmt::format("{} as planned, {} different, {} cannot be read back\n", ok, wrong, unread);
  return text;
}

std::string verification_json(const Verification& verification, const Plan& plan, const Sources& sources) {
  Json json;
  json.object([&] {
    json.field("schema_version", 1);
    json.field("profile", plan.profile_name);
    json.field("digest", plan_digest(plan));
    json.field("as_planned", verification.as_planned());
    json.key("steps");
    json.array([&] {
      for (std::size_t i = 0; i < verification.steps.size(); ++i) {
        const Verdict& verdict = verification.steps[i];
        const Step& step = plan.steps[i];
        json.object([&] {
          json.field("number", static_cast<std::uint64_t>(i + 1));
          json.field("kind", std::visit([]<class T>(const T&) { return T::kind; }, step.op));
          json.field("what", describe(step.op));
          json.field("state", word_of(verdict.state));
          if (verdict.state == Verdict::State::differs) {
            json.field("expected", verdict.expected);
            json.field("found", verdict.found);
          }
          if (verdict.state == Verdict::State::unreadable) json.field("why", verdict.why);
          json.key("origin");
          if (!step.origin.known()) return json.null();
          json.object([&] {
            json.field("file", sources.name(step.origin.source));
            json.field("line", step.origin.line);
            json.field("column", step.origin.column);
          });
        });
      }
    });
    json.key("unplanned");
    json.array([&] {
      for (const std::string& mount : verification.unplanned) json.value(mount);
    });
  });
  return json.text();
}

std::string verification_schema() {
  return R"json({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "https://hutch.example/verify.schema.json",
  "title": "A sandbox, read back from the kernel",
  "description": "hutch verify --json PROFILE",
  "type": "object",
  "properties": {
    "schema_version": { "const": 1 },
    "profile": { "type": "string" },
    "digest": { "type": "string", "description": "of the plan: hutch plan --digest" },
    "as_planned": { "type": "boolean", "description": "nothing differs: exit status 0" },
    "steps": {
      "type": "array",
      "items": {
        "type": "object",
        "properties": {
          "number": { "type": "integer", "minimum": 1 },
          "kind": { "type": "string" },
          "what": { "type": "string" },
          "state": { "enum": ["ok", "differs", "unreadable"] },
          "expected": { "type": "string", "description": "with `differs`" },
          "found": { "type": "string", "description": "with `differs`" },
          "why": { "type": "string", "description": "with `unreadable`: why the kernel does not show it" },
          "origin": {
            "description": "the line of the profile; null: the launcher always does this",
            "type": ["object", "null"],
            "properties": { "file": { "type": "string" }, "line": { "type": "integer" }, "column": { "type": "integer" } },
            "additionalProperties": false
          }
        },
        "required": ["number", "kind", "what", "state", "origin"],
        "additionalProperties": false
      }
    },
    "unplanned": { "type": "array", "description": "mounts that no step makes", "items": { "type": "string" } }
  },
  "required": ["schema_version", "profile", "digest", "as_planned", "steps", "unplanned"],
  "additionalProperties": false
}
)json";
}

}  // namespace hutch
