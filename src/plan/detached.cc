// What MountSteps makes before anything is attached: the stage, clones of host trees, new file systems.
#include <fmt/format.h>
#include <linux/mount.h>
#include <sys/mount.h>

#include "plan/mount_steps.h"

namespace hutch {
namespace {

std::uint64_t propagation_flag(Propagation propagation) {
  switch (propagation) {
    case Propagation::slave:
      return MS_SLAVE;
    case Propagation::shared:
      return MS_SHARED;
    case Propagation::private_:
      break;
  }
  return MS_PRIVATE;
}

}  // namespace

// --- the stage

Slot MountSteps::stage() {
  if (stage_ != kNone) return stage_;
  stage_ = draft_.new_slot();
  std::vector<Step> steps;
  draft_.add(steps, MakeFilesystem{.type = "tmpfs",
                                   .options = draft_.keep_all({"mode=0755"}),
                                   .slot = stage_,
                                   .flags = {.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV}});
  // Any directory of the old root will do: sources have been cloned by then.
  for (const char* place : {"/tmp", "/run", "/dev", "/usr", "/etc"}) {
    if (draft_.host.follow(place).kind != FileKind::directory) continue;
    draft_.add(steps, AttachStage{.slot = stage_, .path = draft_.keep(place)});
    break;
  }
  draft_.filesystems.insert(draft_.filesystems.begin(), steps.begin(), steps.end());
  return stage_;
}

ZStr MountSteps::staged(const std::string& name, bool directory, mode_t mode, std::string_view content,
                        Origin at) {
  const Slot slot = stage();
  const ZStr kept = draft_.keep(name);
  draft_.add(
      draft_.filesystems,
      StageEntry{
          .stage = slot, .name = kept, .directory = directory, .mode = mode, .content = draft_.keep(content)},
      at);
  return kept;
}

// --- detached trees and file systems

Slot MountSteps::clone_source(const Mount& mount, const std::string& source) {
  const bool directory = draft_.host.follow(source).kind == FileKind::directory;
  const Origin at = mount.source ? mount.source->at : mount.at;
  const Pin pin = mount.is_made ? draft_.make_output(source, at)
                  : mount.from_arguments
                      ? draft_.pin(source, directory ? Expect::named_directory : Expect::named_file, at)
                      : draft_.pin(source, directory ? Expect::directory : Expect::not_directory, at);
  const Slot slot = draft_.new_slot();
  draft_.add(draft_.sources,
             CloneTree{.path = draft_.keep(source),
                       .pin = pin,
                       .slot = slot,
                       .recursive = directory && *mount.recursive,
                       .flags = flags_of(mount),
                       .propagation = propagation_flag(*draft_.profile.namespaces.propagation)},
             at);
  return slot;
}

Slot MountSteps::new_filesystem(const char* type, const std::vector<std::string>& options, MountFlags flags,
                                Origin at) {
  const Slot slot = draft_.new_slot();
  draft_.add(
      draft_.filesystems,
      MakeFilesystem{
          .type = draft_.keep(type), .options = draft_.keep_all(options), .slot = slot, .flags = flags},
      at);
  return slot;
}

Slot MountSteps::tmpfs_of(const Mount& mount) {
  std::vector<std::string> options{fmt::format("mode={:04o}", mount.mode ? **mount.mode : 0755)};
  if (mount.size) options.push_back(fmt::format("size={}", **mount.size));
  if (mount.inodes) options.push_back(fmt::format("nr_inodes={}", **mount.inodes));
  MountFlags flags = flags_of(mount);
  flags.set &= ~std::uint64_t{MOUNT_ATTR_RDONLY};  // sealed at the end, when everything in it is made
  flags.clear = 0;                                 // nothing to lift: it is new
  return new_filesystem("tmpfs", options, flags, mount.at);
}

Slot MountSteps::proc_of(const Mount& mount) {
  if (*mount.fallback_bind && draft_.is_new(Ns::user)) {
    // The kernel refuses a fresh procfs to who cannot see a whole one: mount_too_revealing() in
    // fs/namespace.c.
    std::vector<std::string> covers = draft_.host.mounts_below("/proc");
    std::erase(covers, "/proc/sys/fs/binfmt_misc");
    if (!covers.empty()) {
      draft_.plan.remarks.push_back(
          {fmt::format("{} is the outer one: {} covers a part of it, so the kernel refuses a fresh procfs",
                       mount.target, covers.front()),
           mount.fallback_bind.at});
      return clone_source(mount, "/proc");
    }
  }
  std::vector<std::string> options;
  if (mount.hidepid) options.push_back("hidepid=" + **mount.hidepid);
  if (mount.subset_pid && **mount.subset_pid) options.emplace_back("subset=pid");
  MountFlags flags = flags_of(mount);
  flags.clear = 0;
  return new_filesystem("proc", options, flags, mount.at);
}

}  // namespace hutch
