#include "plan/argument_words.h"

#include <algorithm>
#include <string_view>

namespace hutch {
namespace {

constexpr std::size_t kLongestEnding = 8;
constexpr std::string_view kMeansMore = " \t\n\r'\"`$&|;<>()*?[]{}=:%,!#~@^\\";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::vector<FileWord> file_words(const Request& request, const Process& process) {
  std::vector<FileWord> words;
  bool options_end = false;
  for (std::size_t i = 0; i < request.arguments.size(); ++i) {
    const std::string& argument = request.arguments[i];
    if (i == 0 && *process.args != ArgsMode::append) {
      if (argument.find('/') != std::string::npos) words.push_back({i, 0, argument, true});
      continue;
    }
    if (!options_end && argument.starts_with('-')) {
      options_end = argument == "--";
      const std::size_t equals = argument.find('=');
      if (argument.starts_with("--") && equals != std::string::npos && equals + 1 < argument.size())
        words.push_back({i, equals + 1, argument.substr(equals + 1)});
      continue;
    }
    if (!argument.empty()) words.push_back({i, 0, argument});
  }
  return words;
}

bool looks_like_output(const std::string& text) {
  if (text.find('/') != std::string::npos) return !text.ends_with('/');
  if (text.find_first_of(kMeansMore) != std::string::npos) return false;
  const std::size_t dot = text.rfind('.');
  if (dot == std::string::npos || dot == 0) return false;
  const std::string_view ending = std::string_view(text).substr(dot + 1);
  return !ending.empty() && ending.size() <= kLongestEnding && std::ranges::any_of(ending, is_letter) &&
         std::ranges::all_of(ending, [](char c) { return is_letter(c) || is_digit(c); });
}

}  // namespace hutch
