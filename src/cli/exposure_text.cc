#include "cli/exposure_text.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "base/text.h"
#include "cli/print_diagnostics.h"

namespace hutch {
namespace {

constexpr const char* kCheckSchema = R"json({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "https://hutch.example/check.schema.json",
  "title": "What is wrong with profiles, and what they reach",
  "description": "hutch check --json PROFILE...",
  "type": "object",
  "properties": {
    "profiles": {
      "type": "array",
      "items": {
        "type": "object",
        "properties": {
          "profile": { "type": "string" },
          "ok": { "type": "boolean", "description": "no error, and with --strict no warning" },
          "diagnostics": { "type": "array", "items": { "$ref": "#/$defs/diagnostic" } },
          "exposure": { "$ref": "#/$defs/exposure" }
        },
        "required": ["profile", "ok", "diagnostics"],
        "additionalProperties": false
      }
    }
  },
  "required": ["profiles"],
  "additionalProperties": false,
  "$defs": {
    "texts": { "type": "array", "items": { "type": "string" } },
    "exposure": {
      "type": "object",
      "description": "what the sandbox could reach here and now; missing where there is no plan",
      "properties": {
        "knows_files": { "type": "boolean", "description": "false: it joins a mount namespace, and what is said of files says nothing" },
        "writes": { "$ref": "#/$defs/texts", "description": "paths of the host that it can change, topmost only" },
        "reads": { "$ref": "#/$defs/texts", "description": "paths of the host that it can read and not change" },
        "named": { "enum": ["none", "read", "write"], "description": "what it may do with files that the command line of a launch names" },
        "home": { "enum": ["hidden", "parts", "read", "write"], "description": "the caller's" },
        "secrets": { "$ref": "#/$defs/texts" },
        "ways_out": { "$ref": "#/$defs/texts", "description": "sockets, and folders of them" },
        "run_outside": { "$ref": "#/$defs/texts", "description": "files that it can change and you will run" },
        "network": { "enum": ["none", "own", "host", "joined"] },
        "processes": { "enum": ["own", "host", "joined"] },
        "devices": { "$ref": "#/$defs/texts" },
        "capabilities": { "$ref": "#/$defs/texts" },
        "environment": { "$ref": "#/$defs/texts", "description": "the caller's variables, by name" },
        "gains": { "$ref": "#/$defs/texts", "description": "ways to more rights" }
      },
      "required": ["knows_files", "writes", "reads", "named", "home", "secrets", "ways_out", "run_outside", "network", "processes", "devices", "capabilities", "environment", "gains"],
      "additionalProperties": false
    },
)json";

constexpr std::size_t kMost = 6;  ///< names on a line

std::string list_text(const std::vector<std::string>& list, std::string_view none = "none") {
  if (list.empty()) return std::string(none);
  std::string text;
  for (std::size_t i = 0; i < list.size() && i < kMost; ++i) {
    if (i != 0) text += ", ";
    text += printable(list[i]);
  }
  if (list.size() > kMost) text += fmt::format(" and {} more", list.size() - kMost);
  return text;
}

std::string_view home_text(const std::string& home) {
  if (home == "hidden") return "out of reach";
  if (home == "parts") return "parts of it, as above";
  return home == "write" ? "all of it, to read and change" : "all of it, to read";
}

std::string_view whose_text(const std::string& whose, bool network) {
  if (whose == "host") return network ? "the host's, with its loopback services" : "the host's";
  if (whose == "joined") return "of whom it joins";
  if (whose == "none") return "none";
  return network ? "none but a loopback of its own" : "its own only";
}

}  // namespace

std::string exposure_text(const std::string& profile, const Exposure& exposure) {
  std::string text = fmt::format("{} reaches:\n", printable(profile));
  const auto line = [&text](std::string_view name, std::string_view value) {
    text += fmt::format("  {:<16}{}\n", name, value);
  };
  if (exposure.knows_files) {
    line("files to change", list_text(exposure.writes, "none of the host"));
    line("files to read", list_text(exposure.reads, "none of the host"));
    if (exposure.named != "none")
      line("files you name", exposure.named == "write" ? "read and write" : "read");
    line("your home", home_text(exposure.home));
    line("secrets", list_text(exposure.secrets, "none that are known"));
    line("ways out", list_text(exposure.sockets, "none that are known"));
    if (!exposure.run_outside.empty()) line("run outside", list_text(exposure.run_outside));
  } else {
    line("files", "not known: those of the mount namespace that it joins");
  }
  line("network", whose_text(exposure.network, true));
  line("processes", whose_text(exposure.processes, false));
  line("devices", list_text(exposure.devices, "none but null and the like"));
  line("capabilities", list_text(exposure.capabilities));
  line("your variables", list_text(exposure.environment));
  line("more rights by",
       fmt::format("{}", exposure.gains.empty() ? "nothing that is known"
                                                : fmt::format("{}", fmt::join(exposure.gains, "; "))));
  return text;
}

void exposure_json(Json& json, const Exposure& exposure) {
  const auto list = [&json](const char* name, const std::vector<std::string>& values) {
    json.key(name);
    json.array([&] {
      for (const std::string& each : values) json.value(each);
    });
  };
  json.object([&] {
    json.field("knows_files", exposure.knows_files);
    list("writes", exposure.writes);
    list("reads", exposure.reads);
    json.field("named", exposure.named);
    json.field("home", exposure.home);
    list("secrets", exposure.secrets);
    list("ways_out", exposure.sockets);
    list("run_outside", exposure.run_outside);
    json.field("network", exposure.network);
    json.field("processes", exposure.processes);
    list("devices", exposure.devices);
    list("capabilities", exposure.capabilities);
    list("environment", exposure.environment);
    list("gains", exposure.gains);
  });
}

std::string check_schema() { return with_diagnostic_definitions(kCheckSchema); }

}  // namespace hutch
