#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "child/close_rows.h"
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
  /// `path` must stay where it is; `made` are the devices of what set-up made.
  Parent parent_of(std::string_view path, std::span<const std::uint64_t> made) noexcept;
  /// Does parent_of() know the answer without a walk?
  [[nodiscard]] bool knows_parent_of(std::string_view path) const noexcept;

  /// The tree that is the root now, whose descriptor this takes over; as attached().
  void entered(int tree, bool ours) noexcept;
  /// The tree that is attached at `path` now, whose descriptor this takes over: a parent of what is to come
  /// where its file system is `ours`, and closed sooner or later where it is not. `path` must stay where it
  /// is.
  void attached(std::string_view path, int tree, bool ours) noexcept;
  /// Something is mounted there now.
  void covered(std::string_view path) noexcept;
  /// Closes everything: another root, or descriptors that are closed by number.
  void forget() noexcept;

 private:
  struct Directory {
    Fd fd{-EBADF};
    bool ours = false;
    std::string_view path;

    void forget() noexcept;
    [[nodiscard]] bool is_at(std::string_view wanted) const noexcept { return fd.ok() && wanted == path; }
    [[nodiscard]] bool is_within(std::string_view above) const noexcept;
  };
  Outcome walk(std::string_view directory) noexcept;
  Outcome judge(Directory& directory, std::span<const std::uint64_t> made) noexcept;

  Directory root_, last_, attached_;
  CloseRows done_;
  bool root_judged_ = false;
};

}  // namespace hutch
