#pragma once

#include <string>

namespace hutch {

/// mkdir -p. False, with errno.
bool make_folders(const std::string& path);

/// rm -rf of what we made; links in it are not followed.
void remove_tree(const std::string& path);

/// A folder of our own that is removed at the end. Its path is empty, with errno, where it could not be made.
class TemporaryFolder {
 public:
  /// `beside`: the folder that it is made in.
  explicit TemporaryFolder(const std::string& beside);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace hutch
