#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"

namespace hutch {

/// One thing in a tree of files.
struct TreeItem {
  enum class Kind : std::uint8_t { folder, file, link };
  Kind kind = Kind::file;
  std::string path;    ///< below the top, "bin/hello"; empty for the top itself
  int fd = -1;         ///< open for reading, at its beginning; not of a link
  std::string target;  ///< of a link, as it is written there
  struct stat facts = {};

  [[nodiscard]] bool is_executable() const { return (facts.st_mode & 0111) != 0; }
};

/// Things that are neither file, folder nor link.
enum class Special : std::uint8_t { refuse, leave_out };
enum class Order : std::uint8_t { by_bytes, as_listed };
struct WalkOptions {
  Special special = Special::refuse;
  Order order = Order::by_bytes;
};

/// Visits what `name` is in the folder `at` (openat(2)), and all below: a folder before what it holds. No
/// link is followed, so whatever somebody does to the tree meanwhile leads nowhere else.
///
/// Errors, with `called` as the name of the top: E0706 for what is neither file, folder nor link, for other
/// file systems below a folder, for trees deeper than 200 folders; E0702 for what cannot be read.
Result<void> walk_tree(int at, const std::string& name, const std::string& called,
                       const std::function<Result<void>(const TreeItem&)>& visit,
                       const WalkOptions& options = {});

/// The digest of a file or a folder.
///
/// Of a file it is that of its bytes. Of a folder it is that of its listing: for each thing in it, in byte
/// order of the paths, one of
///
///     folder - PATH <NUL>
///     file SHA256 PATH <NUL>
///     program SHA256 PATH <NUL>      a file that somebody may execute
///     link SHA256 PATH <NUL>         the digest of where it leads, as it is written there
///
/// Owners, times and other bits of the mode are not part of it.
class TreeDigest {
 public:
  /// `sha256` of a file's bytes; of a link, of where it leads; of a folder it does not matter.
  void add(const TreeItem& item, const std::string& sha256);
  [[nodiscard]] std::string hex() const;

 private:
  bool is_file_ = false;
  std::string listing_;
  std::string file_;
};

/// Of a path of the host, whose last link is followed. E0702.
Result<std::string> digest_of(const std::string& path);

}  // namespace hutch
