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
  bool is_regular = true;  ///< else what was read may be gone: a pipe
};

/// Why a file cannot be read, as the end of a sentence: "it is a directory".
struct CannotRead {
  std::string why;
  int error = 0;  ///< errno, or 0
};

/// The files that profiles are read from: real ones, also where a test describes the machine.
class Files {
 public:
  virtual ~Files() = default;

  /// Reads at most `most` bytes; a larger regular file is refused before anything is read.
  [[nodiscard]] virtual std::expected<FileText, CannotRead> read(const std::string& path,
                                                                 std::size_t most) const;
  /// Names in a directory in byte order, without those that start with a dot. Empty if it cannot be read.
  [[nodiscard]] virtual std::vector<std::string> names(const std::string& path) const;
  [[nodiscard]] virtual bool is_directory(const std::string& path) const;
  [[nodiscard]] virtual bool is_regular_file(const std::string& path) const;
  [[nodiscard]] virtual bool is_there(const std::string& path) const;
  /// Whoever else could have written it: the owner is neither `uid` nor root, or everybody may write. Links
  /// are followed.
  [[nodiscard]] virtual bool is_of_others(const std::string& path, uid_t uid) const;
  /// realpath(3), or the path as it is.
  [[nodiscard]] virtual std::string real_directory(const std::string& path) const;
  /// Where this program lies: own_path.h.
  [[nodiscard]] virtual std::string own_path() const;
};

}  // namespace hutch
