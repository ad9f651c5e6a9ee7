#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/host.h"
#include "profile/profile.h"

namespace hutch {

/// What is behind a mount of the planned tree.
struct Backing {
  /// Host directories (or files) that show through, the first one on top; none: an empty file system of our
  /// own.
  std::vector<std::string> layers;
  /// May set-up create files and directories in it? True for tmpfs and overlay uppers, never for the host's
  /// files.
  bool ours = false;
  /// Entries are not the host's although they look like it: proc, sysfs. Nothing may be concluded from what
  /// is missing.
  bool opaque = false;
  /// An image, which nobody has looked into: what is not placed or made there is `unknown`, and may be there.
  bool unseen = false;
};

/// One mount as it will be.
struct PlacedMount {
  std::string path;  ///< resolved, inside
  Backing backing;
  const Mount* asked = nullptr;  ///< the profile's entry; null for the default root
  bool read_only = false, no_exec = false, no_devices = false;
};

/// What is at a place inside.
struct Seen {
  FileKind kind = FileKind::missing;
  std::string on_host;  ///< the host path that shows through; empty where the thing is our own
  std::string link;     ///< where a symlink leads
  mode_t mode = 0755;   ///< of our own things
  const PlacedMount* mount = nullptr;
};

/// The sandbox's file system as planned so far: mounts, and the directories, files and links that set-up
/// makes. Everything that asks "what will be at this path inside?" asks here: placing mounts, finding the
/// program and the working directory, `hutch access`.
class View {
 public:
  /// Begins with an empty root of our own.
  explicit View(const Host& host) : host_(&host) { place({.path = "/", .backing = {.ours = true}}); }

  void place(PlacedMount mount);
  void make_directory(const std::string& path, mode_t mode = 0755);
  void make_file(const std::string& path, mode_t mode);
  void make_link(const std::string& path, const std::string& to);

  /// What is at `path`, whose parents must be resolved already. A link is reported, not followed.
  [[nodiscard]] Seen look(const std::string& path) const;

  /// The mount that holds `path` (resolved).
  [[nodiscard]] const PlacedMount& mount_of(std::string_view path) const;

  struct Walk {
    std::string path;     ///< as far as links were followed; the rest is appended where it does not exist
    Seen seen;            ///< what is there; `missing` if nothing
    std::string missing;  ///< the first path on the way that does not exist; empty if all do
    bool loops = false;   ///< more than 40 links
    bool not_directory = false;        ///< something on the way is no directory
    std::vector<std::string> visited;  ///< every place that was looked at, links included
  };
  /// Walks `path` from the root, following links as the kernel will inside; the last one only if `follow`.
  [[nodiscard]] Walk walk(const std::string& path, bool follow = true) const;

  /// Every mount, by path.
  [[nodiscard]] const std::map<std::string, PlacedMount, std::less<>>& mounts() const { return mounts_; }

  /// Names in the directory `path` (resolved), in byte order.
  [[nodiscard]] std::vector<std::string> list(const std::string& path) const;

 private:
  struct Made {
    FileKind kind;
    mode_t mode;
    std::string link;
  };
  [[nodiscard]] Seen look_in(const PlacedMount& mount, const std::string& path) const;

  const Host* host_;
  std::map<std::string, PlacedMount, std::less<>> mounts_;
  std::map<std::string, Made, std::less<>> made_;
};

}  // namespace hutch
