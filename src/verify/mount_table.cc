#include "verify/mount_table.h"

#include <algorithm>
#include <cstdlib>

#include "base/text.h"
#include "verify/process_files.h"

namespace hutch {
namespace {

/// mountinfo writes blanks and backslashes as \040.
std::string plain(std::string_view text) {
  constexpr std::size_t kEscape = 4;
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + kEscape > text.size()) {
      result += text[i];
      continue;
    }
    const std::string digits(text.substr(i + 1, kEscape - 1));
    result += static_cast<char>(std::strtol(digits.c_str(), nullptr, 8));
    i += kEscape - 1;
  }
  return result;
}

}  // namespace

bool MountLine::has(std::string_view option) const {
  const std::vector<std::string_view> words = split(options, ',');
  return std::ranges::find(words, option) != words.end();
}

const std::string* MountLine::super_option(std::string_view key) const {
  for (const auto& [name, value] : super) {
    if (name == key) return &value;
  }
  return nullptr;
}

MountTable::MountTable(std::string_view mountinfo) {
  constexpr std::size_t kId = 0, kParent = 1, kDevice = 2, kRoot = 3, kPoint = 4, kOptions = 5, kSpread = 6;
  for (const std::string_view text : split(mountinfo, '\n')) {
    const std::vector<std::string> words = words_of(text);
    const auto dash = std::ranges::find(words, "-");
    if (words.size() < kSpread || words.end() - dash < 4) continue;
    MountLine line{.id = std::atoi(words[kId].c_str()),
                   .parent = std::atoi(words[kParent].c_str()),
                   .device = words[kDevice],
                   .root = plain(words[kRoot]),
                   .point = plain(words[kPoint]),
                   .options = words[kOptions],
                   .type = dash[1],
                   .source = plain(dash[2]),
                   .super_options = dash[3]};
    for (auto word = words.begin() + kSpread; word < dash; ++word)
      line.spread += (line.spread.empty() ? "" : " ") + *word;
    for (const std::string_view option : split(line.super_options, ',')) {
      const std::size_t equals = option.find('=');
      line.super.emplace_back(option.substr(0, equals),
                              equals == std::string_view::npos ? "" : plain(option.substr(equals + 1)));
    }
    lines_.push_back(std::move(line));
  }
}

std::vector<const MountLine*> MountTable::stack_on(const MountLine* parent, std::string_view path) const {
  std::vector<const MountLine*> stack;
  const auto is_next = [&](const MountLine& line) {
    if (line.point != path || line.id == line.parent) return false;
    const MountLine* below = stack.empty() ? parent : stack.back();
    return below != nullptr && line.parent == below->id;
  };
  if (parent == nullptr) {
    // The root of all: its parent is outside of what the process can reach.
    const auto is_known = [&](int id) {
      return std::ranges::any_of(lines_, [id](const MountLine& line) { return line.id == id; });
    };
    const auto root = std::ranges::find_if(lines_, [&](const MountLine& line) {
      return line.point == "/" && (line.parent == line.id || !is_known(line.parent));
    });
    if (root == lines_.end()) return stack;
    stack.push_back(&*root);
  }
  for (auto next = std::ranges::find_if(lines_, is_next); next != lines_.end();
       next = std::ranges::find_if(lines_, is_next)) {
    stack.push_back(&*next);
  }
  return stack;
}

std::vector<const MountLine*> MountTable::at(std::string_view path) const {
  std::vector<const MountLine*> stack = stack_on(nullptr, "/");
  if (path == "/" || stack.empty()) return stack;
  const MountLine* here = stack.back();
  for (std::size_t end = 1; end != std::string_view::npos;) {
    end = path.find('/', end);
    stack = stack_on(here, path.substr(0, end));
    if (!stack.empty()) here = stack.back();
    if (end != std::string_view::npos) ++end;
  }
  return stack;
}

std::vector<const MountLine*> MountTable::below(const MountLine& mount) const {
  std::vector<const MountLine*> found;
  std::vector<int> parents{mount.id};
  for (std::size_t i = 0; i < parents.size(); ++i) {
    for (const MountLine& line : lines_) {
      if (line.parent != parents[i] || line.id == line.parent) continue;
      found.push_back(&line);
      parents.push_back(line.id);
    }
  }
  return found;
}

}  // namespace hutch
