#include "profile/params.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "base/path.h"
#include "base/text.h"
#include "profile/syntax_error.h"
#include "profile/words.h"

namespace hutch {
namespace {

using Values = std::map<std::string, std::string, std::less<>>;

std::string_view string_at(const Table& table, std::string_view key, std::string_view fallback) {
  const Entry* entry = table.find(key);
  return entry && entry->value.string() ? std::string_view(*entry->value.string()) : fallback;
}

std::string as_text(const Value& value) {
  if (const auto* number = value.integer()) return fmt::format("{}", *number);
  if (const auto* truth = value.boolean()) return *truth ? "true" : "false";
  return value.string() ? *value.string() : "";
}

bool is_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

/// One parameter: what it is declared as, and the text that it is to have.
struct Wanted {
  const Entry& declared;
  std::string text;
  Origin at;
  std::string directory;  ///< where a relative path starts
};

std::optional<Diagnostic> refuse(const Wanted& wanted, std::string_view expected) {
  return Diagnostic{.code = "E0209",
                    .what = fmt::format("parameter `{}` must be {}, not {}", printable(wanted.declared.key),
                                        expected, quoted(wanted.text)),
                    .at = wanted.at,
                    .other = wanted.declared.key_at,
                    .other_label = "declared here"};
}

std::optional<Diagnostic> settle(Wanted& wanted, const Variables& variables) {
  const Table& declared = *wanted.declared.value.table();
  const std::string_view type = string_at(declared, "type", "string");
  if (wanted.text.find('\0') != std::string::npos) return refuse(wanted, "text without NUL bytes");
  if (type == "int" && !is_integer(wanted.text)) return refuse(wanted, "an integer");
  if (type == "bool" && wanted.text != "true" && wanted.text != "false")
    return refuse(wanted, "true or false");
  if (const Entry* choices = declared.find("choices")) {
    std::vector<std::string> texts;
    for (const Value& each : *choices->value.array()) texts.push_back(as_text(each));
    if (std::ranges::find(texts, wanted.text) == texts.end()) {
      const std::vector<std::string_view> views(texts.begin(), texts.end());
      auto diagnostic = refuse(wanted, one_of(views));
      if (const auto near = closest(wanted.text, views); near && diagnostic)
        diagnostic->label = fmt::format("did you mean \"{}\"?", *near);
      return diagnostic;
    }
  }
  if (type != "path") return std::nullopt;
  if (wanted.text.empty()) return refuse(wanted, "a path");
  if (wanted.text == "~" || wanted.text.starts_with("~/")) {
    auto home = variables.expand("~", wanted.at, Variables::Use::path);
    if (!home) return std::move(home).error().diagnostic;
    wanted.text = join_path(*home, std::string_view(wanted.text).substr(1));
  }
  if (!wanted.text.starts_with('/') && wanted.directory.empty()) {
    return refuse(wanted, "an absolute path, since the current directory was deleted or cannot be read");
  }
  wanted.text = absolute_from(wanted.directory, wanted.text);
  return std::nullopt;
}

/// What a caller gave is a source too: messages point into it.
Origin origin_of(const std::string& name, const std::string& value, std::size_t part, Sources& sources,
                 const std::string& directory) {
  const std::string text = name + "=" + value;
  const std::uint32_t source = sources.add("--param", text, directory);
  const std::uint32_t name_length = code_points(name);
  return part == 0 ? Origin{source, 1, 1, name_length}
                   : Origin{source, 1, name_length + 2, std::max(1U, code_points(value))};
}

}  // namespace

Result<Values> parameter_values(const Table& declared, const std::map<std::string, std::string>& given,
                                const Variables& variables, Sources& sources) {
  Values values;
  Diagnostics wrong;
  const std::string& directory = variables.host().caller().directory;
  for (const auto& [name, value] : given) {
    if (declared.find(name)) continue;
    std::vector<std::string_view> names;
    for (const Entry& each : declared.entries) names.emplace_back(each.key);
    const auto near = closest(name, names);
    wrong.push_back({.code = "E0207",
                     .what = fmt::format("the profile has no parameter `{}`", printable(name)),
                     .at = origin_of(name, value, 0, sources, directory),
                     .label = near ? fmt::format("did you mean `{}`?", *near) : "",
                     .help = near || names.empty() ? "" : fmt::format("it has {}", fmt::join(names, ", "))});
  }
  for (const Entry& each : declared.entries) {
    const Table& row = *each.value.table();
    const Entry* fallback = row.find("default");
    const auto chosen = given.find(each.key);
    if (chosen == given.end() && !fallback) {
      const std::string_view help = string_at(row, "help", "");
      wrong.push_back({.code = "E0208",
                       .what = fmt::format("parameter `{}` is required", printable(each.key)),
                       .at = each.key_at,
                       .label = printable(help),
                       .help = fmt::format("give it with --param {}=VALUE", printable(each.key))});
      continue;
    }
    Wanted wanted{each, "", {}, directory};
    if (chosen != given.end()) {
      wanted.text = chosen->second;
      wanted.at = origin_of(chosen->first, chosen->second, 1, sources, directory);
    } else {
      wanted.at = fallback->value.at;
      wanted.directory = wanted.at.known() ? sources.directory(wanted.at.source) : directory;
      auto text = variables.expand(as_text(fallback->value), wanted.at, Variables::Use::text);
      if (!text) {
        wrong.push_back(std::move(text).error().diagnostic);
        continue;
      }
      wanted.text = *std::move(text);
    }
    if (auto diagnostic = settle(wanted, variables)) {
      wrong.push_back(*std::move(diagnostic));
    } else {
      values.emplace(each.key, std::move(wanted.text));
    }
  }
  if (!wrong.empty()) return std::unexpected(std::move(wrong));
  return values;
}

}  // namespace hutch
