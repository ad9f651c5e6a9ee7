#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/origin.h"
#include "profile/build.h"
#include "profile/said.h"

/// What the user asked for, after layers, variables and shape checks: plain data, every value with its
/// origin. Everything that happens to a Profile is a free function elsewhere.

namespace hutch {

// --- [namespaces], see namespaces(7)

enum class Ns : std::uint8_t { user, mount, pid, ipc, uts, net, cgroup, time };
inline constexpr std::size_t kNamespaces = 8;
enum class Propagation : std::uint8_t { private_, slave, shared };

struct Namespaces {
  /// True: a new one. False: the host's.
  std::array<Said<bool>, kNamespaces> fresh{
      {{true, {}}, {true, {}}, {true, {}}, {true, {}}, {true, {}}, {true, {}}, {true, {}}, {false, {}}}};
  std::array<MaybeSaid<std::string>, kNamespaces> join;  ///< a path, "pid:N" or "sandbox:NAME"; then not new
  std::array<MaybeSaid<std::string>, kNamespaces> persist;  ///< absolute host path
  MaybeSaid<std::int64_t> monotonic_offset;                 ///< nanoseconds, time_namespaces(7)
  MaybeSaid<std::int64_t> boottime_offset;                  ///< nanoseconds
  Said<Propagation> propagation{Propagation::private_, {}};
  Said<bool> nested{true, {}};  ///< may the program make user namespaces of its own?

  [[nodiscard]] bool is_joined(Ns which) const { return join[static_cast<std::size_t>(which)].has_value(); }
  [[nodiscard]] bool is_new(Ns which) const { return *fresh[static_cast<std::size_t>(which)]; }
  [[nodiscard]] const Said<bool>& of(Ns which) const { return fresh[static_cast<std::size_t>(which)]; }
};

// --- [identity], see user_namespaces(7)

enum class IdMap : std::uint8_t { self, root, subids, explicit_ };

/// One row of `uid_map` or `gid_map`.
struct MapRow {
  enum class Outside : std::uint8_t { number, self, subids };
  std::uint32_t inside = 0;
  Outside kind = Outside::number;
  std::uint32_t outside = 0;  ///< for `number`
  std::uint32_t count = 1;
  Origin at;
};

struct Identity {
  MaybeSaid<std::uint32_t> uid, gid;
  std::vector<Said<std::uint32_t>> groups;
  MaybeSaid<std::string> user, group, home, shell;
  Said<bool> accounts{true, {}};
  Said<IdMap> map{IdMap::self, {}};
  std::vector<MapRow> uid_map, gid_map;
  MaybeSaid<bool> setgroups;  ///< true: allow, false: deny
};

// --- [mounts]

enum class MountType : std::uint8_t {
  bind,
  device,
  tmpfs,
  proc,
  dev,
  sysfs,
  mqueue,
  devpts,
  cgroup,
  mirror,
  dir,
  hidden,
  overlay,
  image,
  file,
  symlink
};

/// One entry of [mounts]. Only the fields of its type are ever set.
struct Mount {
  std::string target;  ///< absolute and normalised; with glob characters still escaped if `is_glob`
  Origin at;           ///< the value
  Origin key_at;       ///< the target as written
  MountType type = MountType::bind;
  bool is_glob = false;
  bool optional = false;

  MaybeSaid<bool> write, exec, suid, devices;

  MaybeSaid<std::string>
      source;  ///< bind, device, file, image: absolute host path. Without it, bind and device use `target`
  Said<bool> recursive{true, {}};

  MaybeSaid<std::uint64_t> size, inodes;  ///< tmpfs: bytes, count
  MaybeSaid<std::uint32_t> mode;          ///< tmpfs, dir, file: permission bits, at most 07777

  MaybeSaid<std::string> hidepid;       ///< proc: "off", "noaccess", "invisible", "ptraceable" (proc(5))
  MaybeSaid<bool> subset_pid;           ///< proc: subset = "pid"
  MaybeSaid<bool> mask;                 ///< proc
  Said<bool> fallback_bind{false, {}};  ///< proc: fallback = "bind"

  std::vector<Said<std::string>> nodes;  ///< dev: further host device names, relative to /dev

  std::vector<Said<std::string>> lower;  ///< overlay: absolute host paths, the first one on top
  MaybeSaid<std::string> upper;  ///< overlay: "tmpfs" or an absolute host path; none: read-only overlay
  MaybeSaid<std::string> work;   ///< overlay: absolute host path, where `upper` is one

  MaybeSaid<std::string> content;  ///< file
  MaybeSaid<std::string> to;       ///< symlink

  bool from_arguments = false;  ///< made up for `process.files`: no link may stand on the way to its source
  bool is_made = false;         ///< the source is not there yet, and is made for the program to write to
};

// --- the rest

struct Environment {
  std::vector<Said<std::string>> inherit;  ///< names and globs
  std::map<std::string, Said<std::string>, std::less<>> set;
  std::vector<Said<std::string>> unset;  ///< names and globs
};

/// The program's terminal: `automatic` is `fresh` where standard input is a terminal, else `none`.
enum class Tty : std::uint8_t { automatic, fresh, inherit, none };
enum class ArgsMode : std::uint8_t { replace, append };

/// Where a standard stream of the program comes from.
struct Stream {
  enum class Kind : std::uint8_t { inherit, null, path } kind = Kind::inherit;
  std::string path;  ///< host path, absolute
};

struct IoClass {
  int which = 0;  ///< ioprio_set(2): 1 realtime, 2 best-effort, 3 idle
  int level = 4;
};

struct Process {
  std::vector<Said<std::string>> command;
  Said<ArgsMode> args{ArgsMode::replace, {}};
  MaybeSaid<std::string> argv0, cwd;
  MaybeSaid<std::uint32_t> umask;
  Said<Tty> tty{Tty::automatic, {}};
  Said<bool> init{true, {}}, die_with_parent{true, {}}, no_new_privs{true, {}};
  std::vector<Said<std::uint32_t>> keep_fds;
  std::array<Said<Stream>, 3> streams;  ///< stdin, stdout, stderr
  enum class Files : std::uint8_t { none, ro, rw };
  Said<Files> files{Files::none, {}};
  MaybeSaid<std::int32_t> nice, oom_score_adj;
  MaybeSaid<std::vector<std::uint32_t>> cpu_affinity;  ///< sorted CPU numbers
  MaybeSaid<IoClass> io_class;
  MaybeSaid<std::int64_t> timer_slack;         ///< nanoseconds
  std::vector<Said<std::string>> personality;  ///< "no_randomize", "linux32", "uname26"
  MaybeSaid<std::int64_t> timeout;             ///< nanoseconds; 0: none
  MaybeSaid<std::int64_t> kill_after;          ///< nanoseconds
  Said<bool> memory_deny_write_execute{false, {}};
  Said<bool> core_scheduling{false, {}};
};

/// getrlimit(2). RLIM_INFINITY is "unlimited"; no value leaves what the caller has.
struct Limit {
  int resource = 0;
  std::string name;
  std::uint64_t soft = 0, hard = 0;
  Origin at;
};

/// landlock(7). A list that is not said restricts nothing.
struct Landlock {
  Origin at;
  std::optional<std::vector<Said<std::string>>> read, write, execute;  ///< absolute paths inside
  std::optional<std::vector<Said<std::uint32_t>>> bind_tcp, connect_tcp;
  std::vector<Said<std::string>> scope;  ///< "signal", "abstract_unix_socket"
  MaybeSaid<bool> mounts;                ///< file rules follow from the mounts
  Said<bool> required{false, {}};
  Said<bool> log{false, {}};

  [[nodiscard]] bool lists_files() const { return read || write || execute; }
};

/// How an argument of a system call is compared; unsigned.
enum class Compare : std::uint8_t { eq, ne, lt, le, gt, ge };

/// One of `args`: holds if (argument & mask) OP value.
struct ArgumentRule {
  std::uint32_t index = 0;
  Compare op = Compare::eq;
  Said<std::int64_t> value;
  MaybeSaid<std::int64_t> mask;
  Origin at;
};

/// One [[seccomp.rule]].
struct SeccompRule {
  Said<std::string> syscall;  ///< a name or a "@group"
  Said<std::string> action;   ///< "allow", "log", "errno:NAME", "trap", "kill"
  std::vector<ArgumentRule> args;
};

/// seccomp(2), as written: names are looked up by filter/seccomp.h.
struct Seccomp {
  Said<std::string> default_action{"allow", {}};
  Said<std::string> deny_action{"errno:EPERM", {}};
  std::vector<Said<std::string>> allow, deny;  ///< names and "@groups"
  std::vector<SeccompRule> rules;
  std::vector<Said<std::string>> architectures;  ///< beside the machine's own
  Said<bool> log{false, {}};
  MaybeSaid<std::string> file;  ///< absolute host path of a compiled program
};

/// Something optional that was left out, and why. Never silent: `plan`, `-v` and reports list them.
struct Skipped {
  std::string what;  ///< "mount \"/opt/x\""
  std::string why;   ///< "the host has no /opt/x"
  Origin at;
};

struct Profile {
  MaybeSaid<std::string> name, description, hostname, domainname;
  Namespaces namespaces;
  Identity identity;
  std::map<std::string, Mount> mounts;  ///< by target
  Environment environment;
  Process process;
  std::vector<Limit> limits;                         ///< by resource number
  std::vector<Said<std::string>> keep_capabilities;  ///< lower case, without "cap_"
  Said<bool> loopback{true, {}};
  MaybeSaid<bool> share_abstract_sockets;  ///< those of the net namespace around, where that is not new
  std::optional<Landlock> landlock;
  Seccomp seccomp;
  Build build;
  std::vector<Skipped> skipped;
};

}  // namespace hutch
