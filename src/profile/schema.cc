#include "profile/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "profile/key_examples.h"
#include "profile/keys.h"
#include "profile/patterns.h"
#include "profile/words.h"

namespace hutch {
namespace {

/// TOML in JSON. No key takes a number with a fraction, or a date.
void write_json(Json& json, const Value& value) {
  if (const std::string* text = value.string()) return json.value(*text);
  if (const std::int64_t* number = value.integer()) return json.value(*number);
  if (const bool* truth = value.boolean()) return json.value(*truth);
  if (const Array* list = value.array()) {
    return json.array([&] {
      for (const Value& each : *list) write_json(json, each);
    });
  }
  json.object([&] {
    for (const Entry& entry : value.table()->entries) {
      json.key(entry.key);
      write_json(json, entry.value);
    }
  });
}

/// Writes one schema; each function fills an object that is open.
class SchemaWriter {
 public:
  std::string take() {
    json_.object([&] {
      json_.field("$schema", "https://json-schema.org/draft/2020-12/schema");
      json_.field("$id", "https://hutch.invalid/schema/profile.schema.json");
      json_.field("title", "Hutch profile, schema 1");
      table("");
      json_.key("$defs");
      json_.object([&] { definitions(); });
    });
    return json_.text() + "\n";
  }

 private:
  template <class Body>
  void member(std::string_view name, Body&& body) {
    json_.key(name);
    json_.object(body);
  }
  template <class... Bodies>
  void any_of(Bodies&&... bodies) {
    json_.key("anyOf");
    json_.array([&] { (json_.object(bodies), ...); });
  }
  /// "if", "then" or "else". Tombi takes one that names keys for a table that has no others, unless told.
  template <class Body>
  void branch(std::string_view name, Body&& body) {
    member(name, [&] {
      json_.field("additionalProperties", true);
      body();
    });
  }
  void list(std::string_view name, std::span<const std::string_view> words) {
    json_.key(name);
    json_.array([&] {
      for (const std::string_view word : words) json_.value(word);
    });
  }
  void reference(std::string_view name) { json_.field("$ref", fmt::format("#/$defs/{}", name)); }
  void string_like(const std::string& pattern) {
    json_.field("type", "string");
    json_.field("pattern", pattern);
  }
  void integers(std::int64_t low, std::int64_t high) {
    json_.field("type", "integer");
    json_.field("minimum", low);
    if (high != INT64_MAX) json_.field("maximum", high);
  }
  /// What it says, or a string whose variables are not known yet.
  template <class Body>
  void or_variable(Body&& body) {
    any_of(body, [&] { reference("variable"); });
  }

  void definitions() {
    member("text", [&] { string_like("^[^\\u0000]*$"); });
    member("variable", [&] {
      json_.field("description", "A string with a ${variable}.");
      string_like("\\$\\{");
    });
    member("when", [&] { table("when"); });
    member("mount", [&] { mount(); });
  }

  /// The rows of one table.
  void table(std::string_view path) {
    json_.field("type", "object");
    json_.field("additionalProperties", false);
    member("properties", [&] {
      for (const Key& key : all_keys()) {
        if (key.table == path && key.name != "*") member(key.name, [&] { row(key); });
      }
    });
  }

  void examples(const Key& key) {
    std::vector<std::string> texts;
    for (const Value& value : example_values(key)) {
      Json json(Json::compact);
      write_json(json, value);
      if (std::ranges::find(texts, json.text()) == texts.end()) texts.push_back(json.text());
    }
    if (texts.empty()) return;
    json_.key("examples");
    json_.array([&] {
      for (const std::string& text : texts) json_.document(text);
    });
  }

  void row(const Key& key) {
    json_.field("description", fmt::format("{}{}", key.help, key.later ? " Not supported yet." : ""));
    if (key.later) {
      member("not", [] {});
      return;
    }
    examples(key);
    what_it_takes(key);
  }

  /// The values of user-chosen names.
  template <class Body>
  void each_value(std::string_view table, Body&& body) {
    member("additionalProperties", [&] {
      examples(*find_key(table, "*"));
      body();
    });
  }

  void what_it_takes(const Key& key) {
    switch (key.shape) {
      case Shape::text:
        return key.words == "bytes" ? json_.field("type", "string") : reference("text");
      case Shape::name:
        return or_variable([&] { string_like("^[^/\\u0000]+$"); });
      case Shape::path:
        return string_like("^[^\\u0000]+$");
      case Shape::boolean:
        return json_.field("type", "boolean");
      case Shape::integer:
        return integers(key.low, key.high);
      case Shape::size:
        return any_of([&] { integers(key.low, key.high); }, [&] { string_like(size_pattern(key.low)); },
                      [&] { reference("variable"); });
      case Shape::duration:
        return any_of([&] { integers(key.low, key.high); },
                      [&] { string_like(duration_pattern(key.low < 0)); }, [&] { reference("variable"); });
      case Shape::mode:
        return any_of([&] { integers(0, key.high); }, [&] { string_like(mode_pattern(key.high)); },
                      [&] { reference("variable"); });
      case Shape::word:
        return word(key.words);
      case Shape::texts:
      case Shape::words:
      case Shape::integers:
        return items(key);
      case Shape::table:
        return inner_table(key);
      case Shape::tables:
        return key.table == "identity" ? map_rows() : key.name == "test" ? test_rows() : seccomp_rows(key);
      case Shape::special:
        return special(key);
    }
  }

  void word(std::string_view words) {
    std::vector<std::string_view> known = split(words, ' ');
    std::erase_if(known, [](std::string_view each) { return each.starts_with('~'); });
    or_variable([&] { list("enum", known); });
  }

  void items(const Key& key) {
    json_.field("type", "array");
    if (key.table == "test") json_.field("minItems", 1);
    member("items", [&] {
      if (key.shape == Shape::integers) return integers(key.low, key.high);
      if (key.words == "command") return reference("text");
      if (key.shape == Shape::words) return or_variable([&] { string_like(item_pattern(key.words)); });
      const std::string pattern = text_pattern(key.words);
      or_variable(
          [&] { string_like(pattern.empty() ? "^(![^\\u0000]+|[^!\\u0000][^\\u0000]*)$" : pattern); });
    });
  }

  void inner_table(const Key& key) {
    if (key.name == "when") return reference("when");
    if (key.name == "mounts" || key.name == "set" || key.name == "params") {
      json_.field("type", "object");
      const std::string names = key.name == "mounts" ? target_pattern()
                                : key.name == "set"  ? text_pattern("env_name")
                                                     : "";
      if (!names.empty()) member("propertyNames", [&] { json_.field("pattern", names); });
      return each_value(key.name == "set" ? "environment.set" : key.name, [&] {
        if (key.name == "mounts") return reference("mount");
        if (key.name == "params") return param();
        any_of([&] { reference("text"); },
               [&] {
                 table("environment.set.*");
                 list("required", {{"value"}});
               });
      });
    }
    if (key.table == "build") return build_paths(key.name == "inputs");
    table(key.name);
  }

  void build_paths(bool inputs) {
    json_.field("type", "object");
    member("propertyNames", [&] {
      json_.field("pattern", target_pattern());
      member("not", [&] { json_.field("pattern", inputs ? R"(^/$|^([^\\]|\\.)*[*?\[])" : "^/$"); });
    });
    each_value(inputs ? "build.inputs" : "build.outputs", [&] {
      any_of([&] { string_like("^[^\\u0000]+$"); },
             [&] { table(inputs ? "build.inputs.*" : "build.outputs.*"); });
    });
  }

  void special(const Key& key) {
    if (key.words == "namespace") {
      return any_of(
          [&] {
            list("enum", {{"new", "host"}});
          },
          [&] { reference("variable"); },
          [&] { table(key.name == "time" ? "namespaces.time" : "namespaces.*"); });
    }
    if (key.words.starts_with("limit_")) return limit(key);
    if (key.words == "outside") {
      return any_of([&] { integers(key.low, key.high); },
                    [&] {
                      list("enum", {{"self", "subids"}});
                    },
                    [&] { reference("variable"); });
    }
    if (key.words == "choices") {
      json_.field("type", "array");
      return member("items",
                    [&] { any_of([&] { reference("text"); }, [&] { json_.field("type", "integer"); }); });
    }
    if (key.words == "expect") {
      return any_of(
          [&] {
            list("enum", {{"ok", "denied"}});
          },
          [&] { reference("variable"); },
          [&] {
            table("test.expect");
            json_.field("minProperties", 1);
          });
    }
    if (key.words == "param_default") {
      return any_of([&] { reference("text"); }, [&] { list("type", {{"integer", "boolean"}}); });
    }
    or_variable([&] { string_like(text_pattern(key.words)); });
  }

  void limit_value(const Key& key) {
    any_of([&] { integers(0, INT64_MAX); }, [&] { string_like(limit_pattern(key.words)); },
           [&] { reference("variable"); });
  }

  void limit(const Key& key) {
    any_of([&] { limit_value(key); },
           [&] {
             json_.field("type", "object");
             json_.field("additionalProperties", false);
             list("required", {{"soft", "hard"}});
             member("properties", [&] {
               member("soft", [&] { limit_value(key); });
               member("hard", [&] { limit_value(key); });
             });
           });
  }

  void map_rows() {
    json_.field("type", "array");
    member("items", [&] {
      table("identity.map");
      list("required", {{"inside", "outside"}});
      branch("if", [&] { says("outside", {{"subids"}}); });
      branch("then", [&] { list("required", {{"count"}}); });
    });
  }

  void test_rows() {
    json_.field("type", "array");
    member("items", [&] {
      table("test");
      list("required", {{"run"}});
    });
  }

  void seccomp_rows(const Key& key) {
    json_.field("type", "array");
    member("items", [&] {
      const bool is_rule = key.name == "rule";
      table(is_rule ? "seccomp.rule" : "seccomp.rule.args");
      if (is_rule) return list("required", {{"syscall", "action"}});
      list("required", {{"index", "value"}});
      branch("if", [&] { says("op", {{"masked_eq"}}); });
      branch("then", [&] { list("required", {{"mask"}}); });
    });
  }

  /// The key is there, and is one of these words.
  void says(std::string_view key, std::span<const std::string_view> words) {
    list("required", {{key}});
    member("properties", [&] { member(key, [&] { list("enum", words); }); });
  }

  void param() {
    table("params.*");
    const auto rule = [&](auto&& condition, std::string_view name, std::string_view type) {
      json_.object([&] {
        branch("if", condition);
        branch(name,
               [&] { member("properties", [&] { member("default", [&] { json_.field("type", type); }); }); });
      });
    };
    json_.key("allOf");
    json_.array([&] {
      rule([&] { says("type", {{"int"}}); }, "then", "integer");
      rule([&] { says("type", {{"bool"}}); }, "then", "boolean");
      rule([&] { says("type", {{"string", "path"}}); }, "then", "string");
      rule([&] { list("required", {{"type"}}); }, "else", "string");
    });
  }

  void mount() {
    any_of([&] { list("enum", mount_words()); }, [&] { reference("variable"); },
           [&] {
             table("mounts.*");
             json_.key("allOf");
             json_.array([&] {
               for (const std::string_view type : split(find_key("mounts.*", "type")->words, ' ')) {
                 if (!type.starts_with('~')) json_.object([&] { mount_of(type); });
               }
             });
           });
  }

  void mount_of(std::string_view type) {
    std::vector<std::string_view> keys;
    for (const Key& key : all_keys()) {
      const auto types = split(key.types, ' ');
      const bool takes = key.types.empty() || std::ranges::find(types, type) != types.end();
      if (key.table == "mounts.*" && takes) keys.push_back(key.name);
    }
    branch("if", [&] { says("type", {{type}}); });
    branch("then", [&] {
      member("propertyNames", [&] { list("enum", keys); });
      if (type == "symlink") list("required", {{"to"}});
      if (type == "image") list("required", {{"source"}});
      if (type == "overlay") overlay();
      if (type == "file") {
        json_.key("oneOf");
        json_.array([&] {
          json_.object([&] { list("required", {{"content"}}); });
          json_.object([&] { list("required", {{"source"}}); });
        });
      }
    });
  }

  void overlay() {
    list("required", {{"lower"}});
    member("properties", [&] { member("lower", [&] { json_.field("minItems", 1); }); });
    json_.key("allOf");
    json_.array([&] {
      json_.object([&] {
        branch("if", [&] {
          list("required", {{"upper"}});
          member("properties", [&] {
            member("upper", [&] {
              member("not",
                     [&] { any_of([&] { json_.field("const", "tmpfs"); }, [&] { reference("variable"); }); });
            });
          });
        });
        branch("then", [&] { list("required", {{"work"}}); });
      });
      json_.object([&] {
        branch("if", [&] { list("required", {{"work"}}); });
        branch("then", [&] {
          list("required", {{"upper"}});
          member("properties",
                 [&] { member("upper", [&] { member("not", [&] { json_.field("const", "tmpfs"); }); }); });
        });
      });
    });
  }

  Json json_;
};

}  // namespace

std::string profile_schema() { return SchemaWriter().take(); }

}  // namespace hutch
