#include "host/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/own_path.h"
#include "base/unique_fd.h"

namespace hutch {
namespace {

CannotRead failed(int error) {
  // ::strerrordesc_np needs no locale.
  const char* words = ::strerrordesc_np(error);
  return {words ? words : fmt::format("error {}", error), error};
}

}  // namespace

std::expected<FileText, CannotRead> Files::read(const std::string& path, std::size_t most) const {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file) return std::unexpected(failed(errno));
  struct stat fact {};
  if (::fstat(file.get(), &fact) != 0) return std::unexpected(failed(errno));
  if (S_ISDIR(fact.st_mode)) return std::unexpected(CannotRead{"it is a directory"});
  const std::string too_big = fmt::format("it is larger than the {} bytes that a profile may have", most);
  if (S_ISREG(fact.st_mode) && static_cast<std::uintmax_t>(fact.st_size) > most) {
    return std::unexpected(CannotRead{too_big});
  }
  FileText result{.identity = {fact.st_dev, fact.st_ino}, .is_regular = S_ISREG(fact.st_mode)};
  char buffer[16384];
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
    if (got == 0) return result;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(failed(errno));
    result.text.append(buffer, static_cast<std::size_t>(got));
    if (result.text.size() > most) return std::unexpected(CannotRead{too_big});
  }
}

std::vector<std::string> Files::names(const std::string& path) const {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
  if (!directory) return names;
  while (const dirent* entry = ::readdir(directory.get())) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  std::ranges::sort(names);
  return names;
}

bool Files::is_directory(const std::string& path) const {
  struct stat fact {};
  return ::stat(path.c_str(), &fact) == 0 && S_ISDIR(fact.st_mode);
}

bool Files::is_regular_file(const std::string& path) const {
  struct stat fact {};
  return ::stat(path.c_str(), &fact) == 0 && S_ISREG(fact.st_mode);
}

bool Files::is_of_others(const std::string& path, uid_t uid) const {
  struct stat found = {};
  if (::stat(path.c_str(), &found) != 0) return false;
  return (found.st_uid != uid && found.st_uid != 0) || (found.st_mode & S_IWOTH) != 0;
}

bool Files::is_there(const std::string& path) const {
  struct stat fact {};
  return ::stat(path.c_str(), &fact) == 0;
}

std::string Files::real_directory(const std::string& path) const {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), ::free);
  return real ? std::string(real.get()) : path;
}

std::string Files::own_path() const { return hutch::own_path(); }

}  // namespace hutch
