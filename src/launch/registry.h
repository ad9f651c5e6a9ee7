#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "host/host.h"
#include "launch/registered.h"

/// Running sandboxes, by name: one file for each in a folder of the user's own. Its launcher holds a record
/// lock on the file (fcntl(2), F_SETLK) as long as it lives, which the kernel lets go on any death, and of
/// which the kernel tells the holder: what is not locked is stale and in nobody's way.
///
/// Root reads the folders of others, too. All that they say is their word only, but for what the kernel says
/// of it: who owns the folder, and who holds the lock.

namespace hutch {

/// A folder in which nobody but its owner can put anything, opened.
struct RegistryFolder {
  std::string path;  ///< for messages
  uid_t owner = 0;
  std::shared_ptr<const UniqueFd> fd;
};

/// $XDG_RUNTIME_DIR/hutch, /run/user/UID/hutch, /run/hutch for root, else /tmp/hutch-UID: the first whose
/// parent is fit for it. Made if it is missing. E0426 when somebody else could write in it.
Result<RegistryFolder> registry_folder(const Caller& caller);

/// "plans" in it, for recall/memory.h; never below /tmp, which is shown to many a sandbox. Nothing where
/// there is none that is fit.
UniqueFd plans_folder(const Caller& caller, bool make);

/// The file of one sandbox, locked by this process; gone at its end, with the socket beside it.
///
/// A record lock is lost when this process closes any descriptor of the file, so nothing in it may open the
/// file again: running_sandboxes() leaves it out.
class RunFile {
 public:
  /// E0427: a running one has that name.
  static Result<RunFile> claim(const RegistryFolder& folder, const std::string& name);
  RunFile(RunFile&& other) noexcept = default;
  RunFile& operator=(RunFile&& other) = delete;
  ~RunFile();

  /// False where it could not be written: a full disk.
  bool write(const Registered& about) const;
  [[nodiscard]] const UniqueFd& folder() const { return *folder_; }
  [[nodiscard]] std::string socket_name() const { return name_ + ".sock"; }

 private:
  RunFile(UniqueFd file, std::shared_ptr<const UniqueFd> folder, std::string name)
      : file_(std::move(file)), folder_(std::move(folder)), name_(std::move(name)) {}
  UniqueFd file_;
  std::shared_ptr<const UniqueFd> folder_;
  std::string name_;
};

/// Those that run, by name; the caller's own stale files are removed on the way. Root sees everybody's.
std::vector<Registered> running_sandboxes(const Caller& caller);
/// E0917: none is called so; or, for root, more than one is.
Result<Registered> find_sandbox(const Caller& caller, const std::string& name);

/// A pidfd of that process, and not of one that has its number now: E0918. The launcher is who holds the lock
/// and is the owner's; the init is the launcher's child, the program its or the launcher's.
Result<UniqueFd> open_launcher(const Registered& sandbox);
Result<UniqueFd> open_init(const Registered& sandbox);
Result<UniqueFd> open_program(const Registered& sandbox);

}  // namespace hutch
