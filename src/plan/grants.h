#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/origin.h"
#include "host/host.h"
#include "plan/plan.h"
#include "profile/profile.h"

/// What a plan lets the program do, as data: read off its steps, not off the profile's words. `hutch diff`
/// compares two of these, `hutch check` looks for what is dangerous in one.

namespace hutch {

/// What can be done with what is at a place: bits.
using Rights = std::uint32_t;
inline constexpr Rights kMayRead = 1U << 0;
inline constexpr Rights kMayWrite = 1U << 1;
inline constexpr Rights kMayExecute = 1U << 2;
inline constexpr Rights kMayUseDevices = 1U << 3;
inline constexpr Rights kMayGainIds = 1U << 4;  ///< set-user-ID programs and file capabilities work

/// "read, write, execute"; "nothing".
std::string rights_text(Rights rights);

/// A place in some file system, whatever it is called inside.
struct Place {
  std::string filesystem;  ///< empty: the host's files; "memory"; "proc", "sysfs" …
  std::string path;        ///< from the root of that file system; in memory: where it is inside

  friend auto operator<=>(const Place&, const Place&) = default;
};

/// One mount of the finished tree.
struct Shown {
  struct Layer {
    Place place;
    Rights rights = 0;
  };
  std::string path;           ///< inside, links followed
  std::vector<Layer> layers;  ///< the first one on top; none: a cover
  std::string options;        ///< of a file system of its own: "size=1048576"
  std::string content;        ///< of a private file
  Origin at;
};

/// Something that is no path. Missing on one side, it counts as `absent` there.
struct Setting {
  std::string topic;  ///< "namespace", "capability", "limit" …
  std::string name;
  std::string value;
  Origin at;
  double width = 0;     ///< the more, the wider
  bool ordered = true;  ///< false: another value of the same width cannot be compared, and counts as wider
  using Range = std::pair<std::uint64_t, std::uint64_t>;  ///< first, and one behind the last
  std::optional<std::vector<Range>> set;  ///< instead of `width`: sorted, apart from each other
  std::string absent = "none";
  double absent_width = 0;
};

struct LoadedFilter {
  std::string name;  ///< "floor", "seccomp"
  std::vector<sock_filter> program;
  Origin at;
};

/// What can be done with a place, by which mount.
struct Reach {
  Rights rights = 0;
  const Shown* by = nullptr;  ///< the mount that gives most of it, or the one that is in the way
  std::string path;           ///< where it is seen inside; empty where it is not
};

struct Grants {
  bool knows_tree = true;                          ///< false: the tree of a mount namespace that is joined
  std::map<std::string, Shown, std::less<>> tree;  ///< by path inside
  std::map<std::string, std::pair<std::string, Origin>> links;      ///< symbolic links that set-up makes
  std::map<std::string, Rights, std::less<>> rules;                 ///< of Landlock, by path inside
  Rights ruled = 0;                                                 ///< what Landlock restricts
  std::vector<LoadedFilter> filters;                                ///< in the order in which they are loaded
  std::string architecture;                                         ///< of the machine, as uname -m has it
  std::map<std::pair<std::string, std::string>, Setting> settings;  ///< by topic and name

  /// The mount that holds `path` (resolved, inside); null where the tree is not known.
  [[nodiscard]] const Shown* mount_of(std::string_view path) const;
  /// Through whatever mounts show it, all together.
  [[nodiscard]] Reach reach(const Place& place) const;
  /// What Landlock leaves of `rights` at a path inside.
  [[nodiscard]] Rights ruled_at(std::string_view path, Rights rights) const;
  /// The value of a setting; empty if there is none.
  [[nodiscard]] std::string value(const std::string& topic, const std::string& name) const;
  [[nodiscard]] const Setting* find(const std::string& topic, const std::string& name) const;
};

/// `plan` is what `compile` made of `profile` on this host. Permission bits of files are not looked at: what
/// a mount lets through, some user may use.
Grants grants_of(const Profile& profile, const Plan& plan, const Host& host);

}  // namespace hutch
