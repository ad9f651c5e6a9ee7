#include "launch/remedies.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>

#include <string_view>
#include <variant>

#include "launch/causes.h"

namespace hutch {
namespace {

// --- what rows may ask

using Diagnosis = bool (*)(const Situation&);

std::uint64_t new_namespaces(const Situation& now) {
  for (const Step& step : now.plan.steps) {
    if (const auto* clone = std::get_if<CloneChild>(&step.op)) return clone->namespaces;
  }
  return 0;
}
bool has(const Situation& now, std::uint64_t flag) { return (new_namespaces(now) & flag) != 0; }

bool no_user_namespaces_at_all(const Situation& now) {
  return has(now, CLONE_NEWUSER) && is_zero(now.read, kMostUserNamespaces);
}
/// One kind of namespace of those asked for is switched off.
template <std::uint64_t kind>
bool none_of(const Situation& now) {
  return has(now, kind) && is_zero(now.read, most_namespaces(kind));
}
bool not_for_ordinary_users(const Situation& now) {
  return has(now, CLONE_NEWUSER) && user_namespaces_are_for_root(now.read);
}
bool in_chroot(const Situation& now) { return has(now, CLONE_NEWUSER) && is_in_chroot(now.read); }
bool under_seccomp(const Situation& now) { return is_under_seccomp(now.read); }
bool apparmor_restricts(const Situation& now) {
  return has(now, CLONE_NEWUSER) && apparmor_restricts_users(now.read);
}
bool no_user_namespace_asked(const Situation& now) { return !has(now, CLONE_NEWUSER); }
bool in_user_namespace(const Situation& now) { return has(now, CLONE_NEWUSER); }
bool no_proc(const Situation& now) { return !now.read("/proc/self/status"); }

bool writes_map(const Situation& now) {
  ZStr name;
  if (const auto* file = std::get_if<WriteChildFile>(&now.step.op)) name = file->name;
  if (const auto* file = std::get_if<WriteFile>(&now.step.op)) name = file->path;
  return name.view().ends_with("uid_map") || name.view().ends_with("gid_map") ||
         name.view().ends_with("setgroups");
}
/// A row of the map names the id 0 of the namespace around.
bool maps_root(const Situation& now) {
  ZStr rows;
  if (const auto* file = std::get_if<WriteChildFile>(&now.step.op)) rows = file->content;
  if (const auto* file = std::get_if<WriteFile>(&now.step.op)) rows = file->content;
  return writes_map(now) && rows.view().find(" 0 ") != std::string_view::npos;
}
bool writes(const Situation& now, std::string_view file) {
  const auto* write = std::get_if<WriteFile>(&now.step.op);
  return write != nullptr && write->path.view().ends_with(file);
}
bool writes_oom(const Situation& now) { return writes(now, "/oom_score_adj"); }
bool writes_offsets(const Situation& now) { return writes(now, "/timens_offsets"); }

bool lifts_flags(const Situation& now) {
  const auto* clone = std::get_if<CloneTree>(&now.step.op);
  return clone != nullptr && clone->flags.clear != 0;
}
bool is_shallow(const Situation& now) {
  const auto* clone = std::get_if<CloneTree>(&now.step.op);
  return clone != nullptr && !clone->recursive;
}
bool makes(const Situation& now, std::string_view type) {
  const auto* made = std::get_if<MakeFilesystem>(&now.step.op);
  return made != nullptr && made->type.view() == type;
}
bool makes_proc(const Situation& now) { return makes(now, "proc"); }
bool makes_proc_of_host(const Situation& now) { return makes(now, "proc") && !has(now, CLONE_NEWPID); }
bool makes_sysfs(const Situation& now) { return makes(now, "sysfs"); }
bool makes_sysfs_of_host(const Situation& now) { return makes(now, "sysfs") && !has(now, CLONE_NEWNET); }
bool makes_mqueue_of_host(const Situation& now) { return makes(now, "mqueue") && !has(now, CLONE_NEWIPC); }
bool makes_cgroup_of_host(const Situation& now) {
  return makes(now, "cgroup2") && !has(now, CLONE_NEWCGROUP);
}
bool makes_devpts(const Situation& now) { return makes(now, "devpts"); }
bool makes_tmpfs(const Situation& now) { return makes(now, "tmpfs"); }

bool problem_is(const Situation& now, ExecProblem problem) {
  return now.report.detail == static_cast<std::uint32_t>(problem);
}
bool interpreter_missing(const Situation& now) { return problem_is(now, ExecProblem::interpreter_missing); }
bool on_no_exec_mount(const Situation& now) { return problem_is(now, ExecProblem::no_exec_mount); }
bool is_a_directory(const Situation& now) { return problem_is(now, ExecProblem::is_directory); }
bool has_no_x_bit(const Situation& now) { return problem_is(now, ExecProblem::not_executable); }

bool landlock_rules_files(const Situation& now) {
  for (const Step& step : now.plan.steps) {
    const auto* made = std::get_if<MakeRuleset>(&step.op);
    if (made != nullptr && made->files != 0) return true;
  }
  return false;
}
/// A filter answers before the kernel looks for the path.
bool mount_is_filtered(const Situation&) {
  return ::mount(nullptr, "/nonexistent/hutch", nullptr, MS_PRIVATE, nullptr) < 0 && errno != ENOENT;
}

// --- the table

constexpr int kAnyError = 0;
constexpr Call kAnyCall = Call::none;

/// The first row that fits speaks. `kind` is the kind of step, empty for any; `asks` may be null.
struct Remedy {
  Call call;
  int error;
  std::string_view kind;
  Diagnosis asks;
  const char* code;
  const char* cause;
  const char* help;
};

constexpr const char* kAppArmorCause =
    "AppArmor takes the rights of new user namespaces away here: "
    "kernel.apparmor_restrict_unprivileged_userns is 1";
constexpr const char* kAppArmorHelp =
    "give hutch an AppArmor profile that has `userns,` (packaging/apparmor), or as root: "
    "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";

constexpr Remedy kRemedies[] = {
    // Making the namespaces. user_namespaces(7), namespaces(7), clone(2).
    {Call::clone, kAnyError, CloneChild::kind, no_user_namespaces_at_all, "E0410",
     "user namespaces are switched off here: user.max_user_namespaces is 0",
     "as root: sysctl -w user.max_user_namespaces=15000; inside of another sandbox: `namespaces.nested = "
     "\"allow\"` in its profile"},
    {Call::clone, EPERM, CloneChild::kind, not_for_ordinary_users, "E0410",
     "user namespaces are for root only here: kernel.unprivileged_userns_clone is 0",
     "as root: sysctl -w kernel.unprivileged_userns_clone=1"},
    {Call::clone, EPERM, CloneChild::kind, in_chroot, "E0410",
     "hutch runs in a chroot, where the kernel makes no user namespace",
     "enter that tree with pivot_root or as a container instead of chroot, or run hutch outside of it"},
    {Call::clone, EPERM, CloneChild::kind, apparmor_restricts, "E0410", kAppArmorCause, kAppArmorHelp},
    {Call::clone, EPERM, CloneChild::kind, under_seccomp, "E0410",
     "hutch runs under a seccomp filter (a container's?) that forbids new namespaces",
     "allow clone, clone3 and unshare in that filter, for example: docker run --security-opt "
     "seccomp=unconfined"},
    {Call::clone, EPERM, CloneChild::kind, no_user_namespace_asked, "E0410",
     "without a new user namespace, making the others takes CAP_SYS_ADMIN",
     "leave `namespaces.user` out (it is \"new\" by default), or run as root"},
    {Call::clone, EPERM, CloneChild::kind, nullptr, "E0410",
     "something on this machine forbids user namespaces, or your own ids are not mapped in the one around "
     "hutch",
     ""},
    {Call::clone, ENOSPC, CloneChild::kind, none_of<CLONE_NEWNS>, "E0411",
     "mount namespaces are switched off here: user.max_mnt_namespaces is 0",
     "as root: sysctl -w user.max_mnt_namespaces=15000"},
    {Call::clone, ENOSPC, CloneChild::kind, none_of<CLONE_NEWPID>, "E0411",
     "pid namespaces are switched off here: user.max_pid_namespaces is 0",
     "as root: sysctl -w user.max_pid_namespaces=15000"},
    {Call::clone, ENOSPC, CloneChild::kind, none_of<CLONE_NEWIPC>, "E0411",
     "ipc namespaces are switched off here: user.max_ipc_namespaces is 0",
     "as root: sysctl -w user.max_ipc_namespaces=15000"},
    {Call::clone, ENOSPC, CloneChild::kind, none_of<CLONE_NEWUTS>, "E0411",
     "uts namespaces are switched off here: user.max_uts_namespaces is 0",
     "as root: sysctl -w user.max_uts_namespaces=15000"},
    {Call::clone, ENOSPC, CloneChild::kind, none_of<CLONE_NEWNET>, "E0411",
     "net namespaces are switched off here: user.max_net_namespaces is 0",
     "as root: sysctl -w user.max_net_namespaces=15000"},
    {Call::clone, ENOSPC, CloneChild::kind, none_of<CLONE_NEWCGROUP>, "E0411",
     "cgroup namespaces are switched off here: user.max_cgroup_namespaces is 0",
     "as root: sysctl -w user.max_cgroup_namespaces=15000"},
    {Call::clone, ENOSPC, CloneChild::kind, none_of<CLONE_NEWTIME>, "E0411",
     "time namespaces are switched off here: user.max_time_namespaces is 0",
     "as root: sysctl -w user.max_time_namespaces=15000"},
    {Call::clone, ENOSPC, CloneChild::kind, nullptr, "E0411",
     "a limit on the number or depth of namespaces is reached (user.max_*_namespaces)",
     "end sandboxes that nobody needs, or as root raise the limits below /proc/sys/user"},
    {Call::clone, EUSERS, CloneChild::kind, nullptr, "E0411", "user namespaces are nested too deep", ""},
    {Call::clone, EAGAIN, CloneChild::kind, nullptr, "E0412",
     "you may not have more processes (RLIMIT_NPROC, or pids of the cgroup)", "end some, or raise the limit"},
    {Call::clone, EINVAL, CloneChild::kind, nullptr, "E0416",
     "this kernel was built without one of the namespaces asked for",
     "say \"host\" for those below [namespaces] that /proc/self/ns does not show"},
    {Call::clone, ENOSYS, CloneChild::kind, nullptr, "E0416", "this kernel has no namespaces", ""},

    // Id maps.
    {Call::open, ENOENT, "", no_proc, "E0413", "no /proc is mounted here",
     "as root: mount -t proc proc /proc"},
    {kAnyCall, ENOENT, "run_map_helper", nullptr, "E0415", "it is not installed",
     "install the package that has newuidmap and newgidmap (Debian: uidmap)"},
    {kAnyCall, kAnyError, "run_map_helper", nullptr, "E0415", "",
     "see subuid(5) and subgid(5): /etc/subuid and /etc/subgid must give you these ranges, and the helper "
     "must be setuid root"},
    {kAnyCall, EPERM, "", [](const Situation& s) { return writes_map(s) && apparmor_restricts(s); }, "E0410",
     kAppArmorCause, kAppArmorHelp},
    {kAnyCall, EACCES, "", [](const Situation& s) { return writes_map(s) && apparmor_restricts(s); }, "E0410",
     kAppArmorCause, kAppArmorHelp},
    {Call::write, EPERM, "", maps_root, "E0414",
     "nobody without CAP_SETFCAP may map the id 0 of the namespace around: a root without capabilities, as "
     "in "
     "another sandbox, is none",
     "in the sandbox around hutch, have another id (`identity.uid`, `identity.gid`) or keep the capability "
     "`setfcap`"},
    {Call::write, EPERM, "", writes_map, "E0414",
     "who is not privileged may map only itself; ranges of others take CAP_SETUID and CAP_SETGID",
     "use `map = \"self\"`, `map = \"root\"` or `map = \"subids\"`"},
    {Call::write, ERANGE, "", writes_map, "E0414", "an id is out of range", ""},
    {Call::write, EINVAL, "", writes_map, "E0414", "rows overlap, or name ids that do not exist outside",
     "see user_namespaces(7), \"Defining user and group ID mappings\""},
    {Call::open, kAnyError, "", writes_map, "E0414",
     "the id map of the new namespace may not be opened for writing",
     "is /proc mounted read-only or with hidepid, or is hutch under Landlock?"},
    {Call::write, EACCES, "write_file", writes_oom, "E0501",
     "lowering oom_score_adj takes CAP_SYS_RESOURCE outside",
     "choose a value that is not below your own, or run as root"},
    {Call::write, ERANGE, "write_file", writes_offsets, "E0501",
     "the clock would be negative, or too far ahead", "choose a smaller offset; see time_namespaces(7)"},
    {Call::setgroups, EPERM, "", nullptr, "E0414", "setgroups is denied in this user namespace",
     "drop `groups`"},
    {Call::setgroups, EINVAL, "", nullptr, "E0414", "a group is not mapped", ""},
    {Call::setresuid, EINVAL, "", nullptr, "E0414", "the uid is not mapped", ""},
    {Call::setresgid, EINVAL, "", nullptr, "E0414", "the gid is not mapped", ""},

    // Running out.
    {kAnyCall, EMFILE, "", nullptr, "E0412", "you may not have more open files (RLIMIT_NOFILE, hard limit)",
     "raise the hard limit (ulimit -Hn), or use fewer mounts"},
    {kAnyCall, ENFILE, "", nullptr, "E0412", "this machine may not have more open files (fs.file-max)", ""},
    {Call::open_tree, ENOSPC, "", nullptr, "E0412", "there may be no more mounts (fs.mount-max)",
     "bind less with submounts (`recursive = false`), or as root raise fs.mount-max"},
    {Call::move_mount, ENOSPC, "", nullptr, "E0412", "there may be no more mounts (fs.mount-max)",
     "bind less with submounts (`recursive = false`), or as root raise fs.mount-max"},
    {Call::seccomp, ENOMEM, "", nullptr, "E0501",
     "the filters of a process have 32768 instructions at most, those around hutch included",
     "nest less deeply, or use fewer rules with `args`"},
    {kAnyCall, ENOMEM, "", nullptr, "E0412", "the kernel has no memory left for this", ""},

    // Sources.
    {Call::open, EACCES, "pin_source", nullptr, "E0502",
     "you may not reach it yourself, so the sandbox may not either", ""},
    {Call::open, ENOENT, "pin_source", nullptr, "E0502", "it is not there (any more)",
     "make it, or let the mount be left out: `optional = true`"},
    {Call::open, ENOTDIR, "pin_source", nullptr, "E0502", "it was a directory when the plan was made", ""},
    {Call::open, EISDIR, "pin_source", nullptr, "E0502", "it was no directory when the plan was made", ""},
    {Call::open, ELOOP, "pin_source", nullptr, "E0502",
     "a symbolic link took its place, or that of a folder above it, since the command line was judged",
     "try again; if nobody replaces it on purpose, find out who does"},
    {Call::open, ESTALE, "pin_source", nullptr, "E0502",
     "it is no plain file any more, as it was when the command line was judged",
     "try again; if nobody replaces it on purpose, find out who does"},
    {Call::open, kAnyError, "pin_source", nullptr, "E0502", "", ""},
    {Call::open, EEXIST, "make_output", nullptr, "E0502",
     "something took its place since the command line was judged, when it was missing",
     "try again; if nobody makes it on purpose, find out who does"},
    {Call::open, kAnyError, "make_output", nullptr, "E0502", "",
     "make the file yourself, where the program is to write to it"},
    {Call::open, kAnyError, "open_stream", nullptr, "E0504", "", ""},
    {kAnyCall, ESTALE, "", nullptr, "E0503",
     "something else took its place while the sandbox was being set up",
     "try again; if nobody replaces it on purpose, find out who does"},
    {Call::open_tree, EACCES, "clone_tree", in_user_namespace, "E0502",
     "in a user namespace even root has no power over files of ids that are not mapped",
     "open the folders above it to others (chmod o+x), map their owner, or as root say `namespaces.user = "
     "\"host\"`"},
    {Call::open, EACCES, "open_layer", in_user_namespace, "E0502",
     "in a user namespace even root has no power over files of ids that are not mapped",
     "open the folders above it to others (chmod o+x), map their owner, or as root say `namespaces.user = "
     "\"host\"`"},
    {Call::open_tree, EINVAL, "clone_tree", is_shallow, "E0501",
     "mounts cover parts of it, and what they cover must stay covered", "drop `recursive = false`"},
    {Call::open_tree, EINVAL, "clone_tree", nullptr, "E0501",
     "it is an unbindable mount: mount_namespaces(7)", ""},
    {Call::mount_setattr, EPERM, "clone_tree", lifts_flags, "E0506",
     "it is mounted with restrictions (ro, nosuid, nodev or noexec) that a user namespace may not lift",
     "do not ask for `write`, `suid`, `devices` or `exec` there, or as root say `namespaces.user = "
     "\"host\"`"},
    {Call::mount_setattr, EPERM, "clone_tree", nullptr, "E0506",
     "it is mounted with flags that a user namespace may not change",
     "as root say `namespaces.user = \"host\"`"},
    {Call::mount_setattr, EBUSY, "", nullptr, "E0501", "something in it is open for writing", ""},

    // Namespaces that are joined or kept.
    {Call::setns, EPERM, "join_namespace", nullptr, "E0424",
     "you have no rights in the user namespace that owns it: setns(2)",
     "join that one, too, if it is yours: [namespaces] user = { join = \"…\" }; or run as root"},
    {Call::setns, EINVAL, "join_namespace", nullptr, "E0424",
     "the kernel does not let it be joined: a user namespace that hutch is in already, or a time namespace "
     "from "
     "several threads",
     "leave it out: it is the host's already"},
    {Call::setns, kAnyError, "join_namespace", nullptr, "E0424", "", ""},
    {Call::open, EBUSY, "persist_namespace", nullptr, "E0425", "a namespace is kept there already",
     "join it: { join = \"…\" }; or let it go: umount PATH"},
    {Call::open, EEXIST, "persist_namespace", nullptr, "E0425",
     "something else is there: it takes an empty file, or none", "choose another path"},
    {Call::mount, EINVAL, "persist_namespace", nullptr, "E0425",
     "a mount namespace can only be kept on a mount with private propagation: mount_namespaces(7)",
     "make its folder one first: mount --bind DIR DIR; mount --make-private DIR"},
    {kAnyCall, kAnyError, "persist_namespace", nullptr, "E0425", "", ""},

    // File systems of the kernel.
    {kAnyCall, EPERM, "make_filesystem", makes_proc_of_host, "E0507",
     "a fresh procfs needs a new pid namespace",
     "leave `namespaces.pid` out (it is \"new\" by default), or bind the host's: \"/proc\" = \"ro\""},
    {kAnyCall, EPERM, "make_filesystem", makes_sysfs_of_host, "E0507",
     "a fresh sysfs needs a new network namespace", "bind the host's instead: \"/sys\" = \"ro\""},
    {kAnyCall, EPERM, "make_filesystem", makes_mqueue_of_host, "E0507", "mqueue needs a new ipc namespace",
     "leave `namespaces.ipc` out (it is \"new\" by default)"},
    {kAnyCall, EPERM, "make_filesystem", makes_cgroup_of_host, "E0507",
     "a fresh cgroup2 needs a new cgroup namespace",
     "leave `namespaces.cgroup` out (it is \"new\" by default)"},
    {kAnyCall, EPERM, "make_filesystem", apparmor_restricts, "E0410", kAppArmorCause, kAppArmorHelp},
    {kAnyCall, EPERM, "make_filesystem", makes_proc, "E0507",
     "the kernel refuses a fresh procfs where the visible one is partly covered, as it is inside containers",
     "let the outer one be bound there: \"/proc\" = { type = \"proc\", fallback = \"bind\" }"},
    {kAnyCall, EPERM, "make_filesystem", makes_sysfs, "E0507",
     "the kernel refuses a fresh sysfs where the visible one is partly covered or read-only",
     "bind the outer one instead: \"/sys\" = \"ro\""},
    {Call::fsconfig, EINVAL, "make_filesystem", makes_devpts, "E0507",
     "devpts was given a gid that is not mapped, or an option that this kernel does not know", ""},
    {Call::fsconfig, EINVAL, "make_filesystem", makes_tmpfs, "E0501", "tmpfs refused an option",
     "check `size` and `inodes`"},
    {Call::fsconfig, EINVAL, "make_filesystem", nullptr, "E0501",
     "this kernel does not know one of the options", ""},
    {Call::fsopen, ENODEV, "make_overlay", nullptr, "E0416",
     "this kernel has no overlayfs, or its module is not loaded", "as root: modprobe overlay"},
    {Call::fsopen, ENODEV, "", nullptr, "E0416", "this kernel has no such file system", ""},
    {kAnyCall, EACCES, "make_filesystem", nullptr, "E0410",
     "a security module (SELinux, AppArmor) refuses the mount",
     "look for AVC or apparmor lines in the kernel's log: dmesg, ausearch -m avc"},

    // overlayfs.
    {Call::fsconfig, ELOOP, "make_overlay", nullptr, "E0508", "two layers overlap: one lies inside another",
     "keep `lower`, `upper` and `work` apart"},
    {Call::fsconfig, EXDEV, "make_overlay", nullptr, "E0508", "`upper` and `work` are on different mounts",
     "put `work` beside `upper`"},
    {Call::fsconfig, EBUSY, "make_overlay", nullptr, "E0508", "`upper` or `work` is used by another overlay",
     ""},
    {Call::fsconfig, E2BIG, "make_overlay", nullptr, "E0508",
     "there are more layers than this kernel takes in one go",
     "join some of them, or use Linux 6.7 or newer"},
    {Call::fsconfig, EOVERFLOW, "make_overlay", nullptr, "E0508",
     "the layers are overlays themselves, stacked too deep", ""},
    {Call::fsconfig, EINVAL, "make_overlay", nullptr, "E0508",
     "`upper` is on a file system that cannot be one (an overlay, NFS, FUSE), or `work` is not on the same "
     "one",
     "use `upper = \"tmpfs\"`, or folders on a local file system; dmesg has the kernel's words"},
    {kAnyCall, EPERM, "make_overlay", nullptr, "E0508",
     "overlayfs in a user namespace needs a layer file system that allows it",
     "use `upper = \"tmpfs\"`, or run as root with `namespaces.user = \"host\"`"},

    // Images. loop(4), fuse(4).
    {Call::open, EROFS, "mount_image", nullptr, "E0512", "the host has the file mounted read-only",
     "drop `write`"},
    {Call::fcntl, EAGAIN, "mount_image", nullptr, "E0512",
     "somebody has the image mounted, and he or this sandbox writes to it",
     "wait for the end of the other sandbox, or give each a copy"},
    {Call::open, ETXTBSY, "mount_image", nullptr, "E0512", "somebody executes the file", ""},
    {Call::open, kAnyError, "mount_image", nullptr, "E0512",
     "the loop devices of this machine are out of reach (of a container?)",
     "as root: modprobe loop; of a container: give it /dev/loop-control and /dev/loop*, or unpack the image"},
    {Call::ioctl, kAnyError, "mount_image", nullptr, "E0512", "no loop device could be had",
     "losetup -a shows who has them"},
    {Call::fsconfig, EPERM, "mount_image", nullptr, "E0512",
     "the kernel mounts block devices only for root of the whole machine", ""},
    {Call::fsconfig, kAnyError, "mount_image", nullptr, "E0512",
     "the file system is damaged, or has features that this kernel lacks", "dmesg has the kernel's words"},
    {Call::fstat, ENOTCONN, "mount_served", nullptr, "E0512", "the FUSE mounter has given up", ""},
    {Call::fstat, kAnyError, "mount_served", nullptr, "E0512",
     "the FUSE mounter cannot read what is in the image", ""},
    {Call::fsopen, ENODEV, "mount_served", nullptr, "E0416",
     "this kernel has no FUSE, or its module is not loaded", "as root: modprobe fuse"},
    {kAnyCall, kAnyError, "mount_served", nullptr, "E0512", "", ""},
    {kAnyCall, kAnyError, "run_mounter", nullptr, "E0512", "", ""},

    // The new root.
    {Call::mount, EPERM, "keep_mounts_private", apparmor_restricts, "E0410", kAppArmorCause, kAppArmorHelp},
    {Call::mount, EACCES, "keep_mounts_private", apparmor_restricts, "E0410", kAppArmorCause, kAppArmorHelp},
    {Call::mount, EPERM, "keep_mounts_private", mount_is_filtered, "E0410",
     "hutch runs under a seccomp filter (a container's?) that forbids mount(2)",
     "allow mount, move_mount, open_tree, fsopen, fsmount, mount_setattr, pivot_root and umount2 in that "
     "filter"},
    {Call::mount, EPERM, "keep_mounts_private", in_user_namespace, "E0410",
     "hutch runs under Landlock rules for files (another sandbox's?), and whoever does can mount nothing at "
     "all: "
     "landlock(7)",
     "in the sandbox around hutch, say `landlock.mounts = false` and list no paths, or leave [landlock] out"},
    {Call::mount, EINVAL, "keep_mounts_private", nullptr, "E0501",
     "\"/\" is no mount point: hutch runs in a chroot",
     "bind that tree on itself first, or run hutch outside of it"},
    {Call::pivot_root, EINVAL, "", nullptr, "E0501",
     "the root here is the initial ramdisk, or a chroot: pivot_root(2) takes neither",
     "switch to a real root file system first"},
    {Call::move_mount, EINVAL, "enter_root", nullptr, "E0501",
     "the root here is no mount point of its own (a chroot?)", ""},
    {Call::move_mount, ENOTDIR, "attach", nullptr, "E0501",
     "a directory cannot be mounted on what is no directory", ""},
    {Call::move_mount, EISDIR, "attach", nullptr, "E0501", "a file cannot be mounted on a directory", ""},
    {Call::openat2, ELOOP, "", nullptr, "E0501", "it leads through a magic link of /proc, or in circles",
     "name the place by a path without such links"},
    {Call::mkdirat, EROFS, "", nullptr, "E0501", "the file system around it is read-only", ""},
    {Call::open, EROFS, "make_file", nullptr, "E0501", "the file system around it is read-only", ""},
    {Call::symlinkat, EEXIST, "", nullptr, "E0501", "something else is there already", ""},

    // What the program finds around it.
    {Call::prlimit, EPERM, "", nullptr, "E0501", "a hard limit can be lowered, not raised",
     "choose a limit that is not above your own: ulimit -Ha"},
    {Call::setpriority, EACCES, "", nullptr, "E0501",
     "a better nice value than your own takes CAP_SYS_NICE outside",
     "choose a value that is not below your own, or run as root"},
    {Call::ioprio_set, EPERM, "", nullptr, "E0501", "the realtime class takes CAP_SYS_ADMIN outside",
     "use \"best-effort\" or \"idle\""},
    {Call::sched_setaffinity, EINVAL, "", nullptr, "E0501",
     "this machine has (or gives you) none of these CPUs", "see /sys/devices/system/cpu/online"},
    {Call::prctl, EINVAL, "deny_write_execute", nullptr, "E0416", "PR_SET_MDWE needs Linux 6.3",
     "drop `memory_deny_write_execute`"},
    {Call::prctl, kAnyError, "schedule_core", nullptr, "E0416",
     "core scheduling needs SMT and a kernel built with it", "drop `core_scheduling`"},
    {Call::prctl, EPERM, "drop_capabilities", nullptr, "E0501", "leaving the bounding set takes CAP_SETPCAP",
     "leave `namespaces.user` out (it is \"new\" by default), or run as root"},
    {Call::capset, EPERM, "drop_capabilities", nullptr, "E0501",
     "a capability to keep is not there to be kept", ""},
    {Call::landlock_create_ruleset, EOPNOTSUPP, "", nullptr, "E0416",
     "Landlock is not switched on: the kernel's parameter `lsm=` does not name landlock",
     "add landlock to `lsm=` on the kernel's command line, or drop [landlock]"},
    {Call::landlock_create_ruleset, ENOSYS, "", nullptr, "E0416",
     "this kernel was built without Landlock, or a filter around hutch hides it",
     "allow landlock_create_ruleset, landlock_add_rule and landlock_restrict_self in that filter, or drop "
     "[landlock]"},
    {Call::landlock_create_ruleset, EINVAL, "", nullptr, "E0416",
     "this kernel's Landlock is older than what the plan was made for", "was the plan made on this machine?"},
    {Call::landlock_create_ruleset, E2BIG, "", nullptr, "E0416",
     "this kernel's Landlock is older than what the plan was made for", "was the plan made on this machine?"},
    {Call::landlock_add_rule, EINVAL, "allow_port", nullptr, "E0501", "a port is from 0 to 65535", ""},
    {Call::landlock_add_rule, EINVAL, "allow_path", nullptr, "E0501",
     "a right that this kernel does not know, or that what is there cannot have", ""},
    {Call::landlock_add_rule, EBADFD, "allow_path", nullptr, "E0501",
     "it is in a file system of the kernel's own (a pipe, a namespace), which has no rules", "drop it"},
    {Call::landlock_add_rule, EAFNOSUPPORT, "allow_port", nullptr, "E0416", "this kernel has no TCP",
     "drop `bind_tcp` and `connect_tcp`"},
    {Call::landlock_restrict_self, EPERM, "", nullptr, "E0501",
     "without `no_new_privs`, Landlock takes CAP_SYS_ADMIN",
     "leave `no_new_privs` out (it is true by default)"},
    {Call::landlock_restrict_self, E2BIG, "", nullptr, "E0411",
     "16 layers of Landlock are stacked already: sandboxes inside sandboxes",
     "nest less deep, or drop [landlock] and the host's network in some of them"},
    {Call::landlock_restrict_self, EINVAL, "", nullptr, "E0416",
     "this kernel's Landlock is older than what the plan was made for", "was the plan made on this machine?"},
    {Call::seccomp, EACCES, "", nullptr, "E0501", "without `no_new_privs`, a filter takes CAP_SYS_ADMIN",
     "leave `no_new_privs` out (it is true by default)"},
    {Call::seccomp, EINVAL, "", nullptr, "E0416", "this kernel has no seccomp filters", ""},
    {Call::seccomp, EPERM, "", nullptr, "E0416", "a filter around hutch does not let it load one of its own",
     "allow seccomp and prctl in that filter"},
    {Call::seccomp, ENOSYS, "", nullptr, "E0416", "a filter around hutch does not let it load one of its own",
     "allow seccomp and prctl in that filter"},
    {Call::fcntl, EBADF, "close_descriptors", nullptr, "E0417", "a descriptor of `keep_fds` is not open", ""},

    // The program. What is not found is 127, what cannot be executed 126: the code decides.
    {Call::execve, ENOENT, "", interpreter_missing, "E0602",
     "the file is there, but the interpreter of its first line, or the loader that it names, is not in the "
     "sandbox",
     "mount what it needs: \"/lib\" = \"mirror\", \"/lib64\" = \"mirror\", or the interpreter's folder"},
    {Call::execve, ENOENT, "", nullptr, "E0601", "there is no such file in the sandbox",
     "mount the folder that it lies in"},
    {Call::execve, ENOTDIR, "", nullptr, "E0601", "something on the way to it is no directory", ""},
    {Call::execve, EACCES, "", on_no_exec_mount, "E0602", "it lies on a mount that is `exec = false`",
     "say `exec = true` there"},
    {Call::execve, EACCES, "", is_a_directory, "E0602", "it is a directory", ""},
    {Call::execve, EACCES, "", has_no_x_bit, "E0602", "it has no execute permission", "chmod +x"},
    {Call::execve, EACCES, "", landlock_rules_files, "E0602",
     "you may not execute it, or its interpreter: its modes, or the rules of [landlock], do not let you",
     "name its folder in `landlock.execute`, and that of its interpreter or loader (\"/lib64\")"},
    {Call::execve, EACCES, "", nullptr, "E0602", "you may not execute it, or its interpreter", ""},
    {Call::execve, ENOEXEC, "", nullptr, "E0602",
     "it is no program for this machine: a script without a `#!` line, or of another architecture", ""},
    {Call::execve, E2BIG, "", nullptr, "E0602", "the arguments and the environment are too long",
     "inherit less: `environment.inherit`"},
    {Call::execve, ETXTBSY, "", nullptr, "E0602", "somebody has it open for writing", ""},
    {Call::execve, EPERM, "", nullptr, "E0602",
     "a security module, or a capability that it must have, forbids it", ""},
    {Call::execve, kAnyError, "", nullptr, "E0602", "", ""},

    // Kernels that are not quite Linux (gVisor, WSL1), and filters that hide calls.
    {kAnyCall, ENOSYS, "", nullptr, "E0416", "this kernel, or a filter around hutch, does not have this call",
     "hutch needs Linux 5.14 or newer, without a filter that hides its mount calls"},
    {kAnyCall, EPERM, "", apparmor_restricts, "E0410", kAppArmorCause, kAppArmorHelp},
};

std::string_view kind_of_step(const Step& step) {
  return std::visit([](const auto& op) { return std::string_view(op.kind); }, step.op);
}

}  // namespace

Advice advise(const Situation& situation) {
  const std::string_view kind = kind_of_step(situation.step);
  for (const Remedy& row : kRemedies) {
    if (row.call != kAnyCall && row.call != situation.report.call) continue;
    if (row.error != kAnyError && row.error != situation.report.error) continue;
    if (!row.kind.empty() && row.kind != kind) continue;
    if (row.asks != nullptr && !row.asks(situation)) continue;
    return {row.code, row.cause, row.help};
  }
  return {"E0501", "", ""};
}

}  // namespace hutch
