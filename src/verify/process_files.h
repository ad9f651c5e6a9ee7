#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hutch {

/// What stat(2) says of an object: which one it is.
struct ObjectId {
  std::uint64_t device = 0, inode = 0;
  std::uint64_t special = 0;  ///< st_rdev
  mode_t mode = 0;
  friend bool operator==(const ObjectId& a, const ObjectId& b) {
    return a.device == b.device && a.inode == b.inode;
  }
};

/// /proc/PID of a process, as proc(5) describes it.
class ProcessFiles {
 public:
  explicit ProcessFiles(std::string folder) : folder_(std::move(folder)) {}

  [[nodiscard]] std::string path(std::string_view name) const { return folder_ + "/" + std::string(name); }
  /// The whole file; nothing where it cannot be read.
  [[nodiscard]] std::optional<std::string> read(std::string_view name) const;
  /// A line of `status`: status("Umask") is "0022".
  [[nodiscard]] std::string status(std::string_view field) const;
  /// A field of `stat`, counted from 1 as proc(5) does; from 3 on.
  [[nodiscard]] long stat_field(int number) const;
  /// What a magic link leads to: "ns/net", "cwd", "fd/1".
  [[nodiscard]] std::optional<ObjectId> object(std::string_view name) const;
  [[nodiscard]] std::string link(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> list(std::string_view name) const;

 private:
  std::string folder_;
};

/// The rows of /proc/PID/uid_map or gid_map.
class IdRows {
 public:
  IdRows() = default;  ///< every id is itself
  explicit IdRows(std::string_view text);
  [[nodiscard]] std::optional<std::uint32_t> outside(std::uint32_t inside) const;
  /// "0 1000 1, 1 100000 65536": for comparing, whatever the blanks.
  [[nodiscard]] std::string text() const;

 private:
  struct Row {
    std::uint32_t inside = 0, outside = 0, count = 0;
  };
  std::vector<Row> rows_{{0, 0, ~std::uint32_t{0}}};
};

/// Words between blanks and ends of lines.
std::vector<std::string> words_of(std::string_view text);
/// The same with one blank between them.
std::string one_line_of(std::string_view text);

}  // namespace hutch
