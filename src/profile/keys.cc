#include "profile/keys.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace hutch {
namespace {

using enum Shape;

constexpr std::int64_t kIdMost = 4294967294;  // (uid_t)-1 means "no id" to the kernel

// clang-format off
constexpr Key kKeys[] = {
    // --- top level
    {.table = "", .name = "schema", .shape = integer, .fallback = "1", .help = "The version of this language.", .low = 1, .high = 1, .example = "schema = 1"},
    {.table = "", .name = "name", .shape = text, .help = "What the profile is called in reports; parents do not hand theirs down.", .example = "name = \"photo-editor\""},
    {.table = "", .name = "description", .shape = text, .help = "One line for `hutch list`; parents do not hand theirs down.", .example = "description = \"Edits photos, offline\""},
    {.table = "", .name = "extends", .shape = texts, .help = "Profiles that are merged first, left to right: names, or paths with a slash from this file's folder.", .example = "extends = [\"base/system\", \"seccomp/default\"]"},
    {.table = "", .name = "hostname", .shape = special, .words = "host_name", .help = "The host name inside a new uts namespace: at most 64 letters, digits, `-` and `.`.", .example = "hostname = \"box\""},
    {.table = "", .name = "domainname", .shape = special, .words = "host_name", .help = "The NIS domain name inside a new uts namespace: at most 64 letters, digits, `-` and `.`.", .example = "domainname = \"example\""},
    {.table = "", .name = "when", .shape = table, .help = "This file (and what it extends) takes part only if all of this holds.", .example = "when = { exists = \"/usr/share\" }"},
    {.table = "", .name = "namespaces", .shape = table, .help = "Which namespaces are new. See namespaces(7).", .example = "namespaces = { net = \"host\" }"},
    {.table = "", .name = "identity", .shape = table, .help = "Who the program is inside. See user_namespaces(7).", .example = "identity = { map = \"root\" }"},
    {.table = "", .name = "mounts", .shape = table, .help = "What the program sees, by absolute path inside.", .example = "mounts = { \"/usr\" = \"ro\", \"/tmp\" = \"tmpfs\" }"},
    {.table = "", .name = "environment", .shape = table, .help = "The environment of the program.", .example = "environment = { inherit = [\"LANG\", \"LC_*\"] }"},
    {.table = "", .name = "process", .shape = table, .help = "The program and how it is run.", .example = "process = { command = [\"/usr/bin/env\"] }"},
    {.table = "", .name = "limits", .shape = table, .help = "Resource limits of the process. See getrlimit(2).", .example = "limits = { nofile = 1024, core = 0 }"},
    {.table = "", .name = "capabilities", .shape = table, .help = "What is left of root's powers. See capabilities(7).", .example = "capabilities = { keep = [\"net_bind_service\"] }"},
    {.table = "", .name = "network", .shape = table, .help = "What lives in a new net namespace.", .example = "network = { loopback = false }"},
    {.table = "", .name = "params", .shape = table, .help = "What the caller may or must give with `--param NAME=VALUE`.", .example = "params.folder = { type = \"path\", default = \"/srv\" }"},
    {.table = "", .name = "resources", .shape = table, .help = "The control group of the sandbox. See cgroups(7).", .later = true},
    {.table = "", .name = "seccomp", .shape = table, .help = "Which system calls are allowed. See seccomp(2).", .example = "seccomp = { deny = [\"@mount\", \"ptrace\"] }"},
    {.table = "", .name = "landlock", .shape = table, .help = "A second wall behind the mounts, whose rules follow from them unless they are written out. See landlock(7).", .example = "landlock = { connect_tcp = [443] }"},
    {.table = "", .name = "build", .shape = table, .help = "What `hutch build` brings in and takes out.", .example = "build = { inputs = { \"/src\" = \"/srv\" }, outputs = { \"/out\" = \"./out\" } }"},
    {.table = "", .name = "test", .shape = tables, .help = "What `hutch test` runs inside this sandbox. Parents do not hand theirs down.", .example = "test = [{ run = [\"/usr/bin/true\"] }]"},
    {.table = "", .name = "helpers", .shape = tables, .help = "Programs that run beside the sandbox and end with it.", .later = true},

    // --- when
    {.table = "when", .name = "env", .shape = special, .words = "env_name", .help = "The caller's environment has this variable, and it is not empty.", .example = "mounts.\"/run/user\" = { type = \"tmpfs\", when = { env = \"DISPLAY\" } }"},
    {.table = "when", .name = "exists", .shape = path, .help = "The host has this path (links are followed).", .example = "mounts.\"/opt\" = { type = \"bind\", when = { exists = \"/opt\" } }"},
    {.table = "when", .name = "param", .shape = name, .help = "This parameter is true, or is a text that is not empty.", .example = "params.cache = { type = \"bool\", default = false }\nmounts.\"/cache\" = { type = \"tmpfs\", when = { param = \"cache\" } }"},
    {.table = "when", .name = "root", .shape = boolean, .help = "The caller is root (uid 0), or is not.", .example = "environment.set.PS1 = { value = \"# \", when = { root = true } }"},
    {.table = "when", .name = "arch", .shape = name, .help = "The machine, as `uname -m` says it: \"x86_64\".", .example = "mounts.\"/lib64\" = { type = \"mirror\", when = { arch = \"x86_64\" } }"},
    {.table = "when", .name = "kernel", .shape = special, .words = "kernel", .help = "The kernel's version: \">=6.2\"; also >, <, <= and =.", .example = "process.memory_deny_write_execute = true\nwhen = { kernel = \">=6.3\" }"},

    // --- [namespaces]
    {.table = "namespaces", .name = "user", .shape = special, .words = "namespace", .fallback = "new", .help = "Users and capabilities. See user_namespaces(7).", .example = "namespaces.user = \"new\""},
    {.table = "namespaces", .name = "mount", .shape = special, .words = "namespace", .fallback = "new", .help = "The tree of mounts. See mount_namespaces(7).", .example = "namespaces.mount = \"new\""},
    {.table = "namespaces", .name = "pid", .shape = special, .words = "namespace", .fallback = "new", .help = "Process numbers. See pid_namespaces(7).", .example = "namespaces.pid = \"host\""},
    {.table = "namespaces", .name = "ipc", .shape = special, .words = "namespace", .fallback = "new", .help = "System V IPC and POSIX message queues. See ipc_namespaces(7).", .example = "namespaces.ipc = \"host\""},
    {.table = "namespaces", .name = "uts", .shape = special, .words = "namespace", .fallback = "new", .help = "Host and domain name. See uts_namespaces(7).", .example = "namespaces.uts = \"host\""},
    {.table = "namespaces", .name = "net", .shape = special, .words = "namespace", .fallback = "new", .help = "Network devices, ports, abstract sockets. See network_namespaces(7).", .example = "namespaces.net = \"host\""},
    {.table = "namespaces", .name = "cgroup", .shape = special, .words = "namespace", .fallback = "new", .help = "The root of the control groups. See cgroup_namespaces(7).", .example = "namespaces.cgroup = \"host\""},
    {.table = "namespaces", .name = "time", .shape = special, .words = "namespace", .fallback = "host", .help = "The monotonic and boot clocks. See time_namespaces(7).", .example = "namespaces.time = { boottime = \"+1d\" }"},
    {.table = "namespaces", .name = "propagation", .shape = word, .words = "private slave shared", .fallback = "private", .help = "How mounts of the host and of the sandbox see each other's later changes.", .example = "namespaces.propagation = \"slave\""},
    {.table = "namespaces", .name = "nested", .shape = word, .words = "allow deny", .fallback = "allow", .help = "Whether the program may make user namespaces of its own.", .example = "namespaces.nested = \"deny\""},
    {.table = "namespaces.*", .name = "new", .shape = boolean, .fallback = "true", .help = "True: a new namespace. False: the host's.", .example = "namespaces.net = { new = false }"},
    {.table = "namespaces.*", .name = "join", .shape = special, .words = "join", .help = "An existing namespace is entered instead: of a file (\"/run/netns/x\"), a process (\"pid:N\") or a running sandbox (\"sandbox:NAME\"). See setns(2).", .example = "namespaces.net = { join = \"sandbox:web\" }"},
    {.table = "namespaces.*", .name = "persist", .shape = path, .help = "The new namespace outlives the sandbox, held by a bind mount at this path of the host, as `ip netns add` and `unshare --net=FILE` make it. Takes root.", .example = "namespaces.net = { persist = \"/run/netns/box\" }"},
    {.table = "namespaces.time", .name = "new", .shape = boolean, .fallback = "true", .help = "True: a new namespace. False: the host's.", .example = "namespaces.time = { new = true, monotonic = \"+1h\" }"},
    {.table = "namespaces.time", .name = "monotonic", .shape = duration, .help = "What is added to the monotonic clock: \"+1d\", \"-3600s\".", .needs = "Linux 5.6", .low = -9223372036, .high = 9223372036, .example = "namespaces.time = { monotonic = \"+1d\" }"},
    {.table = "namespaces.time", .name = "boottime", .shape = duration, .help = "What is added to the boot clock: \"+1d\", \"-3600s\".", .needs = "Linux 5.6", .low = -9223372036, .high = 9223372036, .example = "namespaces.time = { boottime = \"+30d\" }"},
    {.table = "namespaces.time", .name = "join", .shape = special, .words = "join", .help = "An existing namespace is entered instead: of a file (\"/run/netns/x\"), a process (\"pid:N\") or a running sandbox (\"sandbox:NAME\"). See setns(2).", .example = "namespaces.time = { join = \"sandbox:web\" }"},

    // --- [identity]
    {.table = "identity", .name = "uid", .shape = integer, .fallback = "the caller's", .help = "The user id inside.", .low = 0, .high = kIdMost, .example = "identity.uid = 1000"},
    {.table = "identity", .name = "gid", .shape = integer, .fallback = "the caller's", .help = "The group id inside.", .low = 0, .high = kIdMost, .example = "identity.gid = 1000"},
    {.table = "identity", .name = "groups", .shape = integers, .help = "Supplementary group ids inside.", .low = 0, .high = kIdMost, .example = "identity = { map = \"subids\", groups = [44] }"},
    {.table = "identity", .name = "user", .shape = special, .words = "account", .help = "The user's name in the account files.", .example = "identity.user = \"builder\""},
    {.table = "identity", .name = "group", .shape = special, .words = "account", .help = "The group's name in the account files.", .example = "identity.group = \"builders\""},
    {.table = "identity", .name = "home", .shape = special, .words = "account_path", .help = "The home directory, as a path inside.", .example = "identity.home = \"/home/builder\""},
    {.table = "identity", .name = "shell", .shape = special, .words = "account_path", .help = "The login shell, as a path inside.", .example = "identity.shell = \"/bin/sh\""},
    {.table = "identity", .name = "accounts", .shape = boolean, .fallback = "true", .help = "Writes a minimal /etc/passwd and /etc/group, unless mounts supply them.", .example = "identity.accounts = false"},
    {.table = "identity", .name = "map", .shape = word, .words = "self root subids explicit", .fallback = "self", .help = "Which ids of the host stand behind those inside. See subuid(5).", .example = "identity.map = \"subids\""},
    {.table = "identity", .name = "uid_map", .shape = tables, .help = "With `map = \"explicit\"`: the rows of the user id map.", .example = "identity.map = \"explicit\"\nidentity.uid_map = [{ inside = 0, outside = \"self\" }]\nidentity.gid_map = [{ inside = 0, outside = \"self\" }]"},
    {.table = "identity", .name = "gid_map", .shape = tables, .help = "With `map = \"explicit\"`: the rows of the group id map.", .example = "identity.map = \"explicit\"\nidentity.uid_map = [{ inside = 0, outside = \"self\" }]\nidentity.gid_map = [{ inside = 0, outside = \"self\" }]"},
    {.table = "identity", .name = "setgroups", .shape = word, .words = "deny allow", .help = "Whether the program may change its supplementary groups.", .example = "identity = { map = \"subids\", setgroups = \"allow\" }"},
    {.table = "identity.map", .name = "inside", .shape = integer, .help = "The first id inside.", .low = 0, .high = kIdMost, .example = "identity.map = \"explicit\"\nidentity.uid_map = [{ inside = 0, outside = \"self\" }]\nidentity.gid_map = [{ inside = 0, outside = \"self\" }]"},
    {.table = "identity.map", .name = "outside", .shape = special, .words = "outside", .help = "The first id outside: a number, \"self\" (the caller's) or \"subids\" (the caller's ranges).", .low = 0, .high = kIdMost, .example = "identity.map = \"explicit\"\nidentity.uid_map = [{ inside = 0, outside = \"self\" }, { inside = 1, outside = \"subids\", count = 65536 }]\nidentity.gid_map = [{ inside = 0, outside = \"self\" }, { inside = 1, outside = \"subids\", count = 65536 }]"},
    {.table = "identity.map", .name = "count", .shape = integer, .fallback = "1", .help = "How many ids. Required with `outside = \"subids\"`.", .low = 1, .high = kIdMost + 1, .example = "identity.map = \"explicit\"\nidentity.uid_map = [{ inside = 0, outside = \"self\" }, { inside = 1, outside = \"subids\", count = 1000 }]\nidentity.gid_map = [{ inside = 0, outside = \"self\" }, { inside = 1, outside = \"subids\", count = 1000 }]"},

    // --- [mounts]
    {.table = "mounts", .name = "*", .shape = special, .words = "mount", .help = "A word, or a table with `type`. The key is an absolute path inside, which may be a glob.", .example = "mounts.\"/usr\" = \"ro\"\nmounts.\"/data\" = { type = \"bind\", source = \"/srv\", write = true }"},
    {.table = "mounts.*", .name = "type", .shape = word, .words = "bind device tmpfs proc dev sysfs mqueue devpts cgroup mirror dir hidden overlay image file symlink none", .help = "What is mounted or made there.", .example = "mounts.\"/scratch\" = { type = \"tmpfs\" }"},
    {.table = "mounts.*", .name = "write", .shape = boolean, .help = "Whether it can be written to. Of images only ext4, and only for root.", .types = "bind device tmpfs proc dev sysfs mqueue devpts cgroup overlay image", .example = "mounts.\"/data\" = { type = \"bind\", source = \"/srv\", write = true }"},
    {.table = "mounts.*", .name = "exec", .shape = boolean, .help = "Whether programs on it can be executed.", .types = "bind tmpfs overlay image", .example = "mounts.\"/tmp\" = { type = \"tmpfs\", exec = false }"},
    {.table = "mounts.*", .name = "suid", .shape = boolean, .fallback = "false", .help = "Whether set-user-id programs on it take effect.", .types = "bind tmpfs overlay", .example = "mounts.\"/usr\" = { type = \"bind\", suid = false }"},
    {.table = "mounts.*", .name = "devices", .shape = boolean, .fallback = "false", .help = "Whether device nodes on it can be opened.", .types = "bind device tmpfs overlay", .example = "mounts.\"/srv\" = { type = \"bind\", devices = false }"},
    {.table = "mounts.*", .name = "optional", .shape = boolean, .fallback = "false", .help = "Left out (and listed) where the host lacks what it needs.", .example = "mounts.\"/opt\" = { type = \"bind\", optional = true }"},
    {.table = "mounts.*", .name = "when", .shape = table, .help = "The entry is there only if all of this holds.", .example = "mounts.\"/tmp/.X11-unix\" = { type = \"bind\", optional = true, when = { env = \"DISPLAY\" } }"},
    {.table = "mounts.*", .name = "source", .shape = path, .fallback = "the target", .help = "The host's path; of an image a file that holds a squashfs, erofs or ext4. A relative one starts at this file's folder.", .types = "bind device file image", .example = "mounts.\"/data\" = { type = \"bind\", source = \"/srv\" }"},
    {.table = "mounts.*", .name = "recursive", .shape = boolean, .fallback = "true", .help = "Whether the mounts below the source come along.", .types = "bind", .example = "mounts.\"/srv\" = { type = \"bind\", recursive = false }"},
    {.table = "mounts.*", .name = "size", .shape = size, .help = "How much it can hold, in bytes: \"64M\".", .low = 1, .types = "tmpfs", .example = "mounts.\"/tmp\" = { type = \"tmpfs\", size = \"64M\" }"},
    {.table = "mounts.*", .name = "inodes", .shape = integer, .help = "How many files it can hold.", .low = 1, .types = "tmpfs", .example = "mounts.\"/tmp\" = { type = \"tmpfs\", inodes = 10000 }"},
    {.table = "mounts.*", .name = "mode", .shape = mode, .help = "Permission bits: \"1777\".", .high = 07777, .types = "tmpfs dir file", .example = "mounts.\"/tmp\" = { type = \"tmpfs\", mode = \"1777\" }"},
    {.table = "mounts.*", .name = "hidepid", .shape = word, .words = "off noaccess invisible ptraceable", .help = "Which processes of others are seen. Whoever is in the host's group 0 sees them still, but for \"ptraceable\". See proc(5).", .types = "proc", .example = "mounts.\"/proc\" = { type = \"proc\", hidepid = \"invisible\" }"},
    {.table = "mounts.*", .name = "subset", .shape = word, .words = "pid", .help = "Only the process part of procfs. See proc(5).", .types = "proc", .example = "mounts.\"/proc\" = { type = \"proc\", subset = \"pid\" }"},
    {.table = "mounts.*", .name = "mask", .shape = boolean, .fallback = "true where the host's root is inside or `namespaces.nested` is \"deny\", else false", .help = "Whether sensitive parts are covered, and those read-only that change the machine. Covers end sandboxes inside the sandbox that want a procfs of their own.", .types = "proc sysfs", .example = "mounts.\"/proc\" = { type = \"proc\", mask = true }"},
    {.table = "mounts.*", .name = "fallback", .shape = word, .words = "bind", .help = "\"bind\": where the kernel refuses a fresh procfs, the outer one is bound.", .types = "proc", .example = "mounts.\"/proc\" = { type = \"proc\", fallback = \"bind\" }"},
    {.table = "mounts.*", .name = "nodes", .shape = texts, .words = "device_node", .help = "Further device names of the host, relative to /dev.", .types = "dev", .example = "mounts.\"/dev\" = { type = \"dev\", nodes = [\"kvm\"] }"},
    {.table = "mounts.*", .name = "lower", .shape = texts, .help = "The read-only layers, host paths, the first one on top.", .types = "overlay", .example = "mounts.\"/data\" = { type = \"overlay\", lower = [\"/srv\"], upper = \"tmpfs\" }"},
    {.table = "mounts.*", .name = "upper", .shape = path, .help = "\"tmpfs\", or the host directory that takes the changes; without it the overlay is read-only.", .types = "overlay", .example = "mounts.\"/data\" = { type = \"overlay\", lower = [\"/srv\"], upper = \"tmpfs\" }"},
    {.table = "mounts.*", .name = "work", .shape = path, .help = "The work directory that a host directory as `upper` needs, on the same file system.", .types = "overlay", .example = "mounts.\"/data\" = { type = \"overlay\", lower = [\"/srv\"], upper = \"/var/lib/box/upper\", work = \"/var/lib/box/work\" }"},
    {.table = "mounts.*", .name = "content", .shape = text, .words = "bytes", .help = "What the file holds.", .types = "file", .example = "mounts.\"/etc/hosts\" = { type = \"file\", content = \"127.0.0.1 localhost\\n\" }"},
    {.table = "mounts.*", .name = "to", .shape = path, .help = "Where the symbolic link leads, as written into it.", .types = "symlink", .example = "mounts.\"/bin\" = { type = \"symlink\", to = \"usr/bin\" }"},

    // --- [environment]
    {.table = "environment", .name = "inherit", .shape = texts, .words = "env_glob", .help = "Names and globs of variables that the program gets from the caller; \"*\" is all.", .example = "environment.inherit = [\"LANG\", \"LC_*\", \"TZ\"]"},
    {.table = "environment", .name = "set", .shape = table, .help = "Variables and their values: a string, or `{ value, when }`.", .example = "environment.set = { EDITOR = \"vi\", TMPDIR = \"/tmp\" }"},
    {.table = "environment", .name = "unset", .shape = texts, .words = "env_glob", .help = "Names and globs of variables that the program does not get.", .example = "environment = { inherit = [\"*\"], unset = [\"*_TOKEN\", \"SSH_*\"] }"},
    {.table = "environment.set", .name = "*", .shape = special, .words = "env", .help = "The variable's value: a string, or `{ value, when }`.", .example = "environment.set.LANG = \"C.UTF-8\""},
    {.table = "environment.set.*", .name = "value", .shape = text, .help = "The variable's value.", .example = "environment.set.PAGER = { value = \"cat\" }"},
    {.table = "environment.set.*", .name = "when", .shape = table, .help = "The variable is set only if all of this holds.", .example = "environment.set.NO_COLOR = { value = \"1\", when = { env = \"CI\" } }"},

    // --- [process]
    {.table = "process", .name = "command", .shape = texts, .words = "command", .help = "The program and its arguments. The words after the profile on the command line replace it.", .example = "process.command = [\"/usr/bin/env\", \"-0\"]"},
    {.table = "process", .name = "args", .shape = word, .words = "replace append", .fallback = "replace", .help = "Whether the words of the command line replace `command` or are appended to it.", .example = "process = { command = [\"/usr/bin/env\", \"-u\", \"TERM\"], args = \"append\" }"},
    {.table = "process", .name = "argv0", .shape = text, .help = "What the program sees as its own name.", .example = "process.argv0 = \"-sh\""},
    {.table = "process", .name = "cwd", .shape = special, .words = "inside_path", .fallback = "the caller's directory if it is visible inside, else home, else /", .help = "The working directory, as a path inside.", .example = "process.cwd = \"/\""},
    {.table = "process", .name = "umask", .shape = mode, .help = "The file mode creation mask: \"022\".", .high = 0777, .example = "process.umask = \"077\""},
    {.table = "process", .name = "tty", .shape = word, .words = "auto new inherit none", .fallback = "auto", .help = "\"new\": a pseudo-terminal of its own, relayed to the caller's, which is out of reach; \"inherit\": the caller's terminal, with TIOCSTI and TIOCLINUX blocked; \"none\": a new session without one; \"auto\": \"new\" where standard input is a terminal, else \"none\".", .example = "process.tty = \"none\""},
    {.table = "process", .name = "init", .shape = boolean, .fallback = "true", .help = "A minimal init is pid 1: it reaps and forwards signals.", .example = "process.init = false"},
    {.table = "process", .name = "die_with_parent", .shape = boolean, .fallback = "true", .help = "The sandbox ends when Hutch does.", .example = "process.die_with_parent = false"},
    {.table = "process", .name = "no_new_privs", .shape = boolean, .fallback = "true", .help = "execve(2) grants nothing: set-user-id has no effect. See prctl(2).", .example = "process.no_new_privs = false"},
    {.table = "process", .name = "keep_fds", .shape = integers, .help = "Descriptors of the caller that stay open, beside 0 to 2.", .low = 3, .high = 1048575, .example = "process.keep_fds = [3]"},
    {.table = "process", .name = "stdin", .shape = special, .words = "stream", .fallback = "inherit", .help = "\"inherit\", \"null\", or a host path with a slash.", .example = "process.stdin = \"null\""},
    {.table = "process", .name = "stdout", .shape = special, .words = "stream", .fallback = "inherit", .help = "\"inherit\", \"null\", or a host path with a slash. A file is appended to, and made if it is missing.", .example = "process.stdout = \"./box.log\""},
    {.table = "process", .name = "stderr", .shape = special, .words = "stream", .fallback = "inherit", .help = "\"inherit\", \"null\", or a host path with a slash. A file is appended to, and made if it is missing.", .example = "process.stderr = \"null\""},
    {.table = "process", .name = "files", .shape = word, .words = "none ro rw", .fallback = "none", .help = "Files and folders that the command line names become visible, and only those; \"rw\" makes them writable, and lets missing ones be made.", .example = "process.files = \"rw\""},
    {.table = "process", .name = "nice", .shape = integer, .help = "The nice value. See setpriority(2).", .low = -20, .high = 19, .example = "process.nice = 10"},
    {.table = "process", .name = "oom_score_adj", .shape = integer, .help = "How soon the kernel ends it when memory runs out. See proc(5).", .low = -1000, .high = 1000, .example = "process.oom_score_adj = 500"},
    {.table = "process", .name = "cpu_affinity", .shape = special, .words = "cpus", .help = "The processors it may run on: \"0-3,8\".", .example = "process.cpu_affinity = \"0-3,8\""},
    {.table = "process", .name = "io_class", .shape = special, .words = "io_class", .help = "\"idle\", \"best-effort\" or \"realtime\", the latter two with a level: \"best-effort:7\". See ioprio_set(2).", .example = "process.io_class = \"best-effort:7\""},
    {.table = "process", .name = "timer_slack", .shape = duration, .help = "How much later than asked for a sleep may end, so that the kernel can wake up for several at once: \"50us\". See PR_SET_TIMERSLACK in prctl(2).", .high = 3600, .example = "process.timer_slack = \"50us\""},
    {.table = "process", .name = "personality", .shape = words, .words = "no_randomize linux32 uname26", .help = "See personality(2).", .example = "process.personality = [\"no_randomize\"]"},
    {.table = "process", .name = "timeout", .shape = duration, .help = "How long the program may run: then it gets SIGTERM, `kill_after` later SIGKILL, and the status is 124. 0 is no limit.", .high = 9223372036, .example = "process.timeout = \"10m\""},
    {.table = "process", .name = "kill_after", .shape = duration, .fallback = "5s", .help = "How long after `timeout`, or after the second SIGINT or SIGTERM, everything in the sandbox is killed.", .high = 9223372036, .example = "process = { timeout = \"10m\", kill_after = \"2s\" }"},
    {.table = "process", .name = "memory_deny_write_execute", .shape = boolean, .fallback = "false", .help = "Memory never becomes executable that was writable, or is both. By PR_SET_MDWE of prctl(2), and before Linux 6.3 by a seccomp filter.", .example = "process.memory_deny_write_execute = true"},
    {.table = "process", .name = "core_scheduling", .shape = boolean, .fallback = "false", .help = "Shares no processor core with others at the same time. See PR_SCHED_CORE in prctl(2).", .needs = "Linux 5.14, CONFIG_SCHED_CORE", .example = "process.core_scheduling = true"},

    // --- [limits]
    {.table = "limits", .name = "as", .shape = special, .words = "limit_bytes", .help = "Address space, in bytes.", .example = "limits.as = \"4G\""},
    {.table = "limits", .name = "core", .shape = special, .words = "limit_bytes", .help = "Size of a core file, in bytes.", .example = "limits.core = 0"},
    {.table = "limits", .name = "cpu", .shape = special, .words = "limit_seconds", .help = "Processor time: seconds, or \"5m\".", .example = "limits.cpu = \"5m\""},
    {.table = "limits", .name = "data", .shape = special, .words = "limit_bytes", .help = "Data segment, in bytes.", .example = "limits.data = \"1G\""},
    {.table = "limits", .name = "fsize", .shape = special, .words = "limit_bytes", .help = "Size of a file it writes, in bytes.", .example = "limits.fsize = \"100M\""},
    {.table = "limits", .name = "locks", .shape = special, .words = "limit_bytes", .help = "File locks (no longer enforced by Linux).", .example = "limits.locks = 100"},
    {.table = "limits", .name = "memlock", .shape = special, .words = "limit_bytes", .help = "Memory locked into RAM, in bytes.", .example = "limits.memlock = \"8M\""},
    {.table = "limits", .name = "msgqueue", .shape = special, .words = "limit_bytes", .help = "POSIX message queues of the user, in bytes.", .example = "limits.msgqueue = 0"},
    {.table = "limits", .name = "nice", .shape = special, .words = "limit_bytes", .help = "Ceiling of the nice value: 20 minus it.", .example = "limits.nice = 20"},
    {.table = "limits", .name = "nofile", .shape = special, .words = "limit_bytes", .help = "Open files.", .example = "limits.nofile = { soft = 1024, hard = 4096 }"},
    {.table = "limits", .name = "nproc", .shape = special, .words = "limit_bytes", .help = "Processes and threads of the user.", .example = "limits.nproc = 256"},
    {.table = "limits", .name = "rss", .shape = special, .words = "limit_bytes", .help = "Resident memory (no longer enforced by Linux).", .example = "limits.rss = \"unlimited\""},
    {.table = "limits", .name = "rtprio", .shape = special, .words = "limit_bytes", .help = "Ceiling of the real-time priority.", .example = "limits.rtprio = 0"},
    {.table = "limits", .name = "rttime", .shape = special, .words = "limit_microseconds", .help = "Processor time without a blocking call under real-time scheduling: microseconds, or \"500ms\".", .example = "limits.rttime = \"200ms\""},
    {.table = "limits", .name = "sigpending", .shape = special, .words = "limit_bytes", .help = "Queued signals of the user.", .example = "limits.sigpending = 100"},
    {.table = "limits", .name = "stack", .shape = special, .words = "limit_bytes", .help = "Stack of a thread, in bytes.", .example = "limits.stack = \"8M\""},
    {.table = "limits.*", .name = "soft", .shape = special, .words = "limit_value", .help = "What holds now; the program may raise it up to `hard`.", .example = "limits.nofile = { soft = 1024, hard = 4096 }"},
    {.table = "limits.*", .name = "hard", .shape = special, .words = "limit_value", .help = "What it can never be raised beyond.", .example = "limits.cpu = { soft = \"5m\", hard = \"unlimited\" }"},

    // --- [capabilities]
    {.table = "capabilities", .name = "keep", .shape = texts, .words = "capability", .help = "Names without `cap_`. All others leave every set.", .example = "capabilities.keep = [\"net_bind_service\", \"chown\"]"},

    // --- [network]
    {.table = "network", .name = "loopback", .shape = boolean, .fallback = "true", .help = "Brings `lo` up in a new net namespace.", .example = "network.loopback = false"},
    {.table = "network", .name = "connect", .shape = word, .words = "none pasta slirp4netns", .help = "How a new net namespace reaches the outside.", .later = true},
    {.table = "network", .name = "publish", .shape = texts, .help = "Ports of the host that lead inside: \"8080:80/tcp\".", .later = true},
    {.table = "network", .name = "dns", .shape = texts, .help = "Name servers.", .later = true},
    {.table = "network", .name = "veth", .shape = table, .help = "For root: a pair of devices, `{ bridge | peer, address, gateway }`.", .later = true},
    {.table = "network", .name = "abstract_sockets", .shape = word, .words = "scoped host", .fallback = "scoped where the kernel can", .help = "Without a net namespace of its own: whether the abstract sockets of the host, X11 among them, can be connected to.", .needs = "Linux 6.12", .example = "namespaces.net = \"host\"\nnetwork.abstract_sockets = \"host\""},

    // --- [params]
    {.table = "params", .name = "*", .shape = table, .help = "A parameter of this profile. Without a default it is required.", .example = "params.folder = { type = \"path\", help = \"What it works on\", default = \"/srv\" }\nmounts.\"/work\" = { type = \"bind\", source = \"${param:folder}\" }"},
    {.table = "params.*", .name = "type", .shape = word, .words = "string path int bool", .fallback = "string", .help = "What the value must be.", .example = "params.jobs = { type = \"int\", default = 2 }"},
    {.table = "params.*", .name = "default", .shape = special, .words = "param_default", .help = "The value where the caller gives none.", .example = "params.color = { type = \"bool\", default = true }"},
    {.table = "params.*", .name = "help", .shape = text, .help = "What it is for.", .example = "params.jobs = { type = \"int\", default = 2, help = \"How many at a time\" }"},
    {.table = "params.*", .name = "choices", .shape = special, .words = "choices", .help = "The values that are allowed.", .example = "params.level = { choices = [\"low\", \"high\"], default = \"low\" }"},

    // --- [resources]
    {.table = "resources", .name = "memory", .shape = size, .help = "Memory at most.", .later = true},
    {.table = "resources", .name = "memory_high", .shape = size, .help = "Memory beyond which it is slowed down.", .later = true},
    {.table = "resources", .name = "swap", .shape = size, .help = "Swap at most.", .later = true},
    {.table = "resources", .name = "pids", .shape = integer, .help = "Processes and threads at most.", .later = true},
    {.table = "resources", .name = "cpu", .shape = text, .help = "Processor cores at most: 1.5.", .later = true},
    {.table = "resources", .name = "cpu_weight", .shape = integer, .help = "Its share of the processors.", .later = true},
    {.table = "resources", .name = "io_weight", .shape = integer, .help = "Its share of input and output.", .later = true},
    {.table = "resources", .name = "cpuset", .shape = text, .help = "The processors it may run on.", .later = true},
    {.table = "resources", .name = "required", .shape = boolean, .fallback = "true", .help = "Fails if a limit cannot be set.", .later = true},

    // --- [seccomp]
    {.table = "seccomp", .name = "default", .shape = special, .words = "action", .fallback = "allow", .help = "What happens on a call that nothing here names: \"allow\", \"log\" (allowed, and logged), \"errno:NAME\" (it fails with that error of errno(3)), \"trap\" (SIGSYS) or \"kill\".", .example = "seccomp.default = \"errno:ENOSYS\"\nseccomp.allow = [\"@system-service\"]"},
    {.table = "seccomp", .name = "allow", .shape = texts, .words = "syscall", .help = "System calls and @groups (those of systemd, and @io-uring) that are allowed.", .example = "seccomp.default = \"errno:EPERM\"\nseccomp.allow = [\"@system-service\", \"pkey_alloc\"]"},
    {.table = "seccomp", .name = "deny", .shape = texts, .words = "syscall", .help = "System calls and @groups that are denied, whatever `allow` says.", .example = "seccomp.deny = [\"@mount\", \"ptrace\", \"io_uring_setup\"]"},
    {.table = "seccomp", .name = "deny_action", .shape = special, .words = "deny_action", .fallback = "errno:EPERM", .help = "What happens on a call in `deny`: \"errno:NAME\", \"trap\" or \"kill\".", .example = "seccomp.deny = [\"ptrace\"]\nseccomp.deny_action = \"kill\""},
    {.table = "seccomp", .name = "rule", .shape = tables, .help = "Rules with an action of their own, also for certain arguments only. Of all that applies to a call the strictest action counts.", .example = "seccomp.rule = [{ syscall = \"socket\", action = \"errno:EAFNOSUPPORT\", args = [{ index = 0, value = 16 }] }]"},
    {.table = "seccomp", .name = "architectures", .shape = words, .words = "x86_64 x32 x86 aarch64 arm", .help = "Architectures beside the machine's own whose calls are allowed, by the same rules: \"x86\" for 32-bit programs on x86_64.", .example = "seccomp.architectures = [\"x86\"]"},
    {.table = "seccomp", .name = "log", .shape = boolean, .fallback = "false", .help = "Calls that are denied are logged by the kernel (`dmesg`, lines with `type=1326`). See SECCOMP_FILTER_FLAG_LOG in seccomp(2).", .example = "seccomp.deny = [\"ptrace\"]\nseccomp.log = true"},
    {.table = "seccomp", .name = "file", .shape = path, .help = "A compiled program of the host (`seccomp_export_bpf`) that is loaded beside the rules here; the stricter of both counts.", .example = "seccomp.file = \"/etc/hutch/filter.bpf\""},
    {.table = "seccomp.rule", .name = "syscall", .shape = special, .words = "syscall_name", .help = "A system call or a @group.", .example = "seccomp.rule = [{ syscall = \"@swap\", action = \"kill\" }]"},
    {.table = "seccomp.rule", .name = "action", .shape = special, .words = "action", .help = "What happens, as in `seccomp.default`.", .example = "seccomp.rule = [{ syscall = \"personality\", action = \"errno:EPERM\" }]"},
    {.table = "seccomp.rule", .name = "args", .shape = tables, .help = "The rule holds if all of these do.", .example = "seccomp.rule = [{ syscall = \"socket\", action = \"errno:EAFNOSUPPORT\", args = [{ index = 0, value = 16 }] }]"},
    {.table = "seccomp.rule.args", .name = "index", .shape = integer, .help = "Which argument, counted from 0.", .high = 5, .example = "seccomp.rule = [{ syscall = \"socket\", action = \"errno:EAFNOSUPPORT\", args = [{ index = 0, value = 40 }] }]"},
    {.table = "seccomp.rule.args", .name = "op", .shape = word, .words = "eq ne lt le gt ge masked_eq", .fallback = "eq", .help = "How the argument is compared, without a sign and as wide as the kernel reads it.", .example = "seccomp.rule = [{ syscall = \"prlimit64\", action = \"errno:EPERM\", args = [{ index = 0, op = \"ne\", value = 0 }] }]"},
    {.table = "seccomp.rule.args", .name = "value", .shape = integer, .help = "What it is compared with.", .low = INT64_MIN, .example = "seccomp.rule = [{ syscall = \"personality\", action = \"errno:EPERM\", args = [{ index = 0, op = \"ne\", value = 0 }] }]"},
    {.table = "seccomp.rule.args", .name = "mask", .shape = integer, .fallback = "all bits", .help = "The bits of the argument that are compared.", .low = INT64_MIN, .example = "seccomp.rule = [{ syscall = \"clone\", action = \"errno:EPERM\", args = [{ index = 0, op = \"masked_eq\", mask = 0x10000000, value = 0x10000000 }] }]"},

    // --- [landlock]
    {.table = "landlock", .name = "read", .shape = texts, .words = "inside_paths", .help = "Paths inside that can be read, with all below them. With any of `read`, `write` and `execute`, what none of them names is denied.", .needs = "Linux 5.13", .example = "landlock.read = [\"/usr\", \"/etc\"]\nlandlock.execute = [\"/usr\"]"},
    {.table = "landlock", .name = "write", .shape = texts, .words = "inside_paths", .help = "Paths inside that can be written: files changed, made, moved and removed, devices controlled. It does not let them be read.", .needs = "Linux 5.13", .example = "landlock.write = [\"/tmp\"]\nlandlock.read = [\"/\"]\nlandlock.execute = [\"/usr\"]"},
    {.table = "landlock", .name = "execute", .shape = texts, .words = "inside_paths", .help = "Paths inside whose files can be executed, and read for that: programs, their interpreters and their loader.", .needs = "Linux 5.13", .example = "landlock.execute = [\"/usr\"]\nlandlock.read = [\"/\"]"},
    {.table = "landlock", .name = "mounts", .shape = boolean, .fallback = "true, unless `read`, `write` or `execute` is said", .help = "The rules for files follow from [mounts]. False without a list: files are left to the mounts alone, and sandboxes inside the sandbox stay possible.", .needs = "Linux 5.13", .example = "landlock.mounts = false"},
    {.table = "landlock", .name = "bind_tcp", .shape = integers, .help = "TCP ports that can be listened on; 0 is one that the kernel chooses. Others are denied.", .needs = "Linux 6.7", .low = 0, .high = 65535, .example = "namespaces.net = \"host\"\nlandlock.bind_tcp = [8080]"},
    {.table = "landlock", .name = "connect_tcp", .shape = integers, .help = "TCP ports that can be connected to, wherever. Others are denied.", .needs = "Linux 6.7", .low = 0, .high = 65535, .example = "namespaces.net = \"host\"\nlandlock.connect_tcp = [80, 443]"},
    {.table = "landlock", .name = "scope", .shape = words, .words = "signal abstract_unix_socket", .help = "What does not reach beyond the sandbox.", .needs = "Linux 6.12", .example = "landlock.scope = [\"signal\"]"},
    {.table = "landlock", .name = "required", .shape = boolean, .fallback = "false", .help = "What this kernel cannot restrict is an error. Else `plan`, `-v` and the report say so.", .example = "landlock.scope = [\"signal\"]\nlandlock.required = true"},
    {.table = "landlock", .name = "log", .shape = boolean, .fallback = "false", .help = "What is denied is written to the audit log (`dmesg`, lines with `type=1423`, where no auditd runs).", .needs = "Linux 6.15", .example = "landlock.log = true"},

    // --- [build]
    {.table = "build", .name = "inputs", .shape = table, .help = "What the build reads, by absolute path inside: a path of the host, or `{ source, sha256, scratch }`. It is mounted there, read-only.", .example = "build.inputs.\"/src\" = \"/srv\""},
    {.table = "build", .name = "outputs", .shape = table, .help = "What `hutch build` takes out after a success, by absolute path inside, which may be a glob: the path of the host where it is put, or `{ to, optional }`. Nothing else comes out.", .example = "build.outputs.\"/out/*.txt\" = \"./out\""},
    {.table = "build", .name = "epoch", .shape = integer, .fallback = "315532800, and no SOURCE_DATE_EPOCH", .help = "The time of all outputs, in seconds since 1970, and SOURCE_DATE_EPOCH in the environment of the build.", .example = "build.epoch = 1700000000"},
    {.table = "build", .name = "record", .shape = path, .fallback = "NAME.provenance.json in the caller's directory", .help = "Where `hutch build` writes its record. A relative path starts at this file's folder.", .example = "build.record = \"./build.provenance.json\""},
    {.table = "build", .name = "allow_unpinned", .shape = words, .words = "limits cpu_affinity nice oom_score_adj personality", .help = "What may differ for a caller who cannot have what the profile says: a limit above the caller's own hard one, a processor that the caller may not use, a better nice value. It is then as near to it as can be, and `plan`, `-v` and the report say so. Else it is an error.", .example = "build.allow_unpinned = [\"limits\", \"nice\"]"},
    {.table = "build.inputs", .name = "*", .shape = special, .words = "build_input", .help = "A path of the host, or `{ source, sha256, scratch }`.", .example = "build.inputs.\"/src\" = { source = \"/srv\", scratch = true }"},
    {.table = "build.inputs.*", .name = "source", .shape = path, .help = "The host's path. A relative one starts at this file's folder.", .example = "build.inputs.\"/src\" = { source = \"/srv\" }"},
    {.table = "build.inputs.*", .name = "sha256", .shape = special, .words = "sha256", .help = "What the file holds, or for a folder its listing (see hutch-build(7)): if it is something else, nothing runs.", .example = "build.inputs.\"/etc/hosts\" = { source = \"/etc/hosts\", sha256 = \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\" }"},
    {.table = "build.inputs.*", .name = "scratch", .shape = boolean, .fallback = "false", .help = "For a folder: it can be written to inside. The changes are kept in memory and thrown away.", .example = "build.inputs.\"/src\" = { source = \"/srv\", scratch = true }"},
    {.table = "build.outputs", .name = "*", .shape = special, .words = "build_output", .help = "A path of the host, or `{ to, optional }`.", .example = "build.outputs.\"/out/app\" = \"./app\""},
    {.table = "build.outputs.*", .name = "to", .shape = path, .help = "Where it is put: this very path, or for a glob the folder that gets what matches. A relative one starts at this file's folder.", .example = "build.outputs.\"/out/*.deb\" = { to = \"./packages\" }"},
    {.table = "build.outputs.*", .name = "optional", .shape = boolean, .fallback = "false", .help = "Left out where the build did not make it. Else that is an error.", .example = "build.outputs.\"/out/log.txt\" = { to = \"./log.txt\", optional = true }"},

    // --- [[test]] and [[helpers]]
    {.table = "test", .name = "run", .shape = texts, .words = "command", .help = "The program and its arguments, without a shell: all of the command line, whatever [process] says. Required.", .example = "test = [{ run = [\"/usr/bin/cat\", \"/etc/shadow\"], expect = \"denied\" }]"},
    {.table = "test", .name = "expect", .shape = special, .words = "expect", .fallback = "\"ok\"", .help = "\"ok\": it ends with status 0. \"denied\": it ran, and failed with a status other than 127 or by SIGSYS, SIGXCPU or SIGXFSZ. A table: what its keys say.", .example = "test = [{ run = [\"/usr/bin/cat\", \"/etc/shadow\"], expect = \"denied\" }]"},
    {.table = "test", .name = "stdin", .shape = text, .words = "bytes", .fallback = "empty", .help = "Its standard input.", .example = "test = [{ run = [\"/usr/bin/cat\"], stdin = \"hello\", expect = { stdout = \"hello\" } }]"},
    {.table = "test", .name = "when", .shape = table, .help = "It is run only if all of this holds, and listed as skipped else.", .example = "test = [{ run = [\"/usr/bin/true\"], when = { exists = \"/usr/bin/true\" } }]"},
    {.table = "test", .name = "name", .shape = text, .fallback = "the command", .help = "What it is called: a sentence about the sandbox.", .example = "test = [{ name = \"true succeeds\", run = [\"/usr/bin/true\"] }]"},
    {.table = "test", .name = "extends", .shape = texts, .help = "Profiles that are merged before this one, for this test: a fragment needs a system to be tried in.", .example = "test = [{ run = [\"/bin/true\"], extends = [\"base/system\"] }]"},
    {.table = "test.expect", .name = "exit", .shape = integer, .fallback = "0", .help = "The exit status, as `hutch run` gives it: 128+N for signal N, 124 where `process.timeout` was over, 126 and 127 for a program that cannot be executed or is not there.", .low = 0, .high = 255, .example = "test = [{ run = [\"/usr/bin/false\"], expect = { exit = 1 } }]"},
    {.table = "test.expect", .name = "stdout", .shape = text, .words = "bytes", .help = "All of its standard output, but for newlines at the end.", .example = "test = [{ run = [\"/usr/bin/id\", \"-u\"], expect = { stdout = \"1000\" } }]"},
    {.table = "helpers", .name = "command", .shape = texts, .help = "The program and its arguments.", .later = true},
    {.table = "helpers", .name = "ready", .shape = table, .help = "`{ fd = true }` or `{ exists = \"PATH\" }`.", .later = true},
    {.table = "helpers", .name = "profile", .shape = text, .help = "The sandbox of the helper itself.", .later = true},
    {.table = "helpers", .name = "when", .shape = table, .help = "It is started only if all of this holds.", .later = true},
};
// clang-format on

/// The rows of one table, which stand together.
struct Group {
  std::string_view table;
  std::size_t first = 0, count = 0;
};

constexpr std::size_t count_groups() {
  std::size_t count = 0;
  for (std::size_t i = 0; i < std::size(kKeys); ++i)
    count += i == 0 || kKeys[i].table != kKeys[i - 1].table ? 1 : 0;
  return count;
}

constexpr auto kGroups = [] {
  std::array<Group, count_groups()> groups;
  std::size_t at = 0;
  for (std::size_t i = 0; i < std::size(kKeys); ++i) {
    if (i > 0 && kKeys[i].table != kKeys[i - 1].table) ++at;
    if (groups[at].count++ == 0) groups[at] = {kKeys[i].table, i, 1};
  }
  return groups;
}();

constexpr bool each_table_has_one_group() {
  for (std::size_t i = 0; i < kGroups.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (kGroups[i].table == kGroups[j].table) return false;
    }
  }
  return true;
}
static_assert(each_table_has_one_group());

}  // namespace

std::span<const Key> all_keys() { return kKeys; }

const Key* find_key(std::string_view table, std::string_view name) {
  const auto* const group = std::ranges::find(kGroups, table, &Group::table);
  if (group == kGroups.end()) return nullptr;
  const Key* any = nullptr;
  for (const Key& key : std::span(kKeys).subspan(group->first, group->count)) {
    if (key.name == name) return &key;
    if (key.name == "*") any = &key;
  }
  return any;
}

}  // namespace hutch
