#include "base/path.h"

#include "base/text.h"

namespace hutch {

std::vector<std::string_view> components(std::string_view path) {
  std::vector<std::string_view> parts = split(path, '/');
  std::erase(parts, std::string_view());
  return parts;
}

std::string normalise(std::string_view absolute) {
  std::vector<std::string_view> kept;
  for (const std::string_view part : components(absolute)) {
    if (part == ".") continue;
    if (part != "..")
      kept.push_back(part);
    else if (!kept.empty())
      kept.pop_back();
  }
  if (kept.empty()) return "/";
  std::string out;
  for (const std::string_view part : kept) out.append("/").append(part);
  return out;
}

std::string absolute_from(std::string_view directory, std::string_view path) {
  if (path.starts_with('/')) return normalise(path);
  return normalise(std::string(directory).append("/").append(path));
}

std::string_view parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return "/";
  return path.substr(0, slash);
}

std::string_view name_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

bool is_within(std::string_view path, std::string_view directory) {
  if (directory == "/") return path.starts_with('/');
  return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

std::string join_path(std::string_view directory, std::string_view rest) {
  while (rest.starts_with('/')) rest.remove_prefix(1);
  std::string out(directory);
  if (rest.empty()) return out;
  if (!out.ends_with('/')) out += '/';
  return out.append(rest);
}

}  // namespace hutch
