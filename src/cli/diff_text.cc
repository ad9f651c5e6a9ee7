#include "cli/diff_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"

namespace hutch {
namespace {

struct Wording {
  char sign;
  const char* word;
};
Wording words_of(Change change) {
  switch (change) {
    case Change::wider:
      return {'+', "wider"};
    case Change::narrower:
      return {'-', "narrower"};
    case Change::other:
      break;
  }
  return {'~', "other"};
}

std::string where(const Origin& at, const Sources& sources) {
  return at.known() ? sources.where(at) : "(default)";
}

void side_json(Json& json, const char* name, const std::string& value, const Origin& at,
               const Sources& sources) {
  json.key(name);
  json.object([&] {
    json.field("value", value);
    json.key("origin");
    if (!at.known()) return json.null();
    json.object([&] {
      json.field("file", sources.name(at.source));
      json.field("line", at.line);
      json.field("column", at.column);
    });
  });
}

/// System calls come by the dozen: those of one fate are told on one line.
std::vector<Difference> gathered(const std::vector<Difference>& differences) {
  std::vector<Difference> all;
  for (const Difference& each : differences) {
    const auto alike = [&each](const Difference& other) {
      return other.topic == "seccomp" && other.change == each.change && other.before == each.before &&
             other.after == each.after;
    };
    const auto found = each.topic == "seccomp" ? std::ranges::find_if(all, alike) : all.end();
    if (found == all.end())
      all.push_back(each);
    else
      found->what += ", " + each.what;
  }
  return all;
}

}  // namespace

std::string differences_text(const std::vector<Difference>& differences, const Sources& sources) {
  std::string text;
  for (const Difference& each : gathered(differences)) {
    text += fmt::format("{} {} {}: {} -> {}\n", words_of(each.change).sign, each.topic, printable(each.what),
                        printable(each.before), printable(each.after));
    const std::string before = where(each.before_at, sources);
    const std::string after = where(each.after_at, sources);
    text += before == after ? fmt::format("    {}\n", before) : fmt::format("    {} -> {}\n", before, after);
  }
  return text;
}

std::string differences_json(const std::vector<Difference>& differences, const std::string& first,
                             const std::string& second, const Sources& sources) {
  Json json;
  json.object([&] {
    json.field("schema_version", 1);
    json.field("first", first);
    json.field("second", second);
    json.field("wider", widens(differences));
    json.key("differences");
    json.array([&] {
      for (const Difference& each : differences) {
        json.object([&] {
          json.field("change", words_of(each.change).word);
          json.field("topic", each.topic);
          json.field("what", each.what);
          side_json(json, "before", each.before, each.before_at, sources);
          side_json(json, "after", each.after, each.after_at, sources);
        });
      }
    });
  });
  return json.text() + "\n";
}

std::string diff_schema() {
  return R"json({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "https://hutch.example/diff.schema.json",
  "title": "What one profile grants that another does not",
  "description": "hutch diff --json A B",
  "type": "object",
  "properties": {
    "schema_version": { "const": 1 },
    "first": { "type": "string" },
    "second": { "type": "string" },
    "wider": { "type": "boolean", "description": "the second grants something that the first does not: exit status 1" },
    "differences": {
      "type": "array",
      "items": {
        "type": "object",
        "properties": {
          "change": { "enum": ["wider", "narrower", "other"], "description": "what cannot be compared is `wider`" },
          "topic": { "type": "string", "description": "file, memory, filesystem, path, link, namespace, identity, capability, privileges, seccomp, limit, descriptor, environment, network, process, input or output" },
          "what": { "type": "string" },
          "before": { "$ref": "#/$defs/side" },
          "after": { "$ref": "#/$defs/side" }
        },
        "required": ["change", "topic", "what", "before", "after"],
        "additionalProperties": false
      }
    }
  },
  "required": ["schema_version", "first", "second", "wider", "differences"],
  "additionalProperties": false,
  "$defs": {
    "side": {
      "type": "object",
      "properties": {
        "value": { "type": "string" },
        "origin": {
          "description": "the line that causes it; null: a default",
          "type": ["object", "null"],
          "properties": { "file": { "type": "string" }, "line": { "type": "integer" }, "column": { "type": "integer" } },
          "additionalProperties": false
        }
      },
      "required": ["value", "origin"],
      "additionalProperties": false
    }
  }
}
)json";
}

}  // namespace hutch
