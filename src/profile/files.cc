#include "profile/files.h"

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

#include "base/unique_fd.h"

namespace hutch {
namespace {

CannotRead failed(int error) {
  // ::strerrordesc_np needs no locale.
  const char* words = ::strerrordesc_np(error);
  return {words ? words : fmt::format("error {}", error), error};
}

}  // namespace

std::expected<FileText, CannotRead> read_file(const std::string& path, std::size_t most) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file) return std::unexpected(failed(errno));
  struct stat fact {};
  if (::fstat(file.get(), &fact) != 0) return std::unexpected(failed(errno));
  if (S_ISDIR(fact.st_mode)) return std::unexpected(CannotRead{"it is a directory"});
  const std::string too_big = fmt::format("it is larger than the {} bytes that a profile may have", most);
  if (S_ISREG(fact.st_mode) && static_cast<std::uintmax_t>(fact.st_size) > most) {
    return std::unexpected(CannotRead{too_big});
  }
  FileText result{.identity = {fact.st_dev, fact.st_ino}};
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

std::vector<std::string> names_in_directory(const std::string& path) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
  if (!directory) return names;
  while (const dirent* entry = ::readdir(directory.get())) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  std::ranges::sort(names);
  return names;
}

bool is_directory(const std::string& path) {
  struct stat fact {};
  return ::stat(path.c_str(), &fact) == 0 && S_ISDIR(fact.st_mode);
}

bool is_regular_file(const std::string& path) {
  struct stat fact {};
  return ::stat(path.c_str(), &fact) == 0 && S_ISREG(fact.st_mode);
}

bool is_of_others(const std::string& path, uid_t uid) {
  struct stat found = {};
  if (::stat(path.c_str(), &found) != 0) return false;
  return (found.st_uid != uid && found.st_uid != 0) || (found.st_mode & S_IWOTH) != 0;
}

bool is_there(const std::string& path) {
  struct stat fact {};
  return ::stat(path.c_str(), &fact) == 0;
}

std::string real_directory(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), ::free);
  return real ? std::string(real.get()) : path;
}

}  // namespace hutch
