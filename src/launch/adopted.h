#pragma once

#include <sys/types.h>

#include <set>

namespace hutch {

/// Children that this process did not make: where a sandbox has no pid namespace of its own and its init was
/// killed, what the init looked after becomes ours (PR_SET_CHILD_SUBREAPER of prctl(2)). Children that we had
/// before are none of our business.
class Adopted {
 public:
  explicit Adopted(pid_t init);
  ~Adopted();
  Adopted(const Adopted&) = delete;
  Adopted& operator=(const Adopted&) = delete;

  /// Kills and reaps them, and what they leave in turn, until there is none.
  void end_all() const;

 private:
  std::set<pid_t> before_;
};

}  // namespace hutch
