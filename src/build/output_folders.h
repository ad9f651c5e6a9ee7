#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "launch/launch.h"
#include "profile/build.h"

namespace hutch {

/// Keeps hold of the file systems of a sandbox that its outputs are made on, so that they can be read when
/// the program has ended and its mounts are gone. Nothing of the sandbox is held up by it but their memory.
class OutputFolders : public Inspector {
 public:
  struct Held {
    UniqueFd folder;    ///< O_PATH: the root of the mount that the output is on
    std::string below;  ///< the path of the output from there, "a/b*.deb", maybe a glob; empty: the folder
  };

  explicit OutputFolders(const Build& build) : build_(build) {}

  /// Right before the program begins. E0706: a file is mounted on an output. E0509: the sandbox cannot be
  /// looked into.
  Result<bool> look(const Standing& sandbox) override;

  /// By the key of the output.
  [[nodiscard]] const std::map<std::string, Held>& held() const { return held_; }
  /// The working folder of the program; none before it began.
  [[nodiscard]] const UniqueFd& working_folder() const { return working_folder_; }

 private:
  const Build& build_;
  std::map<std::string, Held> held_;
  UniqueFd working_folder_;
};

}  // namespace hutch
