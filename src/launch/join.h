#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "child/run.h"
#include "host/host.h"
#include "launch/clone_child.h"
#include "plan/plan.h"

namespace hutch {

/// A namespace to join, opened.
struct Joining {
  std::size_t step = 0;  ///< index of its JoinNamespace
  std::uint64_t type = 0;
  int fd = -1;
};

/// Opens the namespaces of OpenNamespace steps into their slots. E0422: what was found is no such namespace.
/// E0917, E0919: the sandbox is not there, or does not answer.
Result<void> open_namespaces(const Plan& plan, const Caller& caller, std::span<int> slots);
std::vector<Joining> joinings(const Plan& plan, std::span<const int> slots);

/// As clone_child(), from inside of these namespaces: a process in between joins them one after the other and
/// makes the child, which is this process's own all the same (CLONE_PARENT). A failed setns(2) says by
/// Cloned::failed_join which one it was.
Cloned clone_joined(std::span<const Joining> joinings, std::uint64_t namespaces) noexcept;

/// Namespaces that are kept by a bind mount. Undone unless keep() is called.
class Persisted {
 public:
  Persisted() = default;
  Persisted(const Persisted&) = delete;
  Persisted& operator=(const Persisted&) = delete;
  ~Persisted();

  Outcome persist(const PersistNamespace& step, pid_t child);
  void keep() noexcept { made_.clear(); }

 private:
  struct Made {
    std::string path;
    bool file = false, mount = false;
  };
  std::vector<Made> made_;
};

/// "net" for CLONE_NEWNET: the file below /proc/PID/ns.
const char* namespace_file(std::uint64_t type) noexcept;

}  // namespace hutch
