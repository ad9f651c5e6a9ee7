#include "launch/registered.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "child/channel.h"
#include "launch/whole_number.h"

namespace hutch {
namespace {

bool is_namespace(std::string_view name) {
  return std::ranges::any_of(
      kNamespaceFiles, [name](std::string_view file) { return file.substr(0, file.find('_')) == name; });
}

}  // namespace

std::string text_of(const Registered& about) {
  std::string text = "hutch 1\n";
  const auto line = [&text](std::string_view key, std::string_view value) {
    text += fmt::format("{} {}\n", key, printable(value));
  };
  line("profile", about.profile);
  line("command", about.command);
  line("digest", about.digest);
  line("started", std::to_string(about.started));
  if (about.init > 0) line("init", std::to_string(about.init));
  if (about.program > 0) line("program", std::to_string(about.program));
  for (const auto& [name, inode] : about.namespaces) line("ns " + name, std::to_string(inode));
  return text + "end\n";
}

Registered registered_from(std::string_view text) {
  Registered about;
  const auto pid = [](std::string_view value) {
    const auto read = whole_number<pid_t>(value);
    return read && *read > 0 ? *read : -1;
  };
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t space = line.find(' ');
    const std::string_view key = line.substr(0, space);
    const std::string_view value = space == line.npos ? "" : line.substr(space + 1);
    if (key == "profile") about.profile = printable(value);
    if (key == "command") about.command = printable(value);
    if (key == "digest" && value.find_first_not_of("0123456789abcdef") == value.npos) about.digest = value;
    if (key == "started") about.started = whole_number<std::uint64_t>(value).value_or(0);
    if (key == "init") about.init = pid(value);
    if (key == "program") about.program = pid(value);
    if (key != "ns" || about.namespaces.size() == kNamespaceFileCount) continue;
    const std::size_t gap = value.find(' ');
    const auto inode = whole_number<std::uint64_t>(gap == value.npos ? "" : value.substr(gap + 1));
    if (inode && is_namespace(value.substr(0, gap)))
      about.namespaces.emplace_back(value.substr(0, gap), *inode);
  }
  return about;
}

}  // namespace hutch
