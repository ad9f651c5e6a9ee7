#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"
#include "profile/keys.h"
#include "profile/schema.h"
#include "profile/words.h"

namespace hutch {
namespace {

std::string words_of(const Key& key, bool with_later) {
  std::vector<std::string> all;
  for (const std::string_view word : split(key.words, ' ')) {
    if (!word.starts_with('~')) all.push_back(fmt::format("\"{}\"", word));
    if (word.starts_with('~') && with_later)
      all.push_back(fmt::format("\"{}\" (not supported yet)", word.substr(1)));
  }
  return fmt::format("{}", fmt::join(all, ", "));
}

std::string type_of(const Key& key) {
  switch (key.shape) {
    case Shape::text:
      return "string";
    case Shape::name:
      return "string without a slash";
    case Shape::path:
      return "path";
    case Shape::boolean:
      return "true or false";
    case Shape::integer:
      return key.high == INT64_MAX ? "integer" : fmt::format("integer from {} to {}", key.low, key.high);
    case Shape::size:
      return "size";
    case Shape::duration:
      return "time";
    case Shape::mode:
      return "octal mode";
    case Shape::word:
      return words_of(key, true);
    case Shape::texts:
      return "list of strings";
    case Shape::integers:
      return fmt::format("list of integers from {} to {}", key.low, key.high);
    case Shape::words:
      return fmt::format("list of {}", words_of(key, true));
    case Shape::table:
      return "table";
    case Shape::tables:
      return "list of tables";
    case Shape::special:
      break;
  }
  if (key.words == "namespace") return "\"new\", \"host\" or a table";
  if (key.words.starts_with("limit_")) return "limit";
  if (key.words == "action") return "action";
  if (key.words == "deny_action") return "action that denies";
  if (key.words == "outside") return "integer, \"self\" or \"subids\"";
  if (key.words == "mount") return fmt::format("a table, or one of {}", one_of(mount_words()));
  if (key.words.starts_with("build_")) return "path, or a table";
  if (key.words == "sha256") return "64 hexadecimal digits";
  if (key.words == "env") return "string, or a table";
  if (key.words == "expect") return "\"ok\", \"denied\" or a table";
  if (key.words == "param_default") return "string, integer or boolean";
  if (key.words == "choices") return "list of strings or integers";
  return "string";
}

std::string section_of(std::string_view table) {
  if (table.empty()) return "Top level";
  if (table == "when") return "when";
  if (table == "mounts.*") return "A mount's table";
  if (table == "namespaces.*") return "A namespace's table";
  if (table == "namespaces.time") return "[namespaces.time]";
  if (table == "identity.map") return "[[identity.uid_map]], [[identity.gid_map]]";
  if (table == "seccomp.rule") return "[[seccomp.rule]]";
  if (table == "seccomp.rule.args") return "One of `args` of a [[seccomp.rule]]";
  if (table == "limits.*") return "A limit's table";
  if (table == "build.inputs.*") return "An input's table";
  if (table == "build.outputs.*") return "An output's table";
  if (table == "params.*") return "[params.NAME]";
  if (table == "test.expect") return "A table as `expect` of a [[test]]";
  if (table == "environment.set.*") return "A variable's table";
  return table == "test" || table == "helpers" ? fmt::format("[[{}]]", table) : fmt::format("[{}]", table);
}

/// scdoc takes these for its own.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("_*\\<>[]#~`").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

/// As it is, which scdoc shows without breaking lines. A backslash is the only one that it takes for its own.
std::string literal_block(std::string_view text) {
  if (text.empty()) return {};
  std::string out = "\t```\n";
  for (const std::string_view line : split(text, '\n')) {
    out += '\t';
    for (const char c : line) out += c == '\\' ? "\\\\" : std::string(1, c);
    out += '\n';
  }
  return out + "\t```\n\n";
}

std::string details(const Key& key) {
  std::string text(key.help);
  if (!key.fallback.empty()) text += fmt::format(" Default: {}.", key.fallback);
  if (!key.types.empty()) {
    text += fmt::format(" Goes with: {}.", fmt::join(split(key.types, ' '), ", "));
  }
  if (!key.needs.empty()) text += fmt::format(" Needs {}.", key.needs);
  if (key.later) text += " Not supported yet.";
  return text;
}

std::string full_name(const Key& key) {
  if (key.table.empty()) return std::string(key.name);
  std::string table(key.table);
  if (table.ends_with(".*")) table.resize(table.size() - 2);
  return fmt::format("{}.{}", table, key.name);
}

/// What can be said in a table.
std::string keys_of(const Key& key) {
  const std::string table = full_name(key);
  std::vector<std::string_view> names;
  for (const Key& each : all_keys()) {
    if (each.table == table && each.name != "*") names.push_back(each.name);
  }
  return names.empty() ? "" : fmt::format("  Keys: {}.\n", fmt::join(names, ", "));
}

std::string example_of(const Key& key) {
  if (key.example.empty()) return {};
  std::string text = "  Example:\n";
  for (const std::string_view line : split(key.example, '\n')) text += fmt::format("    {}\n", line);
  return text;
}

}  // namespace

std::string keys_manual() {
  std::string text;
  std::string_view section = "none";
  for (const Key& key : all_keys()) {
    if (key.table != section) {
      section = key.table;
      // scdoc takes headings as they are, and hands a backslash on to troff.
      text += fmt::format("## {}\n\n", section_of(section));
    }
    text += fmt::format("*{}* ({})\n\t{}", escaped(key.name == "*" ? "NAME" : key.name),
                        escaped(type_of(key)), escaped(details(key)));
    text += "\n\n" + literal_block(key.example);
  }
  return text;
}

std::string explain_key(std::string_view name) {
  std::string text;
  for (const Key& key : all_keys()) {
    const std::string full = full_name(key);
    if (full != name && (key.name != name || key.name == "*")) continue;
    if (full == name && key.name != name && !key.table.ends_with(".*") && !text.empty()) text.clear();
    text += fmt::format("{}: {}\n  in {}\n  {}\n", full, type_of(key), section_of(key.table), details(key));
    text += keys_of(key) + example_of(key);
  }
  return text;
}

}  // namespace hutch
