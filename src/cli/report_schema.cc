#include "cli/status.h"

namespace hutch {
namespace {

constexpr const char* kReportSchema = R"json({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "https://hutch.example/report.schema.json",
  "title": "What a launch came to",
  "description": "hutch run --report FILE. Each line of --status-fd is one of these parts, with its name as `event`.",
  "type": "object",
  "properties": {
    "schema_version": { "const": 1 },
    "plan": {
      "type": "object",
      "properties": {
        "time": { "$ref": "#/$defs/time" },
        "profile": { "type": "string" },
        "digest": { "type": "string", "description": "SHA-256 of the plan: hutch plan --digest" },
        "enforced": {
          "type": "object",
          "description": "the walls: each of them stood when the program began",
          "properties": {
            "namespaces": { "type": "array", "items": { "enum": ["user", "mount", "pid", "ipc", "uts", "net", "cgroup", "time"] } },
            "capabilities": { "type": "array", "items": { "type": "string" }, "description": "kept" },
            "no_new_privs": { "type": "boolean" },
            "memory_deny_write_execute": { "type": "boolean" },
            "filters": { "type": "array", "items": { "type": "string" } },
            "landlock": {
              "type": ["object", "null"],
              "description": "what it restricts; a port list that is missing restricts nothing",
              "properties": {
                "files": { "type": "boolean" },
                "bind_tcp": { "type": "array", "items": { "type": "integer" } },
                "connect_tcp": { "type": "array", "items": { "type": "integer" } },
                "scope": { "type": "array", "items": { "enum": ["signal", "abstract_unix_socket"] } }
              },
              "required": ["files", "scope"],
              "additionalProperties": false
            },
            "limits": {
              "type": "object",
              "additionalProperties": {
                "type": "array",
                "prefixItems": [{ "$ref": "#/$defs/limit" }, { "$ref": "#/$defs/limit" }],
                "items": false,
                "description": "soft, hard"
              }
            }
          },
          "required": ["namespaces", "capabilities", "no_new_privs", "memory_deny_write_execute", "filters", "landlock", "limits"],
          "additionalProperties": false
        },
        "skipped": {
          "type": "array",
          "items": {
            "type": "object",
            "properties": { "what": { "type": "string" }, "why": { "type": "string" }, "at": { "type": "string" } },
            "required": ["what", "why"],
            "additionalProperties": false
          }
        },
        "unpinned": {
          "type": "array",
          "description": "what the profile fixes and this caller cannot have, where `build.allow_unpinned` accepts it",
          "items": {
            "type": "object",
            "properties": { "name": { "type": "string" }, "wanted": { "type": "string" }, "actual": { "type": "string" }, "at": { "type": "string" } },
            "required": ["name", "wanted", "actual"],
            "additionalProperties": false
          }
        },
        "remarks": {
          "type": "array",
          "items": {
            "type": "object",
            "properties": { "text": { "type": "string" }, "at": { "type": "string" } },
            "required": ["text"],
            "additionalProperties": false
          }
        }
      },
      "required": ["time", "profile", "digest", "enforced", "skipped", "unpinned", "remarks"],
      "additionalProperties": false
    },
    "setup": {
      "type": "object",
      "description": "every wall stands; pids as the launcher sees them",
      "properties": {
        "time": { "$ref": "#/$defs/time" },
        "pid": { "type": "integer" },
        "init": { "type": "integer" }
      },
      "required": ["time", "pid", "init"],
      "additionalProperties": false
    },
    "exec": {
      "type": "object",
      "properties": { "time": { "$ref": "#/$defs/time" } },
      "required": ["time"],
      "additionalProperties": false
    },
    "exit": {
      "type": "object",
      "properties": {
        "time": { "$ref": "#/$defs/time" },
        "status": { "type": "integer", "description": "of hutch" },
        "reason": { "enum": ["exited", "signal", "timeout", "interrupted"] },
        "killed": { "type": "boolean", "description": "by hutch, after kill_after" },
        "code": { "type": "integer", "description": "exit status of the program" },
        "signal": {
          "type": "object",
          "properties": { "number": { "type": "integer" }, "name": { "type": "string" } },
          "required": ["number", "name"],
          "additionalProperties": false
        },
        "core_dumped": { "type": "boolean" },
        "usage": {
          "type": "object",
          "description": "of everything that ran inside: getrusage(2)",
          "properties": {
            "wall_seconds": { "type": "number" },
            "user_seconds": { "type": "number" },
            "system_seconds": { "type": "number" },
            "max_rss_kib": { "type": "integer" },
            "minor_faults": { "type": "integer" },
            "major_faults": { "type": "integer" },
            "blocks_in": { "type": "integer" },
            "blocks_out": { "type": "integer" },
            "voluntary_switches": { "type": "integer" },
            "involuntary_switches": { "type": "integer" }
          },
          "required": ["wall_seconds", "user_seconds", "system_seconds", "max_rss_kib"],
          "additionalProperties": false
        }
      },
      "required": ["time", "status", "reason"],
      "additionalProperties": false
    },
    "error": {
      "type": "object",
      "description": "nothing ran",
      "properties": {
        "time": { "$ref": "#/$defs/time" },
        "status": { "type": "integer", "description": "of hutch: 125, 126 or 127" },
        "diagnostics": {
          "type": "array",
          "items": {
            "type": "object",
            "properties": {
              "severity": { "enum": ["error", "warning"] },
              "code": { "type": "string", "pattern": "^[EW][0-9]{4}$" },
              "message": { "type": "string" }
            },
            "required": ["severity", "code", "message"]
          }
        }
      },
      "required": ["time", "status", "diagnostics"],
      "additionalProperties": false
    }
  },
  "required": ["schema_version"],
  "additionalProperties": false,
  "$defs": {
    "time": { "type": "integer", "description": "milliseconds since 1970" },
    "limit": { "type": ["integer", "string"], "description": "`unlimited` is RLIM_INFINITY" }
  }
}
)json";

}  // namespace

std::string report_schema() { return kReportSchema; }

}  // namespace hutch
