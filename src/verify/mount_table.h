#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hutch {

/// A line of /proc/PID/mountinfo: proc(5).
struct MountLine {
  int id = 0, parent = 0;
  std::string device;   ///< "8:1"
  std::string root;     ///< which directory of the file system
  std::string point;    ///< where, seen from the process's root
  std::string options;  ///< of the mount: "ro,nosuid"
  std::string spread;   ///< optional fields: "shared:1 master:2"
  std::string type;
  std::string source;         ///< a device, or what the file system calls it
  std::string super_options;  ///< of the file system

  [[nodiscard]] bool has(std::string_view option) const;
  /// The value of a super option; "" of one without; null if it is not there.
  [[nodiscard]] const std::string* super_option(std::string_view key) const;

  std::vector<std::pair<std::string, std::string>> super;  ///< super_options, taken apart
};

class MountTable {
 public:
  explicit MountTable(std::string_view mountinfo);

  [[nodiscard]] const std::vector<MountLine>& all() const { return lines_; }
  /// The mounts that a walk from the root finds stacked at `path`, the visible one last; none where `path` is
  /// no mount point. What another mount hides is not found.
  [[nodiscard]] std::vector<const MountLine*> at(std::string_view path) const;
  /// The mounts on `mount` and on those, and so on.
  [[nodiscard]] std::vector<const MountLine*> below(const MountLine& mount) const;

 private:
  [[nodiscard]] std::vector<const MountLine*> stack_on(const MountLine* parent, std::string_view path) const;
  std::vector<MountLine> lines_;
};

}  // namespace hutch
