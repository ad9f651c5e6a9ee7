#include "verify/evidence.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <variant>

namespace hutch {
namespace {

bool is_below(std::string_view path, std::string_view top) {
  if (top == "/") return path != "/";
  return path.size() > top.size() && path.starts_with(top) && path[top.size()] == '/';
}

/// Files of /proc/sys that show what belongs to the reader's namespaces.
std::vector<std::string> sysctls_of(const Plan& plan) {
  std::vector<std::string> files;
  for (const Step& step : plan.steps) {
    const auto* file = std::get_if<WriteFile>(&step.op);
    if (file != nullptr && file->path.view().starts_with("/proc/sys/")) files.emplace_back(file->path.view());
  }
  return files;
}

/// Status files tell ids as the reader's own user namespace sees them.
IdRows rows_of(const ProcessFiles& program, const ProcessFiles& self, const char* name) {
  if (program.object("ns/user") == self.object("ns/user")) return {};
  const auto text = program.read(name);
  return text ? IdRows(*text) : IdRows{};
}

}  // namespace

SlotPlaces::SlotPlaces(const Plan& plan) {
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const Op& op = plan.steps[i].op;
    if (const auto* root = std::get_if<EnterRoot>(&op)) {
      attached_.push_back({i, "/", root->slot});
      has_root_ = true;
    }
    if (const auto* attach = std::get_if<Attach>(&op))
      attached_.push_back({i, std::string(attach->path.view()), attach->slot});
    if (const auto* view = std::get_if<ReadOnlyView>(&op)) covered_.emplace_back(view->path.view());
    if (const auto* hide = std::get_if<Hide>(&op)) {
      if (hide->slot != kNone) hides_[hide->slot] = {i, hide};
      for (const ZStr path : hide->paths) covered_.emplace_back(path.view());
    }
    if (const auto* seal = std::get_if<Seal>(&op)) sealed_.emplace_back(seal->path.view());
    if (const auto* made = std::get_if<MakeFilesystem>(&op)) made_[made->slot] = made;
  }
}

const std::string* SlotPlaces::of(Slot slot) const {
  const auto found = std::ranges::find(attached_, slot, &Attached::slot);
  return found == attached_.end() ? nullptr : &found->path;
}

std::size_t SlotPlaces::step_of(Slot slot) const {
  if (const auto hide = hides_.find(slot); hide != hides_.end()) return hide->second.first;
  const auto found = std::ranges::find(attached_, slot, &Attached::slot);
  return found == attached_.end() ? 0 : found->step;
}

std::vector<Slot> SlotPlaces::at(std::string_view path) const {
  std::vector<Slot> slots;
  for (const Attached& each : attached_) {
    if (each.path == path) slots.push_back(each.slot);
  }
  return slots;
}

std::string SlotPlaces::around(std::string_view path) const {
  std::string innermost;
  for (const Attached& each : attached_) {
    if (is_below(path, each.path) && each.path.size() > innermost.size()) innermost = each.path;
  }
  return innermost;
}

bool SlotPlaces::is_sealed(std::string_view path) const {
  return std::ranges::find(sealed_, path) != sealed_.end();
}

bool SlotPlaces::is_hidden_after(std::size_t step, std::string_view path) const {
  return std::ranges::any_of(
      attached_, [&](const Attached& each) { return each.step > step && is_below(path, each.path); });
}

const Hide* SlotPlaces::hidden_with(Slot slot) const {
  const auto found = hides_.find(slot);
  return found == hides_.end() ? nullptr : found->second.second;
}

const MakeFilesystem* SlotPlaces::filesystem(Slot slot) const {
  const auto found = made_.find(slot);
  return found == made_.end() ? nullptr : found->second;
}

Evidence::Evidence(const Plan& all, const Standing& sandbox)
    : plan(all),
      standing(sandbox),
      program(fmt::format("/proc/{}", sandbox.program)),
      init(fmt::format("/proc/{}", sandbox.init)),
      self("/proc/self"),
      places(all),
      mounts(program.read("mountinfo").value_or("")),
      host_mounts(self.read("mountinfo").value_or("")),
      inside(look_inside(sandbox.program, sysctls_of(all))),
      filters(read_filters(sandbox.program)),
      uids(rows_of(program, self, "uid_map")),
      gids(rows_of(program, self, "gid_map")),
      root(::open(program.path("root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {}

UniqueFd Evidence::open(std::string_view path, int flags) const {
  const std::string name(path);
  open_how how = {};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  // Paths of steps are resolved: a link on the way is not the plan's.
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return UniqueFd(static_cast<int>(::syscall(SYS_openat2, root.get(), name.c_str(), &how, sizeof how)));
}

const MountLine* Evidence::cover_of(Slot slot) const {
  const Hide* const hide = places.hidden_with(slot);
  if (hide == nullptr) return nullptr;
  for (const ZStr path : hide->paths) {
    if (const auto stack = mounts.at(path.view()); !stack.empty()) return stack.back();
  }
  return nullptr;
}

std::optional<ObjectId> Evidence::object(std::string_view path) const {
  const UniqueFd file = open(path, O_PATH | O_NOFOLLOW);
  struct stat found = {};
  if (!file || ::fstat(file.get(), &found) < 0) return std::nullopt;
  return ObjectId{found.st_dev, found.st_ino, found.st_rdev, found.st_mode};
}

}  // namespace hutch
