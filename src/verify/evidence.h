#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "launch/launch.h"
#include "plan/plan.h"
#include "verify/filter_programs.h"
#include "verify/inside.h"
#include "verify/mount_table.h"
#include "verify/process_files.h"
#include "verify/verdict.h"

namespace hutch {

/// Where the plan puts things: which slot ends up at which path, and what lies on what.
class SlotPlaces {
 public:
  explicit SlotPlaces(const Plan& plan);

  /// Where the tree of a slot is attached; null where it is not.
  [[nodiscard]] const std::string* of(Slot slot) const;
  /// The number of the step that attaches it.
  [[nodiscard]] std::size_t step_of(Slot slot) const;
  /// Slots that are attached at `path`, in order.
  [[nodiscard]] std::vector<Slot> at(std::string_view path) const;
  /// The path of the innermost mount that holds `path`, itself excluded.
  [[nodiscard]] std::string around(std::string_view path) const;
  [[nodiscard]] bool is_sealed(std::string_view path) const;
  /// What ReadOnlyView and Hide cover, where it is there.
  [[nodiscard]] const std::vector<std::string>& covered() const { return covered_; }
  /// What is hidden with the tree of this slot; null where it is for something else.
  [[nodiscard]] const Hide* hidden_with(Slot slot) const;
  /// Is something attached above `path` after the step number `step`, so that nobody sees it any more?
  [[nodiscard]] bool is_hidden_after(std::size_t step, std::string_view path) const;
  [[nodiscard]] bool has_own_root() const { return has_root_; }
  /// Of a slot that MakeFilesystem makes; null otherwise.
  [[nodiscard]] const MakeFilesystem* filesystem(Slot slot) const;

 private:
  struct Attached {
    std::size_t step;
    std::string path;
    Slot slot;
  };
  std::vector<Attached> attached_;
  std::vector<std::string> covered_, sealed_;
  std::map<Slot, std::pair<std::size_t, const Hide*>> hides_;
  std::map<Slot, const MakeFilesystem*> made_;
  bool has_root_ = false;
};

/// Everything that was read of a standing sandbox, once.
struct Evidence {
  Evidence(const Plan& all, const Standing& sandbox);

  /// A path of the sandbox's root, links not followed; open(2) of `flags`. -1 with errno.
  [[nodiscard]] UniqueFd open(std::string_view path, int flags) const;
  /// The first mount that hides with the tree of this slot; null where nothing is hidden.
  [[nodiscard]] const MountLine* cover_of(Slot slot) const;
  [[nodiscard]] std::optional<ObjectId> object(std::string_view path) const;

  const Plan& plan;
  const Standing& standing;
  ProcessFiles program, init, self;
  SlotPlaces places;
  MountTable mounts, host_mounts;
  Inside inside;
  FilterPrograms filters;
  IdRows uids, gids;  ///< inside to what the launcher sees
  UniqueFd root;
  std::size_t step = 0;  ///< the number of the step that is being looked at
};

}  // namespace hutch
