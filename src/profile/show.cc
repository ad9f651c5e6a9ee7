#include "profile/show.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace hutch {
namespace {

/// What goes into a profile's string so that it means `text`: no variable, no home directory.
std::string literal(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool special = text[i] == '$' && i + 1 < text.size() && (text[i + 1] == '{' || text[i + 1] == '$');
    out += special ? "$$" : std::string(1, text[i]);
  }
  return out;
}

std::string inline_value(const Value& value);

std::string value_of(const Entry& entry) {
  const auto* number = entry.value.integer();
  if (number && (entry.key == "mode" || entry.key == "umask")) return fmt::format("0o{:o}", *number);
  return inline_value(entry.value);
}

std::string inline_table(const Table& table) {
  std::vector<std::string> parts;
  for (const Entry& each : table.entries)
    parts.push_back(fmt::format("{} = {}", toml_key(each.key), value_of(each)));
  return fmt::format("{{ {} }}", fmt::join(parts, ", "));
}

std::string inline_value(const Value& value) {
  if (const auto* text = value.string()) return quoted(literal(*text));
  if (const auto* number = value.integer()) return fmt::format("{}", *number);
  if (const auto* truth = value.boolean()) return *truth ? "true" : "false";
  if (const auto* real = value.real()) return fmt::format("{}", *real);
  if (const auto* table = value.table()) return inline_table(*table);
  std::vector<std::string> parts;
  if (const auto* list = value.array()) {
    for (const Value& each : *list) parts.push_back(inline_value(each));
  }
  return fmt::format("[{}]", fmt::join(parts, ", "));
}

class TomlWriter {
 public:
  explicit TomlWriter(const Sources& sources) : sources_(sources) {}

  void table(const Table& table, const std::string& path) {
    for (const Entry& each : table.entries) {
      if (!each.value.table()) line(each);
    }
    for (const Entry& each : table.entries) {
      if (const Table* inner = each.value.table()) section(*inner, path, each);
    }
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  void section(const Table& inner, const std::string& path, const Entry& entry) {
    const std::string key = path == "mounts" ? toml_key(literal(entry.key)) : toml_key(entry.key);
    const std::string here = path.empty() ? key : path + "." + key;
    const bool only_tables =
        !inner.entries.empty() &&
        std::ranges::all_of(inner.entries, [](const Entry& each) { return each.value.table() != nullptr; });
    if (!only_tables) {
      if (!text_.empty()) text_ += '\n';
      end_line(fmt::format("[{}]", here), entry.key_at);
    }
    table(inner, here);
  }

  void line(const Entry& entry) {
    const Array* list = entry.value.array();
    const bool from_one_place = !list || std::ranges::all_of(*list, [&](const Value& each) {
      return each.at.source == entry.value.at.source && each.at.line == entry.value.at.line;
    });
    if (from_one_place)
      return end_line(fmt::format("{} = {}", toml_key(entry.key), value_of(entry)), entry.value.at);
    end_line(fmt::format("{} = [", toml_key(entry.key)), entry.value.at);
    for (const Value& each : *list) end_line(fmt::format("  {},", inline_value(each)), each.at);
    end_line("]", entry.value.at);
  }

  void end_line(const std::string& words, Origin at) {
    text_ += words;
    if (at.known()) text_ += fmt::format("  # {}:{}", printable(sources_.name(at.source)), at.line);
    text_ += '\n';
  }

  const Sources& sources_;
  std::string text_;
};

}  // namespace

std::string toml_key(const std::string& key) {
  const bool bare = !key.empty() && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  return bare ? key : quoted(key);
}

std::string show_effective(const Loaded& loaded, const Sources& sources) {
  TomlWriter writer(sources);
  writer.table(*loaded.effective.table(), "");
  return writer.take();
}

}  // namespace hutch
