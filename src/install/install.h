#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "host/host.h"
#include "install/files.h"
#include "profile/profile.h"

/// What makes a profile the ordinary way to start its program: a wrapper of the program's name, and copies of
/// its menu entries and D-Bus services that start the wrapper.

namespace hutch {

/// Where the files go: ~/.local/bin and ~/.local/share, or /usr/local's.
struct InstallPlace {
  std::string bin, share;
  bool for_everybody = false;
};
/// E0939 without a HOME.
Result<InstallPlace> install_place(const Host& host, bool for_everybody);

struct InstallRequest {
  std::string profile;  ///< as the wrapper is to name it: a name, or an absolute path
  std::string hutch;    ///< absolute path of this program
};

/// Everything that is to be written, nothing written yet; `warnings` tells what will not be as one may
/// expect.
struct Installation {
  std::vector<NewFile> files;  ///< the wrapper first
  std::string program;         ///< what it stands in front of, here and now
  Diagnostics warnings;
};
Result<Installation> plan_installation(const InstallRequest& request, const Profile& profile,
                                       const InstallPlace& place, const Host& host);

/// A file that an installation left there.
struct Installed {
  std::string path;
  std::string profile;  ///< `quoted`
  bool is_wrapper = false;
  bool unchanged = false;
};
/// In byte order of their paths, wrappers first.
std::vector<Installed> list_installed(const InstallPlace& place, const Host& host);

}  // namespace hutch
