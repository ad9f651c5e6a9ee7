#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <cstdint>
#include <type_traits>
#include <variant>

#include "base/origin.h"
#include "base/zstr.h"

/// The vocabulary of a plan: one struct for each thing that can be done.
///
/// A step says *what*, completely; it never asks the child to decide, to search or to build a string.
/// Slots number the descriptors that steps hand to each other (detached mounts, opened layers);
/// pins number the sources that the parent opened. Each struct lists its fields once, in `fields`:
/// from that come the JSON, its schema and the digest.
///
/// How to add one: src/README.md.

namespace hutch {

enum class Phase : std::uint8_t { before_clone, clone, parent, setup, privileges, exec };

using Slot = std::uint32_t;
using Pin = std::uint32_t;
inline constexpr std::uint32_t kNone = ~std::uint32_t{0};

/// What kind of object a source must still be when it is opened.
/// The last two: and no component of its path may be a symbolic link. They are for names that come from the
/// command line, which were judged by where they led.
enum class Expect : std::uint8_t { anything, directory, not_directory, named_file, named_directory };

/// MOUNT_ATTR_* of mount_setattr(2), in words: what is set, what must be lifted.
struct MountFlags {
  std::uint64_t set = 0;
  std::uint64_t clear = 0;
};

#define HUTCH_STEP(tag)                    \
  static constexpr const char* kind = tag; \
  template <class Self, class Visit>       \
  static void fields([[maybe_unused]] Self&& s, [[maybe_unused]] Visit&& visit)

// --- before clone: the parent, with the caller's own credentials

/// open(O_PATH): the caller can reach it, and the inode cannot change its identity until the end of set-up.
struct PinSource {
  ZStr path;
  Expect expect = Expect::anything;
  Pin pin = 0;
  HUTCH_STEP("pin_source") {
    visit("path", s.path);
    visit("expect", s.expect);
    visit("pin", s.pin);
  }
};
/// open(O_CREAT | O_EXCL), no link followed: an empty file of the host for the program to write to, held as
/// PinSource does. Dated to the epoch; one that is still empty and so old at the end was not written to, and
/// is removed again.
struct MakeOutput {
  ZStr path;
  Pin pin = 0;
  HUTCH_STEP("make_output") {
    visit("path", s.path);
    visit("pin", s.pin);
  }
};
/// open(2) of a namespace that will be joined, checked to be one of this kind: ioctl_ns(2).
struct OpenNamespace {
  std::uint64_t type = 0;  ///< one CLONE_NEW*
  ZStr path;               ///< "/run/netns/x", "/proc/12/ns/net"; empty with `sandbox`
  ZStr sandbox;            ///< the name of a running sandbox
  Slot slot = 0;
  HUTCH_STEP("open_namespace") {
    visit("type", s.type);
    visit("path", s.path);
    visit("sandbox", s.sandbox);
    visit("slot", s.slot);
  }
};
/// Opens a host file as a standard stream of the program.
struct OpenStream {
  ZStr path;
  int stream = 0;  ///< 0, 1, 2
  Slot slot = 0;
  HUTCH_STEP("open_stream") {
    visit("path", s.path);
    visit("stream", s.stream);
    visit("slot", s.slot);
  }
};
/// A file system image, mounted by the kernel from a loop device and not attached yet: loop(4). The device
/// goes with the last mount of it. Takes CAP_SYS_ADMIN in the initial user namespace.
struct MountImage {
  ZStr type;  ///< "squashfs", "erofs", "ext4"
  Pin pin = 0;
  bool writable = false;
  Slot slot = 0;
  MountFlags flags;
  HUTCH_STEP("mount_image") {
    visit("type", s.type);
    visit("pin", s.pin);
    visit("writable", s.writable);
    visit("slot", s.slot);
    visit("flags", s.flags);
  }
};

// --- clone

/// setns(2), by a process between the launcher and the sandbox: the launcher stays where it is.
struct JoinNamespace {
  std::uint64_t type = 0;  ///< one CLONE_NEW*
  Slot slot = 0;
  HUTCH_STEP("join_namespace") {
    visit("type", s.type);
    visit("slot", s.slot);
  }
};
/// clone(2): `namespaces` is CLONE_NEW*.
struct CloneChild {
  std::uint64_t namespaces = 0;
  HUTCH_STEP("clone") { visit("namespaces", s.namespaces); }
};

// --- the parent, after clone

/// Writes /proc/CHILD/NAME: "setgroups", "uid_map" or "gid_map" (user_namespaces(7)).
struct WriteChildFile {
  ZStr name, content;
  HUTCH_STEP("write_child_file") {
    visit("name", s.name);
    visit("content", s.content);
  }
};
/// Runs newuidmap(1) or newgidmap(1) with the child's pid and these rows.
struct RunMapHelper {
  ZStr program;
  Borrowed<ZStr> rows;  ///< inside, outside, count, inside, …
  HUTCH_STEP("run_map_helper") {
    visit("program", s.program);
    visit("rows", s.rows);
  }
};
/// Bind-mounts the child's new namespace of this kind at a path of the host, so that it outlives the sandbox.
struct PersistNamespace {
  std::uint64_t type = 0;  ///< one CLONE_NEW*
  ZStr path;
  HUTCH_STEP("persist_namespace") {
    visit("type", s.type);
    visit("path", s.path);
  }
};
struct LetChildGo {
  HUTCH_STEP("let_child_go") {}
};
/// Runs a FUSE mounter beside the sandbox, in a sealed one of its own (launch/mounter.h): it serves the image
/// that was pinned through the descriptor that MountServed of the same slot sends.
struct RunMounter {
  ZStr program;
  ZStr type;  ///< what the image holds
  Pin pin = 0;
  Slot slot = 0;
  bool dies_with_parent = true;  ///< else it ends when nobody has the file system mounted any more
  HUTCH_STEP("run_mounter") {
    visit("program", s.program);
    visit("type", s.type);
    visit("pin", s.pin);
    visit("slot", s.slot);
    visit("dies_with_parent", s.dies_with_parent);
  }
};
/// How long the program may run, and how long after a request to end it is killed.
struct Watch {
  std::uint64_t timeout = 0;     ///< nanoseconds from exec; 0: no limit
  std::uint64_t kill_after = 0;  ///< nanoseconds
  HUTCH_STEP("watch") {
    visit("timeout", s.timeout);
    visit("kill_after", s.kill_after);
  }
};

// --- the child: set-up

struct AwaitParent {
  HUTCH_STEP("await_parent") {}
};
/// prctl(PR_SET_PDEATHSIG, SIGKILL), and ends here if the parent is gone already.
struct DieWithParent {
  HUTCH_STEP("die_with_parent") {}
};
/// Writes a file of the host's /proc, before the old root is left: maps, oom_score_adj, offsets, namespace
/// limits.
struct WriteFile {
  ZStr path, content;
  HUTCH_STEP("write_file") {
    visit("path", s.path);
    visit("content", s.content);
  }
};
/// open(O_PATH) of a directory of the host's /proc that the init will need: its own namespaces, which `hutch
/// enter` joins; or, without a pid namespace of its own, whom it has to end.
struct KeepOpen {
  ZStr path;
  Slot slot = 0;
  HUTCH_STEP("keep_open") {
    visit("path", s.path);
    visit("slot", s.slot);
  }
};
/// prctl(PR_SET_DUMPABLE, 0): from here to exec nobody can trace this process or look into its memory and its
/// descriptors. After the maps, whose files would then be root's.
struct HideFromOthers {
  HUTCH_STEP("hide_from_others") {}
};
/// unshare(CLONE_NEWTIME): the next process will be in the new time namespace.
struct UnshareTime {
  HUTCH_STEP("unshare_time") {}
};
/// setgroups, setresgid, setresuid, keeping capabilities (SECBIT_NO_SETUID_FIXUP).
struct BecomeIds {
  uid_t uid = 0;
  gid_t gid = 0;
  bool set_groups = false;
  Borrowed<gid_t> groups;
  HUTCH_STEP("become_ids") {
    visit("uid", s.uid);
    visit("gid", s.gid);
    visit("set_groups", s.set_groups);
    visit("groups", s.groups);
  }
};
/// Takes CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH out of the effective set (or puts them back), so that
/// sources are reached with the caller's own rights and no more.
struct UseCallersRights {
  bool on = true;
  HUTCH_STEP("use_callers_rights") { visit("on", s.on); }
};
/// open_tree(OPEN_TREE_CLONE) of a host path, checked to be the pinned object, then mount_setattr on the
/// detached copy.
struct CloneTree {
  ZStr path;
  Pin pin = 0;
  Slot slot = 0;
  bool recursive = true;
  MountFlags flags;
  std::uint64_t propagation = 0;  ///< MS_PRIVATE, MS_SLAVE or MS_SHARED
  HUTCH_STEP("clone_tree") {
    visit("path", s.path);
    visit("pin", s.pin);
    visit("slot", s.slot);
    visit("recursive", s.recursive);
    visit("flags", s.flags);
    visit("propagation", s.propagation);
  }
};
/// open(O_PATH) of a host directory as a layer of an overlay, checked to be the pinned object.
struct OpenLayer {
  ZStr path;
  Pin pin = 0;
  Slot slot = 0;
  HUTCH_STEP("open_layer") {
    visit("path", s.path);
    visit("pin", s.pin);
    visit("slot", s.slot);
  }
};
/// mount(NULL, "/", MS_REC | MS_PRIVATE): nothing we mount reaches the host.
struct KeepMountsPrivate {
  HUTCH_STEP("keep_mounts_private") {}
};
/// fsopen, fsconfig, fsmount: a new file system, not attached yet. Options are "key=value" or "key".
struct MakeFilesystem {
  ZStr type;
  Borrowed<ZStr> options;
  Slot slot = 0;
  MountFlags flags;
  HUTCH_STEP("make_filesystem") {
    visit("type", s.type);
    visit("options", s.options);
    visit("slot", s.slot);
    visit("flags", s.flags);
  }
};
/// Attaches the tree in `slot` at a directory of the old root that nothing needs any more. Gone with the old
/// root.
struct AttachStage {
  Slot slot = 0;
  ZStr path;
  HUTCH_STEP("attach_stage") {
    visit("slot", s.slot);
    visit("path", s.path);
  }
};
/// A file or directory directly in the stage: covers, private file contents, overlay upper and work
/// directories.
struct StageEntry {
  Slot stage = 0;
  ZStr name;
  bool directory = false;
  mode_t mode = 0;
  ZStr content;
  HUTCH_STEP("stage_entry") {
    visit("stage", s.stage);
    visit("name", s.name);
    visit("directory", s.directory);
    visit("mode", s.mode);
    visit("content", s.content);
  }
};
/// open_tree(OPEN_TREE_CLONE) of one entry of the stage, then mount_setattr.
struct CloneStaged {
  Slot stage = 0;
  ZStr name;
  Slot slot = 0;
  MountFlags flags;
  HUTCH_STEP("clone_staged") {
    visit("stage", s.stage);
    visit("name", s.name);
    visit("slot", s.slot);
    visit("flags", s.flags);
  }
};
/// overlayfs: layers by descriptor (/proc/self/fd/N), so no path needs escaping.
struct MakeOverlay {
  Borrowed<Slot> lower;  ///< of OpenLayer, the first one on top
  Slot upper = kNone;    ///< of OpenLayer; kNone with `stage`: entries `upper_name` and `work_name` of it
  Slot work = kNone;
  Slot stage = kNone;
  ZStr upper_name, work_name;
  bool user_xattr = false;
  Slot slot = 0;
  MountFlags flags;
  HUTCH_STEP("make_overlay") {
    visit("lower", s.lower);
    visit("upper", s.upper);
    visit("work", s.work);
    visit("stage", s.stage);
    visit("upper_name", s.upper_name);
    visit("work_name", s.work_name);
    visit("user_xattr", s.user_xattr);
    visit("slot", s.slot);
    visit("flags", s.flags);
  }
};
/// A FUSE file system of the sandbox's own user namespace, whose ids are those inside: fuse(4). Sends the
/// descriptor by which it is served to the launcher, which runs the mounter, and waits until that answers.
struct MountServed {
  ZStr device;  ///< "/dev/fuse"
  ZStr type;    ///< what the image holds; the kernel says "fuse.TYPE"
  Borrowed<ZStr> options;
  Slot slot = 0;
  MountFlags flags;
  HUTCH_STEP("mount_served") {
    visit("device", s.device);
    visit("type", s.type);
    visit("options", s.options);
    visit("slot", s.slot);
    visit("flags", s.flags);
  }
};
/// move_mount over "/", pivot_root(".", "."), umount2(MNT_DETACH): from here on only the new root exists.
struct EnterRoot {
  Slot slot = 0;
  HUTCH_STEP("enter_root") { visit("slot", s.slot); }
};

// Paths of these are absolute inside the new root, walked there with openat2(RESOLVE_IN_ROOT).
// What is already there in the right kind is kept (MakeDir of a directory that exists is no error).

struct MakeDir {
  ZStr path;
  mode_t mode = 0755;
  HUTCH_STEP("make_dir") {
    visit("path", s.path);
    visit("mode", s.mode);
  }
};
struct MakeSymlink {
  ZStr path, to;
  HUTCH_STEP("make_symlink") {
    visit("path", s.path);
    visit("to", s.to);
  }
};
struct MakeFile {
  ZStr path;
  mode_t mode = 0644;
  ZStr content;
  HUTCH_STEP("make_file") {
    visit("path", s.path);
    visit("mode", s.mode);
    visit("content", s.content);
  }
};
/// Attaches the detached tree in `slot`. Directory on directory, anything else on anything else.
struct Attach {
  Slot slot = 0;
  ZStr path;
  HUTCH_STEP("attach") {
    visit("slot", s.slot);
    visit("path", s.path);
  }
};
/// mount_setattr(MOUNT_ATTR_RDONLY) on the mount at `path`, that one only.
struct Seal {
  ZStr path;
  Slot slot = 0;  ///< of what is mounted there
  HUTCH_STEP("seal") {
    visit("path", s.path);
    visit("slot", s.slot);
  }
};
/// Covers what is at `path` with a read-only view of itself: open_tree(OPEN_TREE_CLONE), mount_setattr,
/// move_mount. For parts of a file system that is otherwise writable (/proc/sys). A path that does not exist
/// is left alone.
struct ReadOnlyView {
  ZStr path;
  HUTCH_STEP("read_only_view") { visit("path", s.path); }
};
/// Covers what is at these paths so that nobody can look at it, and leaves alone what does not exist. The
/// first gets the tree, the others clones of it (open_tree(OPEN_TREE_CLONE), move_mount). kNone: an empty
/// file or directory without any permission, which is made in the new root and removed again.
struct Hide {
  Slot slot = kNone;
  bool directories = false;
  MountFlags flags;  ///< of what is made
  Borrowed<ZStr> paths;
  HUTCH_STEP("hide") {
    visit("slot", s.slot);
    visit("directories", s.directories);
    visit("flags", s.flags);
    visit("paths", s.paths);
  }
};
struct SetHostname {
  ZStr name;
  HUTCH_STEP("set_hostname") { visit("name", s.name); }
};
struct SetDomainname {
  ZStr name;
  HUTCH_STEP("set_domainname") { visit("name", s.name); }
};
/// SIOCSIFFLAGS on "lo": IFF_UP.
struct BringLoopbackUp {
  HUTCH_STEP("bring_loopback_up") {}
};
/// A pseudo-terminal: opens `ptmx` of the devpts in `devpts` (kNone: /dev/ptmx), gives it the modes and the
/// size of the caller's terminal, and hands its master to the launcher. See pts(4).
struct OpenTerminal {
  Slot devpts = kNone;
  Slot slot = 0;                    ///< of its slave
  Borrowed<std::uint32_t> streams;  ///< which of 0, 1, 2 are a terminal of the caller
  HUTCH_STEP("open_terminal") {
    visit("devpts", s.devpts);
    visit("slot", s.slot);
    visit("streams", s.streams);
  }
};
/// From here on two processes: this one becomes the minimal init (pid 1), the next steps belong to the
/// program.
struct StartInit {
  /// The kernel gives a process its own namespaces whenever it asks: PIDFD_GET_MNT_NAMESPACE and the like of
  /// ioctl_pidfd, Linux 6.11.
  bool asks_kernel = false;
  Slot namespaces = kNone;  ///< of KeepOpen, where it does not: its own namespaces
  Slot processes = kNone;   ///< of KeepOpen: /proc, where it is not pid 1 and has to end what is left itself
  Slot terminal =
      kNone;  ///< of OpenTerminal: held open, so that the launcher sees its end only with the sandbox's
  HUTCH_STEP("start_init") {
    visit("asks_kernel", s.asks_kernel);
    visit("namespaces", s.namespaces);
    visit("processes", s.processes);
    visit("terminal", s.terminal);
  }
};

// --- the child: giving up privileges

struct SetLimit {
  int resource = 0;
  ZStr name;
  std::uint64_t soft = 0, hard = 0;
  HUTCH_STEP("set_limit") {
    visit("resource", s.resource);
    visit("name", s.name);
    visit("soft", s.soft);
    visit("hard", s.hard);
  }
};
struct SetNice {
  int nice = 0;
  HUTCH_STEP("set_nice") { visit("nice", s.nice); }
};
struct SetIoPriority {
  int io_class = 0, level = 0;
  HUTCH_STEP("set_io_priority") {
    visit("class", s.io_class);
    visit("level", s.level);
  }
};
struct SetAffinity {
  Borrowed<std::uint32_t> cpus;
  HUTCH_STEP("set_affinity") { visit("cpus", s.cpus); }
};
struct SetPersonality {
  std::uint64_t persona = 0;
  HUTCH_STEP("set_personality") { visit("persona", s.persona); }
};
/// prctl(PR_SET_TIMERSLACK).
struct SetTimerSlack {
  std::uint64_t slack = 0;  ///< nanoseconds, not 0
  HUTCH_STEP("set_timer_slack") { visit("slack", s.slack); }
};
/// prctl(PR_SET_MDWE): no memory is writable and executable at once (Linux 6.3).
struct SetMemoryDenyWriteExecute {
  HUTCH_STEP("deny_write_execute") {}
};
/// prctl(PR_SCHED_CORE): a core-scheduling cookie of its own.
struct ScheduleCore {
  HUTCH_STEP("schedule_core") {}
};
struct SetUmask {
  mode_t mask = 022;
  HUTCH_STEP("set_umask") { visit("mask", s.mask); }
};
/// setsid(2): no controlling terminal.
struct NewSession {
  HUTCH_STEP("new_session") {}
};
/// ioctl(TIOCSCTTY): the terminal in `slot` becomes the controlling terminal of the new session.
struct TakeTerminal {
  Slot slot = 0;
  HUTCH_STEP("take_terminal") { visit("slot", s.slot); }
};
/// setpgid(2): a process group of its own, the foreground one of its terminal. Its parent, the init, is in
/// the same session, so that it can be stopped and continued.
struct NewGroup {
  Slot terminal = kNone;
  HUTCH_STEP("new_group") { visit("terminal", s.terminal); }
};
/// dup2 of an opened stream onto 0, 1 or 2.
struct ConnectStream {
  Slot slot = 0;
  int stream = 0;
  HUTCH_STEP("connect_stream") {
    visit("slot", s.slot);
    visit("stream", s.stream);
  }
};
struct ChangeDir {
  ZStr path;
  HUTCH_STEP("change_dir") { visit("path", s.path); }
};
/// Default dispositions, empty mask.
struct ResetSignals {
  HUTCH_STEP("reset_signals") {}
};
/// Everything but `keep` leaves the bounding, permitted, effective, inheritable and ambient sets
/// (capabilities(7)).
struct DropCapabilities {
  std::uint64_t keep = 0;
  bool ambient = false;  ///< make the kept ones ambient, so that they survive exec of a non-root uid
  int last_capability = 40;
  HUTCH_STEP("drop_capabilities") {
    visit("keep", s.keep);
    visit("ambient", s.ambient);
    visit("last_capability", s.last_capability);
  }
};
struct NoNewPrivs {
  HUTCH_STEP("no_new_privs") {}
};
/// seccomp(SECCOMP_SET_MODE_FILTER). Without no_new_privs it needs CAP_SYS_ADMIN and so comes before
/// DropCapabilities.
struct LoadFilter {
  ZStr name;  ///< "floor", "seccomp" with rules of the profile, or the path of a compiled program
  Borrowed<sock_filter> program;
  std::uint32_t rules = 0;          ///< of the profile and the floor
  bool log = false;                 ///< SECCOMP_FILTER_FLAG_LOG
  bool deny_write_execute = false;  ///< it stands in for PR_SET_MDWE
  Borrowed<ZStr> summary;           ///< what it does, for people
  HUTCH_STEP("load_filter") {
    visit("name", s.name);
    visit("rules", s.rules);
    visit("log", s.log);
    visit("deny_write_execute", s.deny_write_execute);
    visit("summary", s.summary);
    visit("program", s.program);
  }
};
/// landlock_create_ruleset(2): what is to be restricted, and allowed only where a rule says so. Bits are
/// those of base/landlock_abi.h.
struct MakeRuleset {
  std::uint64_t files = 0;    ///< rights to files
  std::uint64_t network = 0;  ///< rights to TCP ports
  std::uint64_t scope = 0;    ///< what does not reach beyond the sandbox
  Slot slot = 0;
  HUTCH_STEP("make_ruleset") {
    visit("files", s.files);
    visit("network", s.network);
    visit("scope", s.scope);
    visit("slot", s.slot);
  }
};
/// landlock_add_rule(2): at and below `path`, inside. Where it is no directory, only those of the rights
/// count that a file can have.
struct AllowPath {
  Slot ruleset = 0;
  ZStr path;
  std::uint64_t rights = 0;
  HUTCH_STEP("allow_path") {
    visit("ruleset", s.ruleset);
    visit("path", s.path);
    visit("rights", s.rights);
  }
};
/// landlock_add_rule(2): for a TCP port.
struct AllowPort {
  Slot ruleset = 0;
  std::uint64_t port = 0;
  std::uint64_t rights = 0;
  HUTCH_STEP("allow_port") {
    visit("ruleset", s.ruleset);
    visit("port", s.port);
    visit("rights", s.rights);
  }
};
/// landlock_restrict_self(2), which takes no_new_privs or CAP_SYS_ADMIN.
struct RestrictSelf {
  Slot ruleset = 0;
  std::uint64_t flags = 0;
  HUTCH_STEP("restrict_self") {
    visit("ruleset", s.ruleset);
    visit("flags", s.flags);
  }
};
/// close_range: everything but 0, 1, 2, these, and what set-up tells the parent by is closed.
struct CloseDescriptors {
  Borrowed<std::uint32_t> keep;  ///< sorted, all above 2
  HUTCH_STEP("close_descriptors") { visit("keep", s.keep); }
};

// --- exec

struct Exec {
  ZStr path;                 ///< absolute inside
  Borrowed<ZStr> otherwise;  ///< tried in this order where `path` is not there: as execvp(3) does, for a tree
                             ///< that nobody has seen yet
  Borrowed<ZStr> argv;
  Borrowed<ZStr> env;                                 ///< "NAME=value", in byte order
  Borrowed<const char*> argv_pointers, env_pointers;  ///< the same, NULL-terminated, for execve
  HUTCH_STEP("exec") {
    visit("path", s.path);
    visit("otherwise", s.otherwise);
    visit("argv", s.argv);
    visit("env", s.env);
  }
};

#undef HUTCH_STEP

using Op =
    std::variant<PinSource, MakeOutput, OpenNamespace, OpenStream, MountImage, JoinNamespace, CloneChild,
                 WriteChildFile, RunMapHelper, PersistNamespace, LetChildGo, RunMounter, Watch, AwaitParent,
                 DieWithParent, WriteFile, KeepOpen, HideFromOthers, UnshareTime, BecomeIds, UseCallersRights,
                 CloneTree, OpenLayer, KeepMountsPrivate, MakeFilesystem, AttachStage, StageEntry,
                 CloneStaged, MakeOverlay, MountServed, EnterRoot, MakeDir, MakeSymlink, MakeFile, Attach,
                 Seal, ReadOnlyView, Hide, SetHostname, SetDomainname, BringLoopbackUp, OpenTerminal,
                 StartInit, SetLimit, SetNice, SetIoPriority, SetAffinity, SetPersonality, SetTimerSlack,
                 SetMemoryDenyWriteExecute, ScheduleCore, SetUmask, NewSession, TakeTerminal, NewGroup,
                 ConnectStream, ChangeDir, ResetSignals, DropCapabilities, NoNewPrivs, MakeRuleset, AllowPath,
                 AllowPort, RestrictSelf, LoadFilter, CloseDescriptors, Exec>;

struct Step {
  Op op;
  Origin origin;
  Phase phase = Phase::setup;
};

// The child reads steps out of the parent's memory: no destructor to run,
// no heap to follow, nothing that can throw.
static_assert(std::is_trivially_copyable_v<Step>);
static_assert(std::is_trivially_destructible_v<Step>);

template <class T>
bool is(const Step& step) {
  return std::holds_alternative<T>(step.op);
}

}  // namespace hutch
