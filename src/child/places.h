#pragma once

#include <cstdint>
#include <string_view>

#include "child/close_rows.h"
#include "child/run.h"
#include "child/sys.h"

/// The directories inside the new root that steps need one after the other, walked to once: the root itself,
/// the parent of the last path, and what was attached last. What is mounted on one of them, or above it,
/// makes it be walked to anew.

namespace hutch {

class Places {
 public:
  Places() = default;
  Places(const Places&) = delete;
  Places& operator=(const Places&) = delete;

  /// The process's own root directory, or a negative errno.
  long root() noexcept;

  /// "/a/b" -> the directory "/a", and "b". Fails with EINVAL for "/" and ENAMETOOLONG beyond PATH_MAX.
  struct Parent {
    int directory = -1;
    const char* name = "";
    /// In a file system that set-up made. Somebody who can rename a directory of the host moves what is
    /// mounted on it, too, and a path then leads to the host's files.
    bool ours = false;
    Outcome outcome;
  };
  /// `path` must stay where it is.
  Parent parent_of(std::string_view path, const ChildContext& context) noexcept;
  /// Does parent_of() know the answer without a walk?
  [[nodiscard]] bool knows_parent_of(std::string_view path) const noexcept;

  /// The tree that is the root now; its descriptor as in attached().
  void entered(int tree, bool ours) noexcept;
  /// The tree that is attached at `path` now: a parent of what is to come where its file system is `ours`,
  /// and then the descriptor stays the caller's; any other is taken over, and closed sooner or later. `path`
  /// must stay where it is.
  void attached(std::string_view path, int tree, bool ours) noexcept;
  /// Something is mounted there now.
  void covered(std::string_view path) noexcept;
  /// Closes everything: another root, or descriptors that are closed by number.
  void forget() noexcept;

 private:
  struct Directory {
    int fd = -1;
    Fd walked{-EBADF};  ///< the same, where it is to be closed
    bool ours = false;
    std::string_view path;

    void open(Fd opened, std::string_view at) noexcept;
    void forget() noexcept;
    [[nodiscard]] bool is_at(std::string_view wanted) const noexcept { return fd >= 0 && wanted == path; }
    [[nodiscard]] bool is_within(std::string_view above) const noexcept;
  };
  Outcome walk(std::string_view directory) noexcept;
  Outcome judge(Directory& directory, const ChildContext& context) noexcept;

  Directory root_, last_, attached_;
  CloseRows done_;
  bool root_judged_ = false;
};

}  // namespace hutch
