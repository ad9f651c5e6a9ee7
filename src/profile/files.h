#pragma once

#include <sys/types.h>

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hutch {

/// A file's bytes, and which file it was, whatever names lead to it.
struct FileText {
  std::string text;
  std::pair<dev_t, ino_t> identity;
};

/// Why a file cannot be read, as the end of a sentence: "it is a directory".
struct CannotRead {
  std::string why;
  int error = 0;  ///< errno, or 0
};

/// Reads at most `most` bytes; a larger regular file is refused before anything is read.
std::expected<FileText, CannotRead> read_file(const std::string& path, std::size_t most);

/// Names in a directory in byte order, without those that start with a dot. Empty if it cannot be read.
std::vector<std::string> names_in_directory(const std::string& path);

bool is_directory(const std::string& path);
bool is_regular_file(const std::string& path);
bool is_there(const std::string& path);
/// Whoever else could have written it: the owner is neither `uid` nor root, or everybody may write. Links are
/// followed.
bool is_of_others(const std::string& path, uid_t uid);

/// realpath(3), or the path as it is.
std::string real_directory(const std::string& path);

}  // namespace hutch
