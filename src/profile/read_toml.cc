#include "profile/read_toml.h"

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "profile/syntax_error.h"

namespace hutch {
namespace {

class Converter {
 public:
  Converter(std::uint32_t source, std::string_view text) : source_(source), text_(text) {}

  Value convert(const toml::node& node) const {
    Value value{.at = origin(node.source())};
    if (const toml::table* table = node.as_table()) {
      value.data = convert(*table);
    } else if (const toml::array* array = node.as_array()) {
      Array all;
      all.reserve(array->size());
      for (const toml::node& item : *array) all.push_back(convert(item));
      value.data = std::move(all);
    } else if (const auto* text = node.as_string()) {
      value.data = text->get();
    } else if (const auto* integer = node.as_integer()) {
      value.data = integer->get();
    } else if (const auto* real = node.as_floating_point()) {
      value.data = real->get();
    } else if (const auto* boolean = node.as_boolean()) {
      value.data = boolean->get();
    } else {
      value.data = OtherType{};
    }
    return value;
  }

  Table convert(const toml::table& table) const {
    Table result;
    result.entries.reserve(table.size());
    for (auto&& [key, node] : table) {
      result.put({std::string(key.str()), origin(key.source()), convert(node)});
    }
    return result;
  }

 private:
  /// What spans several lines is underlined to the end of the first.
  [[nodiscard]] Origin origin(const toml::source_region& region) const {
    const auto& begin = region.begin;
    if (begin.line == 0) return {source_, 1, 1, 0};
    std::uint32_t end = region.end.column;
    if (region.end.line != begin.line) end = code_points(line_of(text_, begin.line)) + 1;
    return {source_, begin.line, begin.column, end > begin.column ? end - begin.column : 1};
  }

  std::uint32_t source_;
  std::string_view text_;
};

Origin place_of_byte(std::uint32_t source, std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto lines = static_cast<std::uint32_t>(std::ranges::count(before, '\n'));
  const std::size_t start = before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1;
  return {source, lines + 1, code_points(before.substr(start)) + 1, 1};
}

std::size_t first_invalid_byte(std::string_view text) {
  std::size_t good = 0;
  for (std::size_t end = 0; (end = text.find('\n', good)) != text.npos; good = end + 1) {
    if (!is_utf8(text.substr(good, end + 1 - good))) break;
  }
  // Within the line: the longest valid beginning.
  std::size_t at = good;
  for (std::size_t next = good + 1; next <= text.size() && next <= good + 4 + (at - good); ++next) {
    if (is_utf8(text.substr(good, next - good))) at = next;
  }
  return at;
}

/// What must hold before the parser sees the text: it is text.
Result<void> check_text(std::uint32_t source, std::string_view text) {
  if (text.size() > kLargestProfile) {
    return fail({.code = "E0113",
                 .what = fmt::format("this is {} bytes long, and a profile may have {} at most", text.size(),
                                     kLargestProfile),
                 .at = {source, 1, 1, 0}});
  }
  if (!is_utf8(text)) {
    return fail({.code = "E0112",
                 .what = "this is not UTF-8 text",
                 .at = place_of_byte(source, text, first_invalid_byte(text)),
                 .label = "from here on"});
  }
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if ((byte >= 0x20 && byte != 0x7f) || byte == '\t' || byte == '\n' || byte == '\r') continue;
    return fail({.code = "E0112",
                 .what = fmt::format("the control byte 0x{:02x} has no place in a profile", byte),
                 .at = place_of_byte(source, text, at),
                 .help = fmt::format("in a string, write \\u{:04X}", byte)});
  }
  return {};
}

}  // namespace

Result<Value> read_toml(std::uint32_t source, const Sources& sources) {
  const std::string& text = sources.text(source);
  TRY_DO(check_text(source, text));
  const toml::parse_result parsed = toml::parse(std::string_view(text));
  if (!parsed) {
    const auto& at = parsed.error().source().begin;
    return fail(syntax_error(text, parsed.error().description(), {source, at.line, at.column, 1}));
  }
  Value root{.at = {source, 1, 1, 0}};
  root.data = Converter(source, text).convert(parsed.table());
  return root;
}

}  // namespace hutch
