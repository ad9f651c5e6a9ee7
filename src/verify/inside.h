#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace hutch {

/// What only a process of those namespaces can see.
struct Inside {
  std::string problem;  ///< why there is nothing below: "setns: Operation not permitted (EPERM)"
  std::string hostname, domainname;
  bool loopback_up = false;
  std::map<std::string, std::string, std::less<>> files;  ///< of those that were asked for, the readable ones
};

/// Sends a process into the user, UTS and network namespaces of `program` to look, and to read `files` of the
/// host's /proc there. It stays in the launcher's pid and mount namespace: nobody inside can see it.
Inside look_inside(pid_t program, const std::vector<std::string>& files);

}  // namespace hutch
