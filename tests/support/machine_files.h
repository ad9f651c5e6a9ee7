#pragma once

#include <map>
#include <optional>
#include <string>

#include "launch/tell_failure.h"

namespace hutch::test {

/// A machine that is described by the small files that matter; "(missing)" for one that is not there.
inline ReadText machine_files(std::map<std::string, std::string> files) {
  files.emplace("/proc/self/status", "Name:\tx\nSeccomp:\t0\n");
  files.emplace("/proc/self/mountinfo", "42 73 254:0 / / rw - ext4 /dev/vda rw\n");
  return [files = std::move(files)](const std::string& path) -> std::optional<std::string> {
    const auto found = files.find(path);
    return found == files.end() || found->second == "(missing)" ? std::nullopt : std::optional(found->second);
  };
}

}  // namespace hutch::test
