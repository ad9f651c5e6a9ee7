#include "install/exec_line.h"

#include <algorithm>

#include "base/path.h"

namespace hutch {
namespace {

/// A character after the escapes of values, and the bytes it is written in.
struct Letter {
  char c;
  std::size_t begin, end;
};

std::vector<Letter> letters_of(std::string_view value) {
  constexpr std::string_view kEscapes = "sntr\\", kMeant = " \n\t\r\\";
  std::vector<Letter> letters;
  for (std::size_t at = 0; at < value.size(); ++at) {
    const std::size_t escape =
        value[at] == '\\' && at + 1 < value.size() ? kEscapes.find(value[at + 1]) : std::string_view::npos;
    if (escape == std::string_view::npos) {
      letters.push_back({value[at], at, at + 1});
    } else {
      letters.push_back({kMeant[escape], at, at + 2});
      ++at;
    }
  }
  return letters;
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

/// Reads one word from `at`, which is not blank; false where a quote is not closed.
bool read_word(const std::vector<Letter>& letters, std::size_t& at, ExecWord& word) {
  word.begin = letters[at].begin;
  char quote = 0;
  for (; at < letters.size() && (quote != 0 || !is_blank(letters[at].c)); ++at) {
    const char c = letters[at].c;
    word.end = letters[at].end;
    if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (quote != 0 && c == quote) {
      quote = 0;
    } else if (c == '\\' && quote != '\'' && at + 1 < letters.size() &&
               (quote == 0 || std::string_view("\"`$\\").contains(letters[at + 1].c))) {
      word.text += letters[++at].c;
      word.end = letters[at].end;
    } else {
      word.text += c;
    }
  }
  return quote == 0;
}

}  // namespace

std::optional<std::vector<ExecWord>> exec_words(std::string_view value) {
  const std::vector<Letter> letters = letters_of(value);
  std::vector<ExecWord> words;
  for (std::size_t at = 0; at < letters.size();) {
    if (is_blank(letters[at].c)) {
      ++at;
      continue;
    }
    ExecWord word;
    if (!read_word(letters, at, word)) return std::nullopt;
    words.push_back(std::move(word));
  }
  return words;
}

std::optional<std::size_t> program_word(const std::vector<ExecWord>& words) {
  std::size_t at = 0;
  if (!words.empty() && (words[0].text == "env" || name_of(words[0].text) == "env"))
    for (at = 1; at < words.size() && words[at].text.contains('=');) ++at;
  return at < words.size() ? std::optional(at) : std::nullopt;
}

std::string unescaped_value(std::string_view value) {
  std::string text;
  for (const Letter& letter : letters_of(value)) text += letter.c;
  return text;
}

std::string escaped_value(std::string_view text) {
  constexpr std::string_view kMeant = "\n\t\r\\", kEscapes = "ntr\\";
  std::string value;
  for (const char c : text) {
    const std::size_t escape = kMeant.find(c);
    if (escape == std::string_view::npos) {
      value += c;
    } else {
      value += '\\';
      value += kEscapes[escape];
    }
  }
  if (value.starts_with(' ')) value.replace(0, 1, "\\s");
  return value;
}

std::string exec_word(std::string_view path, bool field_codes) {
  // Reserved by the specification; everything else stands for itself.
  constexpr std::string_view kReserved = " \t\n\"'\\><~|&;$*?#()`";
  std::string word;
  for (const char c : path) {
    if (std::string_view("\"`$\\").contains(c)) word += '\\';
    if (c == '%' && field_codes) word += '%';
    word += c;
  }
  if (std::ranges::any_of(path, [&](char c) { return kReserved.contains(c); }))
    word.insert(0, 1, '"').push_back('"');
  return escaped_value(word);
}

}  // namespace hutch
