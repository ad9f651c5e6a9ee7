#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/unique_fd.h"

namespace hutch {

/// What the file of a sandbox says.
struct Registered {
  std::string name, profile, command, digest;
  pid_t launcher = -1;            ///< who holds the lock; -1 if that is nobody whom this process can see
  pid_t init = -1, program = -1;  ///< -1 until it runs
  std::uint64_t started = 0;      ///< milliseconds since 1970
  std::vector<std::pair<std::string, std::uint64_t>> namespaces;  ///< "net", inode
  uid_t owner = 0;                                                ///< of the folder and the file
  std::string path;                                               ///< of the file, for messages
  std::shared_ptr<const UniqueFd> folder;
};

std::string text_of(const Registered& about);
/// Of bytes from anybody: what makes no sense in them is left out.
Registered registered_from(std::string_view text);

}  // namespace hutch
