#pragma once

#include <time.h>

#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "child/run.h"
#include "launch/tell_failure.h"
#include "launch/timings.h"
#include "plan/plan.h"

namespace hutch {

/// What the parent opens before clone: sources and streams. Closed at the end; files that did not exist
/// before are removed again unless the launch succeeds; those for the program to write to, unless it did.
class Prepared {
 public:
  explicit Prepared(const Plan& plan) : pins(plan.pins), slots(plan.slots, -1), made(plan.slots) {}
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;
  ~Prepared();

  /// Runs the steps of Phase::before_clone, but makes nothing yet. May wait for the other end of a FIFO:
  /// signals must still have their usual effect.
  Result<void> open_all(const Plan& plan, const Timings* timings = nullptr);
  /// Makes the files that the program is to write to, and the output files that open_all() did not find:
  /// without a name where the file system can (O_TMPFILE), so that not even SIGKILL leaves one behind.
  Result<void> make_streams(const Plan& plan);
  /// Gives them their names. The step that asked is to blame if another file took the name meanwhile.
  Result<void> name_streams(const Plan& plan);
  /// Set-up has come to its end: pins have done their work, new files stay.
  void settle() noexcept;

  std::vector<Pinned> pins;
  std::vector<int> slots;
  std::vector<std::uint64_t> made;  ///< room for the child's notes

 private:
  Outcome open_one(const PinSource& step);
  Outcome open_named(const PinSource& step);
  Outcome open_one(const OpenStream& step);
  Outcome open_one(const KeepOpen& step);
  Outcome make_one(const OpenStream& step);
  Outcome make_one(const MakeOutput& step);
  void remove_unwritten() noexcept;
  Outcome name_one(const OpenStream& step);

  /// A file that was made for the program to write to.
  struct Output {
    UniqueFd folder;
    std::string name;
    Pinned object;
    timespec dated;  ///< as it was made
  };
  std::vector<Output> outputs_;
  std::vector<std::string> made_;
  std::vector<Slot> nameless_;  ///< slots of files without a name, one for each file
};

/// open, write in one piece, close: "/proc/CHILD/NAME".
Outcome write_child_file(const WriteChildFile& step, pid_t child);

}  // namespace hutch
