#include "build/folders.h"

#include <errno.h>
#include <stdlib.h>

#include <filesystem>
#include <system_error>

namespace hutch {

bool make_folders(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  errno = error.value();
  return !error;
}

void remove_tree(const std::string& path) {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

TemporaryFolder::TemporaryFolder(const std::string& beside) : path_(beside + "/.hutch-build-XXXXXX") {
  if (::mkdtemp(path_.data()) == nullptr) path_.clear();
}

TemporaryFolder::~TemporaryFolder() {
  if (!path_.empty()) remove_tree(path_);
}

}  // namespace hutch
