#include "profile/syntax_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/text.h"

namespace hutch {
namespace {

std::size_t offset_of(std::string_view line, std::uint32_t column) {
  std::size_t offset = 0;
  for (std::uint32_t at = 1; at < column && offset < line.size(); ++at) {
    ++offset;
    while (offset < line.size() && (static_cast<unsigned char>(line[offset]) & 0xc0U) == 0x80) ++offset;
  }
  return offset;
}

/// "Error while parsing value: could not …" -> "could not …"
std::string_view without_preamble(std::string_view said) {
  constexpr std::string_view kPreamble = "Error while parsing ";
  if (!said.starts_with(kPreamble)) return said;
  const std::size_t colon = said.find(": ");
  return colon == said.npos ? said : said.substr(colon + 2);
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// The first `=` of a line that no quotes enclose, as an offset; npos if there is none.
std::size_t equals_sign(std::string_view line) {
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (quote != 0) {
      if (line[i] == '\\' && quote == '"')
        ++i;
      else if (line[i] == quote)
        quote = 0;
    } else if (line[i] == '"' || line[i] == '\'') {
      quote = line[i];
    } else if (line[i] == '=' || line[i] == '#') {
      return line[i] == '=' ? i : line.npos;
    }
  }
  return line.npos;
}

void point_at(Diagnostic& diagnostic, std::string_view line, std::size_t offset, std::string_view words) {
  diagnostic.at.column = code_points(line.substr(0, offset)) + 1;
  diagnostic.at.length = std::max(1U, code_points(words));
}

/// `a = yes`, `a = /x/y`, `a = “x”`: text that was not quoted.
bool explain_bare_text(Diagnostic& diagnostic, std::string_view line, std::size_t offset) {
  // The parser points at the place where it gave up, which is somewhere in the words.
  std::size_t begin = std::min(offset, line.size());
  while (begin > 0 && !std::string_view(" \t=[,{").contains(line[begin - 1])) --begin;
  std::string_view words = line.substr(begin);
  words = trimmed(words.substr(0, words.find_first_of(",]}#")));
  if (words.empty() || words.front() == '"' || words.front() == '\'') return false;
  diagnostic.what = fmt::format("`{}` is not a TOML value", words);
  point_at(diagnostic, line, begin, words);
  if (words.starts_with("\u201c") || words.starts_with("\u201d") || words.starts_with("\u2018")) {
    diagnostic.label = "these are typographic quotes: use \" or '";
  } else if (words == "yes" || words == "no" || words == "on" || words == "off" || words == "True" ||
             words == "False") {
    const bool truth = words == "yes" || words == "on" || words == "True";
    diagnostic.label = fmt::format("write {}, or quote it: {}", truth ? "true" : "false", quoted(words));
  } else {
    diagnostic.label = fmt::format("text needs quotes: {}", quoted(words));
  }
  return true;
}

/// Where the key or table that is said a second time was said first, if it is plain to see.
Origin first_said(std::string_view text, const Origin& second, bool is_header) {
  const std::string_view again = trimmed(line_of(text, second.line));
  const std::string_view key = is_header ? again : trimmed(again.substr(0, equals_sign(again)));
  for (std::uint32_t number = second.line - 1; number > 0; --number) {
    const std::string_view line = line_of(text, number);
    const std::string_view said = trimmed(line);
    const std::string_view candidate = is_header ? said : trimmed(said.substr(0, equals_sign(said)));
    if (candidate == key) {
      return {second.source, number, code_points(line.substr(0, line.find(key))) + 1, code_points(key)};
    }
    if (!is_header && said.starts_with('[')) break;
  }
  return {};
}

void explain_redefinition(Diagnostic& diagnostic, std::string_view text, std::string_view said) {
  const std::size_t quote = said.find('\'');
  const std::string_view name = said.substr(quote + 1, said.find('\'', quote + 1) - quote - 1);
  const std::string_view line = line_of(text, diagnostic.at.line);
  const std::string_view words = trimmed(line);
  const bool is_header = words.starts_with('[');
  const std::string_view key = is_header ? words : trimmed(words.substr(0, equals_sign(words)));
  diagnostic.what = fmt::format("`{}` is said twice", printable(name));
  if (!key.empty()) point_at(diagnostic, line, line.find(key), key);
  diagnostic.label = "the second time";
  diagnostic.other = first_said(text, diagnostic.at, is_header);
  if (diagnostic.other.known()) diagnostic.other_label = "the first time";
}

bool says(std::string_view said, std::string_view words) { return said.find(words) != said.npos; }

void explain(Diagnostic& diagnostic, std::string_view text, std::string_view said) {
  const std::string_view line = line_of(text, diagnostic.at.line);
  const std::size_t offset = offset_of(line, diagnostic.at.column);
  if (says(said, "cannot redefine")) return explain_redefinition(diagnostic, text, said);
  const bool bare = says(said, "could not determine value type") || says(said, "expected 'true'") ||
                    says(said, "expected 'false'") || says(said, "expected 'nan'") ||
                    says(said, "expected 'inf'");
  if (bare && explain_bare_text(diagnostic, line, offset > 0 && offset >= line.size() ? offset - 1 : offset))
    return;
  if (says(said, "leading zeroes")) {
    diagnostic.help = "write an octal number as 0o22, or quote it: \"022\"";
  } else if (says(said, "saw '\\n'") || says(said, "saw '\n'")) {
    diagnostic.help =
        "an inline table `{ … }` stays on one line; a table of its own, [mounts.\"/data\"], may have many";
  } else if (says(said, "dangling comma")) {
    diagnostic.help = "an inline table has no comma before `}`";
  } else if (says(said, "expected keys, tables") && line.substr(offset).starts_with('/')) {
    const std::string_view key = trimmed(line.substr(offset, equals_sign(line) - offset));
    diagnostic.what = fmt::format("the key `{}` needs quotes", key);
    diagnostic.label = fmt::format("write {}", quoted(key));
    diagnostic.at.length = std::max(1U, code_points(key));
  } else if (says(said, "expected '='") && line.substr(offset).starts_with(':')) {
    diagnostic.label = "TOML puts `=` between key and value";
  } else if (says(said, "encountered end-of-file")) {
    diagnostic.help = "a quote, bracket or brace is still open here, or a value is missing";
  } else if (says(said, "unknown escape sequence")) {
    diagnostic.help = "write \\\\ for a backslash, or use single quotes: 'like this'";
  }
}

}  // namespace

std::string_view line_of(std::string_view text, std::uint32_t number) {
  for (std::uint32_t i = 1; i < number; ++i) {
    const std::size_t end = text.find('\n');
    if (end == text.npos) return {};
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

std::uint32_t code_points(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      std::ranges::count_if(bytes, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; }));
}

Diagnostic syntax_error(std::string_view text, std::string_view said, Origin at) {
  Diagnostic diagnostic{.code = "E0101", .at = at};
  diagnostic.what = fmt::format("not valid TOML: {}", printable(without_preamble(said)));
  explain(diagnostic, text, said);
  return diagnostic;
}

}  // namespace hutch
