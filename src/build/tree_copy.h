#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "build/tree.h"

namespace hutch {

/// Makes a tree anew at a path of the host, in a folder that nobody else can reach: what walk_tree() visits,
/// one after the other. The caller owns it. E0707.
class TreeCopy {
 public:
  /// With an epoch, in seconds since 1970, all times are that, and modes are 0755 for folders and programs,
  /// 0644 for other files. Without, both are what they were, without set-id bits.
  TreeCopy(std::string to, std::optional<std::int64_t> epoch) : to_(std::move(to)), epoch_(epoch) {}

  /// Gives the SHA-256 of a file's bytes or of a link's target; "" for a folder.
  Result<std::string> add(const TreeItem& item);
  /// Modes and times of folders, which making things in them would change.
  Result<void> finish();

 private:
  struct Folder {
    std::string path;
    struct stat facts;
  };
  [[nodiscard]] Result<std::string> file(const TreeItem& item, const std::string& path) const;
  [[nodiscard]] bool settle(const std::string& path, const struct stat& facts, bool is_link) const;
  [[nodiscard]] mode_t mode_of(const struct stat& facts) const;

  std::string to_;
  std::optional<std::int64_t> epoch_;
  std::vector<Folder> folders_;
};

/// Copies a path of the host, and all below it, as it is. E0702, E0706, E0707.
Result<void> copy_tree(const std::string& from, const std::string& to, const WalkOptions& options = {});

}  // namespace hutch
