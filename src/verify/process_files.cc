#include "verify/process_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

#include "base/text.h"
#include "base/unique_fd.h"

namespace hutch {

std::optional<std::string> ProcessFiles::read(std::string_view name) const {
  const UniqueFd file(::open(path(name).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  std::string text;
  std::array<char, 4096> part{};
  while (true) {
    const ssize_t got = ::read(file.get(), part.data(), part.size());
    if (got < 0) return std::nullopt;
    if (got == 0) return text;
    text.append(part.data(), static_cast<std::size_t>(got));
  }
}

std::string ProcessFiles::status(std::string_view field) const {
  const std::string text = read("status").value_or("");
  for (const std::string_view line : split(text, '\n')) {
    if (line.size() > field.size() && line.starts_with(field) && line[field.size()] == ':')
      return one_line_of(line.substr(field.size() + 1));
  }
  return {};
}

long ProcessFiles::stat_field(int number) const {
  const std::string text = read("stat").value_or("");
  const std::size_t end_of_name = text.rfind(')');  // a name may hold anything
  if (end_of_name == std::string::npos) return -1;
  const std::vector<std::string> fields = words_of(std::string_view(text).substr(end_of_name + 1));
  const auto index = static_cast<std::size_t>(number - 3);
  return index < fields.size() ? std::strtol(fields[index].c_str(), nullptr, 10) : -1;
}

std::optional<ObjectId> ProcessFiles::object(std::string_view name) const {
  struct stat found = {};
  if (::stat(path(name).c_str(), &found) < 0) return std::nullopt;
  return ObjectId{found.st_dev, found.st_ino, found.st_rdev, found.st_mode};
}

std::string ProcessFiles::link(std::string_view name) const {
  std::array<char, 4096> to{};
  const ssize_t length = ::readlink(path(name).c_str(), to.data(), to.size());
  return length < 0 ? std::string{} : std::string(to.data(), static_cast<std::size_t>(length));
}

std::vector<std::string> ProcessFiles::list(std::string_view name) const {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path(name).c_str()), ::closedir);
  if (!folder) return names;
  while (const dirent* entry = ::readdir(folder.get())) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  std::ranges::sort(names);
  return names;
}

IdRows::IdRows(std::string_view text) {
  rows_.clear();
  const std::vector<std::string> all = words_of(text);
  const auto number = [&all](std::size_t i) {
    return static_cast<std::uint32_t>(std::strtoul(all[i].c_str(), nullptr, 10));
  };
  for (std::size_t i = 0; i + 2 < all.size(); i += 3)
    rows_.push_back({number(i), number(i + 1), number(i + 2)});
}

std::optional<std::uint32_t> IdRows::outside(std::uint32_t inside) const {
  for (const Row& row : rows_) {
    if (inside >= row.inside && inside - row.inside < row.count) return row.outside + (inside - row.inside);
  }
  return std::nullopt;
}

std::string IdRows::text() const {
  std::string text;
  for (const Row& row : rows_)
    text += fmt::format("{}{} {} {}", text.empty() ? "" : ", ", row.inside, row.outside, row.count);
  return text;
}

std::vector<std::string> words_of(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\n";
  std::vector<std::string> words;
  while (true) {
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return words;
    text.remove_prefix(begin);
    words.emplace_back(text.substr(0, text.find_first_of(kBlanks)));
    text.remove_prefix(words.back().size());
  }
}

std::string one_line_of(std::string_view text) {
  std::string line;
  for (const std::string& word : words_of(text)) line += (line.empty() ? "" : " ") + word;
  return line;
}

}  // namespace hutch
