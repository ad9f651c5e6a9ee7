#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace hutch::test {

/// What a launch may leave behind on the host: mounts, processes, files. Taken before and after every run;
/// the difference must be empty.
class HostSnapshot {
 public:
  /// Besides the folders that every machine has, the whole tree below each of `watched`.
  static HostSnapshot take(const std::vector<std::string>& watched = {});

  /// One line for each thing that came or went, "+ file /srv/x 0755 0:0"; empty when nothing did.
  [[nodiscard]] std::string difference(const HostSnapshot& later) const;

 private:
  std::vector<std::string> lines_;  ///< sorted
};

/// Living descendants of this process, "1234 sleep". Orphans come to us, since `adopt_orphans` was called.
std::vector<std::string> living_descendants(const std::string& pid = "self");
void adopt_orphans();
/// Waits for those that have ended, and for nobody that the test itself keeps running.
void reap_orphans();
/// It is no more, or only waits for whoever takes its status: an orphan's that may be this process.
bool has_ended(pid_t pid);
/// A process that the test itself keeps running is no leftover, nor is what comes from it.
void expect_running(pid_t pid);

}  // namespace hutch::test
