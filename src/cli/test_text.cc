#include "cli/test_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/text.h"

namespace hutch {
namespace {

constexpr std::size_t kLines = 10;
constexpr std::size_t kWidestLine = 160;

std::string expected_text(const TestCase& test) {
  if (test.denied) return "denied: it runs, and fails";
  std::string text = fmt::format("status {}", test.exit);
  if (test.output) text += ", and on standard output:";
  return text;
}

/// The first or the last lines of what was written, each printable and not too long.
std::string excerpt(const Written& written, bool last) {
  std::string_view whole = written.text;
  if (whole.ends_with('\n')) whole.remove_suffix(1);
  if (whole.empty()) return "";
  std::vector<std::string_view> lines = split(whole, '\n');
  const std::string_view more = "             | …\n";
  const bool is_long = lines.size() > kLines;
  if (is_long && last) lines.erase(lines.begin(), lines.end() - kLines);
  if (is_long && !last) lines.resize(kLines);
  std::string text(is_long && last ? more : "");
  for (const std::string_view line : lines) {
    const bool is_wide = line.size() > kWidestLine;
    text += fmt::format("             | {}{}\n", printable(line.substr(0, kWidestLine)), is_wide ? "…" : "");
  }
  if ((is_long && !last) || written.is_cut) text += more;
  return text;
}

void stream_text(std::string& text, std::string_view name, const Written& written, bool last) {
  if (!written.text.empty()) text += fmt::format("      {}\n{}", name, excerpt(written, last));
}

std::string indented(std::string_view message) {
  std::string text;
  for (const std::string_view line : split(message, '\n')) {
    if (!line.empty()) text += fmt::format("      {}\n", line);
  }
  return text;
}

const char* word_of(const TestResult& result) {
  return !result.test.skipped.empty() ? "skipped" : result.failed.empty() ? "passed" : "failed";
}

void stream_json(Json& json, std::string_view name, const Written& written) {
  json.field(name, written.text);
  if (written.is_cut) json.field(fmt::format("{}_cut", name), true);
}

void result_json(Json& json, const TestResult& result) {
  const TestCase& test = result.test;
  json.field("name", test.name);
  json.field("file", result.file);
  json.field("line", test.at.line);
  json.field("column", test.at.column);
  json.key("run");
  json.array([&] {
    for (const std::string& word : test.run) json.value(word);
  });
  json.field("result", word_of(result));
  if (!test.skipped.empty()) return json.field("why", test.skipped);
  if (!result.failed.empty()) json.field("why", result.failed);
  json.key("expected");
  json.object([&] {
    json.field("denied", test.denied);
    if (!test.denied) json.field("status", test.exit);
    if (test.output) json.field("stdout", **test.output);
  });
  const TestEnding& ending = result.ending;
  json.key("came");
  json.object([&] {
    json.field("ran", ending.how == TestEnding::How::ran);
    json.field("status", ending.status);
    if (ending.signal != 0) json.field("signal", ending.signal);
    json.field("timed_out", ending.timed_out);
    stream_json(json, "stdout", ending.out);
    stream_json(json, "stderr", ending.err);
    if (ending.message_json.empty()) return;
    json.key("diagnostics");
    json.document(ending.message_json);
  });
}

constexpr const char* kTestSchema = R"json({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "https://hutch.example/test.schema.json",
  "title": "What the tests of profiles came to",
  "description": "hutch test --json PROFILE...",
  "type": "object",
  "properties": {
    "schema_version": { "const": 1 },
    "ok": { "type": "boolean", "description": "every profile is: exit status 0" },
    "profiles": { "type": "array", "items": { "$ref": "#/$defs/profile" } }
  },
  "required": ["schema_version", "ok", "profiles"],
  "additionalProperties": false,
  "$defs": {
    "profile": {
      "type": "object",
      "properties": {
        "profile": { "type": "string", "description": "as it was asked for" },
        "ok": { "type": "boolean" },
        "passed": { "type": "integer", "minimum": 0 },
        "failed": { "type": "integer", "minimum": 0 },
        "skipped": { "type": "integer", "minimum": 0 },
        "tests": { "type": "array", "items": { "$ref": "#/$defs/test" } },
        "diagnostics": { "type": "array", "description": "why it could not be tested; as those of `hutch check --json`", "items": { "type": "object" } }
      },
      "required": ["profile", "ok", "passed", "failed", "skipped", "tests"],
      "additionalProperties": false
    },
    "test": {
      "type": "object",
      "properties": {
        "name": { "type": "string" },
        "file": { "type": "string" },
        "line": { "type": "integer", "minimum": 0 },
        "column": { "type": "integer", "minimum": 0 },
        "run": { "type": "array", "items": { "type": "string" } },
        "result": { "enum": ["passed", "failed", "skipped"] },
        "why": { "type": "string", "description": "why it failed or was skipped" },
        "expected": {
          "type": "object",
          "properties": {
            "denied": { "type": "boolean" },
            "status": { "type": "integer" },
            "stdout": { "type": "string" }
          },
          "required": ["denied"],
          "additionalProperties": false
        },
        "came": {
          "type": "object",
          "properties": {
            "ran": { "type": "boolean", "description": "the program began" },
            "status": { "type": "integer", "description": "what hutch run would have exited with" },
            "signal": { "type": "integer", "description": "that ended the program" },
            "timed_out": { "type": "boolean" },
            "stdout": { "type": "string", "description": "its beginning" },
            "stdout_cut": { "const": true, "description": "there was more" },
            "stderr": { "type": "string", "description": "its beginning" },
            "stderr_cut": { "const": true, "description": "there was more" },
            "diagnostics": { "type": "array", "description": "why it did not begin", "items": { "type": "object" } }
          },
          "required": ["ran", "status", "timed_out", "stdout", "stderr"],
          "additionalProperties": false
        }
      },
      "required": ["name", "file", "line", "column", "run", "result"],
      "additionalProperties": false
    }
  }
}
)json";

}  // namespace

std::size_t TestedProfile::skipped() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(results, [](const TestResult& each) { return !each.test.skipped.empty(); }));
}
std::size_t TestedProfile::failed() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(results, [](const TestResult& each) { return !each.failed.empty(); }));
}
std::size_t TestedProfile::passed() const { return results.size() - skipped() - failed(); }

std::string test_text(const TestResult& result) {
  const std::string name = printable(result.test.name);
  if (!result.test.skipped.empty())
    return fmt::format("skip  {}: {}\n", name, printable(result.test.skipped));
  if (result.failed.empty()) return fmt::format("ok    {}\n", name);
  std::string text = fmt::format("FAIL  {}\n      --> {}\n", name, printable(result.where));
  text += fmt::format("      expected {}\n", expected_text(result.test));
  if (result.test.output) text += excerpt({**result.test.output, false}, false);
  text += fmt::format("      but {}\n", result.failed);
  stream_text(text, "standard output:", result.ending.out, false);
  stream_text(text, "standard error:", result.ending.err, true);
  return text + indented(result.ending.message);
}

std::string summary_text(const TestedProfile& tested) {
  const std::string name = printable(tested.profile);
  if (!tested.wrong.empty()) return fmt::format("{}: not tested\n", name);
  if (tested.results.empty()) return fmt::format("{}: no tests\n", name);
  std::string text = fmt::format("{}: {} passed", name, tested.passed());
  if (tested.failed() > 0) text += fmt::format(", {} failed", tested.failed());
  if (tested.skipped() > 0) text += fmt::format(", {} skipped", tested.skipped());
  return text + "\n";
}

void test_json(Json& json, const TestedProfile& tested, bool ok) {
  json.field("profile", tested.profile);
  json.field("ok", ok);
  json.field("passed", static_cast<std::uint64_t>(tested.passed()));
  json.field("failed", static_cast<std::uint64_t>(tested.failed()));
  json.field("skipped", static_cast<std::uint64_t>(tested.skipped()));
  json.key("tests");
  json.array([&] {
    for (const TestResult& each : tested.results) json.object([&] { result_json(json, each); });
  });
  if (tested.wrong.empty()) return;
  json.key("diagnostics");
  json.document(tested.wrong);
}

std::string test_schema() { return kTestSchema; }

}  // namespace hutch
