#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "plan/draft.h"

namespace hutch {

/// Turns entries into steps, one after the other in an order that is settled already, and keeps the view in
/// step.
class MountSteps {
 public:
  MountSteps(Draft& draft, const std::map<std::string, Mount>& entries) : draft_(draft), entries_(entries) {}

  /// The new root; null is the default, an empty tmpfs.
  PlacedMount make_root(const Mount* root);
  void make(const Mount& mount);
  /// Covers what is at `place` (resolved) so that it cannot be reached.
  void hide(const Mount& mount, const std::string& place, bool is_directory);

 private:
  void make_bind(const Mount& mount, const View::Walk& walk);
  void make_overlay(const Mount& mount, const View::Walk& walk);
  void make_image(const Mount& mount, const View::Walk& walk);
  void make_file(const Mount& mount, const View::Walk& walk);
  void make_link(const Mount& mount, const View::Walk& walk);
  void make_hidden(const Mount& mount, const View::Walk& walk);
  void make_filesystem(const Mount& mount, const View::Walk& walk);

  /// A tree that shows nothing.
  Slot staged_cover(const Mount& mount, bool is_directory);
  void cover_proc(const Mount& mount, const std::string& proc);

  Slot clone_source(const Mount& mount, const std::string& source);
  Slot new_filesystem(const char* type, const std::vector<std::string>& options, MountFlags flags, Origin at);
  Slot overlay_of(const Mount& mount);
  Slot read_only_layer(const Mount& mount);
  /// Are its layers there, and does it show all that is in them? Else that is told.
  bool has_layers(const Mount& mount);
  bool may_be_layer(const Mount& mount, const Said<std::string>& layer);
  /// Nothing, with the problem told, where it cannot be mounted.
  std::optional<Slot> image_of(const Mount& mount);
  /// By a FUSE mounter, for who is not root.
  Slot serve_image(const Mount& mount, const std::string& source, const char* program, const char* type);
  Slot tmpfs_of(const Mount& mount);
  Slot proc_of(const Mount& mount);

  /// Makes what is missing up to and including the landing place, where it may be made. False: told why not.
  bool prepare_place(const Mount& mount, const View::Walk& walk, bool wants_directory);
  bool prepare_parents(const Mount& mount, const View::Walk& walk);
  /// Is the place in an image? Then that is told: what this entry wants cannot be done there.
  bool is_unseen(const Mount& mount, const View::Walk& walk, std::string_view what);
  void no_place(const Mount& mount, const View::Walk& walk);
  void attach(const Mount& mount, const View::Walk& walk, Slot slot);

  /// The hidden tmpfs in which covers and private files are made; gone with the old root.
  Slot stage();
  ZStr staged(const std::string& name, bool directory, mode_t mode, std::string_view content, Origin at);

  Draft& draft_;
  const std::map<std::string, Mount>& entries_;
  Slot stage_ = kNone;
  bool has_own_root_ = false;  ///< an empty tmpfs, in which things may be made for a moment
  bool has_cover_[2] = {false, false};
  unsigned staged_files_ = 0;
};

/// Shows in `view` what making the entry would bring, without any step: for settling the order.
void show_in(View& view, const Mount& mount, const View::Walk& walk);

/// The host path that a bind shows: the target's own where none is said.
std::string source_of(const Mount& mount);

/// MOUNT_ATTR_* for an entry: nosuid and nodev unless it says otherwise, read-only unless it is writable.
MountFlags flags_of(const Mount& mount);

/// Are the sensitive parts of this proc or sysfs covered? Where the profile says so; else where the host's
/// root is inside, whom the files' own modes do not keep out, and where there can be no sandboxes inside,
/// which covers would end (decisions/0004).
bool is_masked(const Draft& draft, const Mount& mount);

/// What will show through a mount of this entry.
Backing backing_of(const Mount& mount);

}  // namespace hutch
