#include "cli/message_codes.h"

namespace hutch {
namespace {

constexpr MessageCode kCodes[] = {
    // The shape of a profile file.
    {"E0101", "the file is not valid TOML",
     "The place is where the reader gave up; the mistake is there or shortly before: an unclosed quote or "
     "bracket, a key "
     "said twice, a value without quotes. Profiles are TOML 1.0."},
    {"E0102", "unknown key",
     "A key that the profile language does not have is never ignored: a protection that is misspelt would "
     "otherwise be "
     "missing without a word. `hutch explain KEY` describes a key, hutch-profile(5) lists all of them."},
    {"E0103", "a value has the wrong type",
     "For example a string where a list is wanted, or a quoted number. The message says which type the key "
     "takes."},
    {"E0104", "not one of the words for a mount",
     "A mount is either one word (\"ro\", \"rw\", \"tmpfs\", \"proc\" ...) or a table with `type`. A path of "
     "the host is not a word: "
     "write { type = \"bind\", source = \"/path\" }."},
    {"E0105", "a value is outside of what its key takes",
     "The type is right, the value is not: an unknown word, a number out of range, an empty list, a size or "
     "duration that cannot be "
     "read. Sizes are like \"64M\", durations like \"30s\", modes like \"0755\"."},
    {"E0106", "a path cannot be used",
     "Targets of mounts are absolute and written plainly: no empty text, no NUL byte, no \"..\", \".\" or "
     "\"//\", no slash at the end, so that "
     "one place has one name."},
    {"E0107", "known, but not supported yet",
     "The profile language describes this, and this version of Hutch cannot do it. It is refused rather than "
     "ignored, since a "
     "sandbox that lacks a wall that was asked for is not the one that was asked for."},
    {"E0108", "the key does not go with this type of mount",
     "Each type of mount has keys of its own: `size` goes with tmpfs, `lower` with overlay. Probably `type` "
     "is not what was "
     "meant, or the key belongs to another entry."},
    {"E0109", "something that must be said is missing",
     "This table needs a further key. After merging, a mount needs a `type`; a symlink `to`; a file "
     "`content` or `source`; an "
     "overlay `lower`."},
    {"E0110", "two keys contradict each other",
     "Only one of the two can hold. Remove the one that is not meant."},
    {"E0111", "the schema of the profile is not known",
     "`schema` says which version of the profile language a file is written in. This program reads schema 1; "
     "a newer one may "
     "read more."},
    {"E0112", "the file is not text",
     "Profiles are UTF-8 without control characters other than line ends and tabs. Write a control character "
     "as an escape "
     "(\\u0007) inside of a string."},
    {"E0113", "the file is too large to be a profile",
     "Profiles are small; a file of this size is likely to be something else. Larger content belongs into "
     "files that a mount "
     "brings in."},
    {"E0114", "this cannot be the root of a sandbox",
     "\"/\" can be a tmpfs (the default), a bind of a directory, an overlay or an image. Anything else has "
     "no "
     "room for the rest."},
    {"E0115", "a pattern stands where one path is needed",
     "A mount whose key is a pattern stands for as many mounts as it has matches, so it can only be a bind "
     "of the same path, a "
     "device or `hidden`. Write a backslash before *, ? and [ that are meant as they are."},
    {"E0116", "a soft limit above its hard limit",
     "The soft limit is what counts, the hard one is how far it can be raised: soft cannot be above hard."},
    {"E0117", "a namespace is asked for in two ways",
     "It is new, the host's, or an existing one that is joined; only a new one can be kept."},

    // Layers, variables and parameters.
    {"E0201", "there is no such profile",
     "A name is looked for as NAME.toml in ./.hutch, the user's, the administrator's and the installed "
     "profiles (`hutch list`). "
     "A word with a slash at its start, or ending in .toml, is a path."},
    {"E0202", "an extended profile does not exist",
     "`extends` names a profile that cannot be found. A relative path starts at the folder of the file that "
     "says it; anything "
     "else is looked for like a name on the command line."},
    {"E0203", "profiles extend each other in a circle",
     "A profile is merged after those that it extends, so none of them may extend it in turn. The message "
     "shows the chain."},
    {"E0204", "a variable or parameter is not defined",
     "Use ${env:NAME:-fallback} for one that may be missing, or make the mount optional; entries that are "
     "optional or have `when` are "
     "left out instead. A plain dollar is written $$."},
    {"E0205", "a mount is said twice",
     "Two keys mean the same path once their variables are filled in. One target has one mount: keep one of "
     "them."},
    {"E0206", "a variable is not written correctly",
     "Variables are ${NAME}, ${env:NAME}, ${env:NAME:-fallback} and ${param:NAME}. A plain ${ is written "
     "$${."},
    {"E0207", "the profile has no such parameter",
     "--param only gives values to parameters that the profile declares in [params.NAME]."},
    {"E0208", "a required parameter was not given",
     "The parameter has no default. Give it with --param NAME=VALUE."},
    {"E0209", "a parameter has a value that it does not take",
     "[params.NAME] declares a type and maybe choices; the value given fits neither."},
    {"E0210", "a file cannot be read",
     "It is there and could not be read: by permission, or because it is a directory or something else that "
     "is no file."},
    {"E0211", "not the name of a profile",
     "Names consist of letters, digits and . _ + @ -, in folders separated by slashes. Anything else must be "
     "written as a path."},
    {"E0212", "a relative path has no folder to start from",
     "Relative paths of options and of profiles without a file start at the current directory, which was "
     "deleted or cannot be read. Write an absolute path."},
    {"E0213", "a profile in ./.hutch that somebody else could have written",
     "Profiles in `.hutch` of the current folder win over all others. In a folder that another user prepared "
     "they would "
     "decide what a name means, so they count only if they belong to you or root and not everybody may write "
     "to them."},

    // What the profile means as a whole.
    {"E0301", "the key needs a namespace that the profile shares with the host",
     "Without a namespace of its own, the sandbox would change the host: its name, its network, its ids. "
     "Make the namespace "
     "\"new\", or leave the key out."},
    {"E0302", "a new namespace needs a new user namespace, or root",
     "The kernel lets an ordinary user make other namespaces only inside of a user namespace. See "
     "user_namespaces(7)."},
    {"E0303", "a time namespace needs an init here",
     "Before Linux 6.1, a process enters its new time namespace when it forks, not when it executes. With "
     "`init = true` the "
     "program is forked."},
    {"E0304", "no namespace is new, and the caller is no root",
     "Dropping capabilities for good takes CAP_SETPCAP, which an ordinary user has only inside a user "
     "namespace of "
     "its own."},
    {"E0310", "an id contradicts the id map",
     "`map = \"root\"` makes the caller 0 inside; `uid` and `gid` cannot be anything else."},
    {"E0311", "an id map has too many rows",
     "The kernel takes 340 rows. Join ranges that follow each other."},
    {"E0312", "rows of an id map overlap",
     "An id has one meaning on each side, so ranges of one map may not overlap inside or outside."},
    {"E0313", "an explicit map has no rows",
     "`map = \"explicit\"` takes its rows from `uid_map` and `gid_map`."},
    {"E0314", "an id is not mapped",
     "The program cannot be somebody whom no row of the map covers: to the kernel there would be no such "
     "user."},
    {"E0315", "setgroups cannot be allowed here",
     "Who maps only itself must give up setgroups(2) first, or it could leave a group that denies it "
     "something. A map written "
     "by newuidmap or by root has no such rule."},
    {"E0316", "supplementary groups cannot be chosen here",
     "Changing groups needs setgroups(2), which is denied in a user namespace that its own user has mapped."},
    {"E0320", "the source of a mount is not there",
     "The host has no such path, or what is there is of another kind. \"ro?\" and `optional = true` leave "
     "the entry out where "
     "the host lacks it."},
    {"E0321", "this cannot be the root of a sandbox",
     "\"/\" can be a tmpfs, a bind of a directory, an overlay or an image."},
    {"E0322", "there is no place for a mount",
     "A mount needs something to lie on. Hutch makes missing places where the sandbox owns the file system, "
     "and never on the "
     "host's files. Make the place on the host, or put a tmpfs or overlay in between."},
    {"E0323", "a directory and a file are in each other's way",
     "A directory is mounted on a directory, anything else on a file, and only a directory has something "
     "below it."},
    {"E0324", "not a device",
     "\"device\" binds device nodes, or directories of them, so that they work. Bind anything else as \"ro\" "
     "or \"rw\"."},
    {"E0325", "the host itself cannot write there",
     "A bind cannot be more than what it binds: the host has this mounted read-only."},
    {"E0326", "a pattern matches nothing",
     "Correct the pattern, or make the entry optional: then no match is no error."},
    {"E0327", "two patterns match the same path",
     "It is not clear which entry decides. Make one of the patterns narrower."},
    {"E0328", "two mounts are the same place",
     "By way of symbolic links inside of the sandbox, two targets lead to one place. Keep one of them."},
    {"E0329", "mounts and links wait for each other",
     "A symbolic link of the profile leads through a mount that lies behind that very link, so neither can "
     "come first."},
    {"E0330", "there is no such capability",
     "capabilities(7) lists them. They are written in lower case without \"cap_\": net_bind_service."},
    {"E0331", "a capability undoes another wall",
     "`nested = \"deny\"` is a limit that a process with CAP_SYS_RESOURCE could lift again. Drop one of the "
     "two."},
    {"E0332", "symbolic links go round in circles",
     "More than 40 links were followed on the way to the target."},
    {"E0333", "something else is where a link should be",
     "What lies at that place comes from another entry. Choose another place, or drop one of them."},
    {"E0334", "a file cannot be copied",
     "`type = \"file\"` makes a private copy, which is for small files that you can read. Bind large ones."},
    {"E0335", "a file system needs a namespace of its own",
     "proc shows the processes of its pid namespace, sysfs the devices of its network namespace, mqueue the "
     "queues of its ipc namespace; "
     "the host's can only be bound."},
    {"E0336", "a capability is written with \"cap_\"",
     "In a profile capabilities are written without the prefix: net_admin, not CAP_NET_ADMIN."},
    {"E0337", "an overlay would lack what is mounted in a layer",
     "An overlay shows the files of its layers, and where something is mounted in one, the folder under that "
     "mount. So each of these places needs an entry of its own that says what is to be seen there: a bind "
     "(\"ro\", \"rw\"), a fresh \"proc\", \"sysfs\" or \"dev\", or \"hidden\"."},
    {"E0338", "a folder with mounts in it cannot be a layer",
     "Under a mount may lie what nobody is meant to see. In a user namespace of its own the kernel keeps "
     "mounts together with what is mounted in them, and an overlay would take them apart. Overlay the "
     "folders "
     "in which nothing is mounted one by one (\"/usr\", \"/opt\"), or run as root in the host's user "
     "namespace."},
    {"E0340", "a standard stream cannot be opened",
     "`stdin`, `stdout` and `stderr` name files of the host that exist."},
    {"E0341", "the working directory is not absolute",
     "`cwd` is a path inside of the sandbox, from its root."},
    {"E0342", "the working directory is not there",
     "Nothing in the profile puts a directory at `cwd`. Mount something there, or make it with \"dir\"."},
    {"E0343", "there is nothing to run",
     "The profile has no `process.command`, and no command follows its name: hutch run PROFILE COMMAND."},
    {"E0344", "processes would outlive the sandbox",
     "`init = false` with the host's pid namespace leaves nobody who could end what the program has started. "
     "With "
     "`die_with_parent = false` that is what you ask for."},
    {"E0345", "a namespace cannot be kept here",
     "`persist` makes a bind mount on the host, which takes root, at a path whose folder exists."},
    {"E0346", "the caller cannot have what the profile says",
     "A sandbox has what its caller hands down: without a privilege outside, resource limits can only be "
     "lowered, the nice value and the OOM score only raised, and processors are those of the caller's "
     "cpuset. Choose a value that every caller can have, or name it in `build.allow_unpinned`: then it is as "
     "near to that value as can be, and `plan`, `-v` and the report say what it is instead."},
    {"E0347", "a file of the command line must not be shown",
     "`process.files` shows files that the command line names, but never what the profile hides: neither by "
     "its "
     "own name, nor by a symbolic link that leads there, nor in a folder that shows it under another name."},
    {"E0348", "a file of the command line has no place inside",
     "It is shown at the path that it has outside. Where a mount of the profile lies there that lacks it, "
     "nothing "
     "can be made: that would be on the host."},
    {"E0350", "Landlock of this kernel is too old, or not there",
     "The profile insists (`landlock.required`, or `abstract_sockets = \"scoped\"`) on something that this "
     "kernel cannot restrict. landlock(7) says which Linux brought what. Without `required` the rest is "
     "restricted, and `plan`, -v and the report say what is not."},
    {"E0351", "Landlock has no mounts to follow",
     "Without a mount namespace of its own the sandbox has no mounts from which the rules could follow. "
     "Write "
     "them out: landlock.read, landlock.write, landlock.execute."},
    {"E0352", "an unknown system call, or group of them",
     "Names are those of syscalls(2), groups those of systemd (`systemd-analyze syscall-filter`) and "
     "@io-uring. "
     "Hutch has a table of its own, so calls that are newer than the distribution's libraries are known, "
     "too."},
    {"E0353", "not an action of a filter",
     "On a call a filter can \"allow\" it, \"log\" and allow it, let it fail with an error of errno(3) "
     "(\"errno:ENOSYS\"), \"trap\" (SIGSYS) or \"kill\" the process."},
    {"E0354", "an argument of a system call cannot be compared so",
     "Arguments are compared as wide as the kernel reads them (an int has 32 bits, whatever the register "
     "holds "
     "above), and without a sign. A comparison that never or always holds is refused."},
    {"E0355", "a rule that another architecture cannot have",
     "On 32-bit x86, sockets and System V IPC are also reached through socketcall and ipc, and some calls "
     "take "
     "their arguments from memory, where filters cannot look. The rule would have a hole there."},
    {"E0356", "an architecture that this machine has not",
     "`architectures` names what this machine can run besides its own programs: x86 and x32 on x86_64, arm "
     "on "
     "aarch64."},
    {"E0357", "not a compiled seccomp program",
     "`seccomp.file` holds classic BPF as seccomp_export_bpf(3) writes it, by the rules of the kernel: at "
     "most "
     "4096 instructions, every jump inside, a return at the end, loads of the call's data only."},
    {"E0358", "the filter is too long",
     "The kernel takes 4096 instructions. Names cost next to nothing; rules with `args` cost a few each, on "
     "every "
     "architecture."},
    {"E0359", "the filter would stop the launch itself",
     "Filters are the last wall to go up, and after that Hutch still has to execute the program. What it "
     "needs "
     "for that must be allowed, or nothing could ever run."},
    {"E0360", "this is no image",
     "The source of an image is a regular file that begins with the superblock of a squashfs, an erofs or an "
     "ext4 (or ext2, ext3). What the file is called says nothing. An image of a whole disk has a table of "
     "partitions first: copy the partition out of it."},
    {"E0361", "an image is cut off",
     "The superblock says how long the file system is, and the file is shorter: it was not copied or fetched "
     "to "
     "its end."},
    {"E0362", "an image has to be repaired first",
     "An ext4 that was not unmounted cleanly has changes in its journal that are not in their place yet. "
     "Read "
     "without them it would show a state that never was; writing them changes the file: e2fsck -p FILE. "
     "Never do "
     "that while somebody has it mounted."},
    {"E0363", "no FUSE mounter for an image",
     "The kernel mounts images for root only, since a hostile one may attack it. For ordinary users a FUSE "
     "mounter does it: /usr/bin/squashfuse_ll or squashfuse (Debian: squashfuse), erofsfuse (erofsfuse, from "
     "Debian 13 on), fuse2fs (fuse2fs). It has to be there, belong to root, and be writable by root only; "
     "PATH "
     "does not count."},
    {"E0364", "an image cannot be written to",
     "squashfs and erofs are read-only by nature. An ext4 can be written to by root, through the kernel; a "
     "FUSE "
     "mounter might leave a damaged file behind."},
    {"E0365", "FUSE cannot be used here",
     "A FUSE mounter works through /dev/fuse. It is there once the module fuse is loaded, and udev opens it "
     "to "
     "everybody; containers often leave it out."},
    {"E0366", "nothing can be made in an image",
     "Nobody looks into an image before it is mounted, and most cannot be written to: links, directories and "
     "covers cannot be put there, and a pattern does not find what it would hide. Mounts can, where the "
     "image has a place for them."},
    {"E0399", "a bug of Hutch",
     "The plan breaks a rule that every plan keeps, so it was not carried out. Please report it with the "
     "profile."},

    // What this host cannot do.
    {"E0401", "the kernel is too old", "Hutch sets mounts up with calls that came with Linux 5.14."},
    {"E0402", "hutch is setuid or setgid",
     "Hutch needs no such bit and was not made to be trusted with one: its options would let anybody use the "
     "owner's rights. chmod ug-s the file."},
    {"E0403", "the host gives no range of ids",
     "`map = \"subids\"` uses the ranges of /etc/subuid and /etc/subgid. An administrator adds them: usermod "
     "--add-subuids 100000-165535 "
     "--add-subgids 100000-165535 USER."},
    {"E0404", "the host gives too few ids",
     "The map asks for more ids than /etc/subuid or /etc/subgid have for you."},
    {"E0405", "ids that are not yours to map",
     "An ordinary user maps its own id and its ranges in /etc/subuid and /etc/subgid."},
    {"E0406", "newuidmap or newgidmap is missing",
     "Maps of more than one's own id are written by these two setuid programs (Debian: package uidmap)."},
    {"E0410", "this host forbids what a sandbox needs",
     "An ordinary user makes a sandbox out of a user namespace, and something here does not let it, or not "
     "let it mount: AppArmor or another security module, a sysctl (kernel.unprivileged_userns_clone), the "
     "filter of a container around us, or a chroot. The message says which, as far as it can be told."},
    {"E0411", "too many namespaces",
     "A limit on the number or the depth of namespaces is reached: those below /proc/sys/user, or 32 user "
     "namespaces inside each other."},
    {"E0412", "a limit of the caller is reached",
     "The kernel refused for want of processes, descriptors or memory: a limit of the shell or of the "
     "control group that hutch was started in."},
    {"E0413", "the host's /proc is missing",
     "Id maps are written in /proc, which is not mounted here, or not the one of this pid namespace."},
    {"E0414", "the kernel does not take the ids",
     "An id map, a group list or an id was refused: it is not the caller's to map, rows overlap, or it is "
     "not mapped. See user_namespaces(7)."},
    {"E0415", "newuidmap or newgidmap failed",
     "The helper is missing, not setuid root, or finds no such range in /etc/subuid or /etc/subgid. What it "
     "said is in the message."},
    {"E0416", "the kernel lacks a feature",
     "It was built without a namespace, file system or call that this profile needs. The message names it."},
    {"E0417", "a descriptor to keep is not open",
     "`keep_fds` hands open descriptors of the caller on to the program. Open it: hutch run app 5<FILE."},
    {"E0418", "what the program starts could not be ended",
     "Without a pid namespace of its own, the init ends what is left by looking it up in /proc, and there is "
     "none. "
     "Mount a procfs where hutch runs, or let the pid namespace be new."},
    {"E0420", "no system call filter for this architecture",
     "Every sandbox has a filter, and filters consist of numbers that differ by architecture. Hutch knows "
     "those of x86_64 and aarch64."},
    {"E0421", "the kernel lacks a capability",
     "The capability is newer than the running kernel, so it cannot be kept."},
    {"E0422", "what is to be joined is no such namespace",
     "A namespace is joined by a file that holds it (a bind mount of nsfs, as `ip netns add` and `unshare "
     "--net=FILE` make it), by a process, or by a running sandbox."},
    {"E0424", "a namespace cannot be joined",
     "setns(2) takes rights in the user namespace that owns the other one. As an ordinary user, join that "
     "user "
     "namespace as well."},
    {"E0425", "a namespace cannot be kept",
     "It is held by a bind mount on an empty file of the host. `umount FILE` lets it go; `ip netns del NAME` "
     "does "
     "for those in /run/netns."},
    {"E0426", "the folder of running sandboxes cannot be used",
     "Running sandboxes are registered in $XDG_RUNTIME_DIR/hutch, /run/user/UID/hutch, /run/hutch for root, "
     "or "
     "/tmp/hutch-UID. It must be yours alone."},
    {"E0427", "a sandbox of that name is running",
     "`hutch ps` lists those that run; `hutch kill NAME` ends one."},
    {"E0428", "the running sandbox was started by another hutch",
     "What a running sandbox says of itself is only understood by the same version of hutch. Of its plan, "
     "who "
     "enters takes the steps that give something up, and refuses a plan with any other."},

    {"E0429", "the file of hutch could be written to from inside",
     "By way of a script with `#!/proc/self/exe` a program inside could reach the file of hutch itself. "
     "Where the "
     "caller may write to that file, hutch runs from a read-only copy instead, and here it could not make "
     "one."},

    // Setting up.
    {"E0501", "a step of the set-up failed",
     "The message names the step, the profile line that asked for it, the call and its error. Nothing ran, "
     "and nothing is left behind."},
    {"E0502", "a source cannot be reached",
     "What a mount should show is not there, or the caller cannot reach it: a sandbox never shows more than "
     "its caller may see."},
    {"E0503", "something changed during set-up",
     "Between planning and mounting, another file took the place of the one that was meant. Hutch stops "
     "rather than show the wrong one."},
    {"E0504", "a standard stream cannot be opened",
     "The file for `stdin`, `stdout` or `stderr` could not be opened with the caller's rights."},
    {"E0505", "the sandbox ended during set-up",
     "The process of the sandbox was killed or ended before the program started, for example for want of "
     "memory."},
    {"E0506", "mount flags cannot be changed",
     "The host has it mounted with restrictions that a user namespace may not lift. Ask for less, or run as "
     "root."},
    {"E0507", "a file system cannot be mounted here",
     "proc, sysfs, mqueue and cgroup need a namespace of their own, and the kernel wants the outer ones "
     "fully visible: containers hide parts of /proc. With `fallback`, a proc mount lets the outer one "
     "through instead."},
    {"E0508", "an overlay cannot be made",
     "The kernel refused the layers: they overlap, lie on different mounts, are in use, or their file system "
     "cannot be a layer. The message says which."},
    {"E0509", "hutch itself lacked something",
     "A pipe, a process or memory could not be had; this is about the machine and not about the profile."},
    {"E0510", "the sandbox is not what its plan says",
     "Asked for with --verify: after set-up, before the program begins, everything that the kernel shows of "
     "the sandbox is compared with the plan: mounts, ids, capabilities, namespaces, limits, descriptors. The "
     "message names each step that differs, with its line of the profile. Nothing ran; exit status 125."},
    {"E0511", "the sandbox cannot be verified",
     "Verifying reads /proc of the process that is about to become the program. It takes a /proc of the "
     "launcher's own pid namespace, and the right to look: for a sandbox that joins namespaces of others, "
     "that is root's."},
    {"E0512", "an image cannot be mounted",
     "The kernel, or the FUSE mounter, does not take what the file holds: it is damaged, or uses features "
     "that "
     "are not known here. Or the machine lacks a free loop device. The message has the mounter's own words, "
     "dmesg those of the kernel."},

    // The program itself.
    {"E0601", "the program was not found",
     "No file of that name can be seen inside of the sandbox. `hutch access PROFILE PATH` says what can. "
     "Exit status 127."},
    {"E0602", "the program cannot be executed",
     "It is there, but not executable for this user, on a mount without `exec`, of a format that the kernel "
     "does not know, or its interpreter or "
     "loader cannot be seen inside. Exit status 126."},

    // Builds.
    {"E0701", "nothing to build",
     "`hutch build` takes out what [build.outputs] names: a path inside, and where on the host it is put. A "
     "profile without outputs can be run, not built."},
    {"E0702", "a file cannot be read",
     "An input, or what a build made, is not there or not readable for the caller."},
    {"E0703", "an input is not what the profile says",
     "`sha256` pins what an input holds. Something else is there now, so nothing ran. hutch-build(7) says "
     "how "
     "the digest of a folder is made."},
    {"E0704", "an input changed while the build ran",
     "Inputs are looked at before and after. What was made may come from either state, so nothing was taken "
     "out."},
    {"E0705", "an output was not made",
     "The build succeeded, and what [build.outputs] names is not there. `optional = true` allows that."},
    {"E0706", "an output cannot be taken",
     "Out of a sandbox come files, folders, and links that stay within their output; no devices, no sockets, "
     "no "
     "links to the host, nothing that is mounted inside of an output."},
    {"E0707", "a destination cannot be written",
     "Where an output, or what is kept for looking, shall be put, something is in the way or the caller may "
     "not "
     "write. Folders are replaced only where --replace asks for it."},
    {"E0708", "two builds of the same differ",
     "`hutch build --check` built twice from the same inputs, the second time as another user on another "
     "machine would, and got something else: the build depends on what nobody pinned, on time, or on "
     "chance."},
    {"E0709", "not a record of a build",
     "A record is an in-toto statement with SLSA provenance, as `hutch build` writes it."},
    {"E0710", "not what the record says",
     "The inputs are others than those that the record was made with, or the same inputs gave other "
     "outputs."},
    {"E0711", "the record cannot be written", "The outputs are in place; only the record is missing."},
    {"E0712", "the build failed",
     "Its program ended with a status other than 0, which is also the status of `hutch build`. Nothing was "
     "taken "
     "out."},
    {"E0713", "interrupted",
     "A signal asked `hutch build` to end while it took outputs. What it had copied is gone."},
    {"E0714", "a record of a build that was asked for with other words",
     "A record names the profile, options, parameters and words that a build was asked for with. Somebody "
     "else may have written it, so a profile's file and all the rest are not taken from it: say them "
     "yourself, if you agree with them."},

    // The command line.
    {"E0901", "unknown command", "`hutch help` lists commands. To run a profile: hutch run PROFILE."},
    {"E0902", "unknown option",
     "Options of Hutch stand between the command and the profile; what follows the profile belongs to the "
     "program."},
    {"E0903", "an option needs a value, or takes none",
     "`hutch help COMMAND` shows which options take a value."},
    {"E0904", "too few words, or too many", "`hutch help COMMAND` shows what a command takes."},
    {"E0905", "a word that cannot stand there",
     "The option or command takes only certain words; the help line of the message lists them."},
    {"E0906", "a relative path that leads nowhere",
     "Relative paths on the command line start at the current directory, which has no name here; paths of a "
     "sandbox start at its root."},
    {"E0907", "not UTF-8",
     "Profiles are UTF-8, and so is what options add to them. A path with other bytes can only be reached by "
     "binding a directory above it."},
    {"E0909", "the command is not supported yet", "A later version will have it."},
    {"E0911", "nothing to explain",
     "`hutch explain` takes a code of a message (E0104), or a key of the profile language (mounts.type)."},
    {"E0912", "the log file cannot be opened",
     "--log-file appends to a file, which is made if it is missing; its directory must exist."},
    {"E0913", "standard output cannot be written", "The disk is full, or the reader has gone."},
    {"E0914", "--status-fd names no descriptor that can be written to",
     "Open it for hutch in the shell: hutch run --status-fd 3 PROFILE 3>FILE."},
    {"E0915", "the report cannot be written",
     "--report makes FILE or empties it before the launch and fills it at its end; its directory must "
     "exist."},

    {"E0916", "not the name of a sandbox",
     "A name has 1 to 64 letters, digits, `_`, `.` and `-`, and begins with neither of the last two."},
    {"E0917", "no sandbox of that name", "`hutch ps` lists those that run. Root sees everybody's."},
    {"E0918", "the sandbox has ended", "It ended while it was looked at."},
    {"E0919", "a sandbox does not answer",
     "Its launcher is stopped, or the sandbox cannot be entered since its namespaces are not known; or what "
     "answers is not the process that holds the lock of the sandbox's entry, or does not answer as one."},
    {"E0920", "not a signal", "`hutch kill -s` takes a name such as TERM or SIGTERM, or a number."},
    {"E0921", "the signal cannot be sent", "The sandbox is another user's."},
    {"E0922", "the owner of a sandbox cannot be taken for oneself",
     "Root that enters, inspects or ends another user's sandbox becomes that user first, since what the "
     "sandbox "
     "says is that user's word. In a user namespace that user may have no number, or CAP_SETUID may be "
     "missing."},
    {"E0923", "no folder for a test",
     "Each test of `hutch test` runs in an empty folder of its own, made in TMPDIR or /tmp."},

    {"E0930", "the profile does not say which program it is for",
     "`hutch install` makes a wrapper of the name of process.command[0], and the profile has none. A "
     "fragment "
     "that others extend is not meant to be installed."},
    {"E0932", "the program is not on this machine",
     "A wrapper stands in front of a program: the file that process.command[0] names, or one of that name on "
     "PATH behind the folder of the wrapper, or in /usr/local/bin, /usr/bin, /bin or the folders of games. "
     "Other "
     "wrappers do not count."},
    {"E0933", "a file of somebody else's is in the way",
     "`hutch install` overwrites and removes only files that it made itself, which say so in their first or "
     "second line. Anything else stays, links too, and nothing is installed."},
    {"E0934", "a file cannot be written or removed",
     "--user needs a home folder that can be written to, --system needs root. Nothing of the installation "
     "was "
     "left behind."},
    {"E0935", "a file was changed since it was installed",
     "What `hutch install` made has a sum in it. A file that no longer fits its sum was changed by somebody, "
     "and what they changed is not thrown away."},
    {"E0936", "nothing is installed for this profile",
     "`hutch install --list` prints what is. What was installed for everybody is found with --system."},
    {"E0937", "a wrapper leads back to itself",
     "The program that was started in the sandbox starts, by way of others, the wrapper again, and that the "
     "next sandbox. Let it call the program by its path, or hide the wrapper inside."},
    {"E0938", "no wrapper can have this name",
     "The name of a shell, of env or of hutch would be found by every script that looks for these; and the "
     "Desktop Entry Specification has no way to start a path with an equals sign or control characters."},
    {"E0939", "not a place, or not a profile, to install for that many",
     "--user needs HOME. --system needs a profile that everybody can read and nobody but root can change: "
     "everybody will run programs by it."},
    {"E0941", "there is no such program",
     "`hutch new` takes the name of a program on PATH, or a path of a file."},
    {"E0942", "the file cannot be executed",
     "`hutch new` writes profiles for programs and scripts, which it must be able to read."},
    {"E0943", "an interpreter is missing",
     "The script begins with the path of a program that is not on this machine. It could not run outside of "
     "a "
     "sandbox, either."},
    {"E0944", "a new profile cannot be written", "A file that is there already is never overwritten."},
    {"E0945", "a path that no profile can hold",
     "Profiles are TOML, which is UTF-8 without control characters; a file name may be anything."},

    {"W0101", "a mode looks like octal without saying so",
     "TOML reads 755 as a decimal number. Write \"755\" (a string is read as octal) or 0o755."},
    {"W0102", "a kept capability can undo mounts",
     "Who keeps `sys_admin` may remount what is read-only and unmount what hides something, in its own mount "
     "namespace. Nested user namespaces cannot: there the kernel locks both."},
    {"W0301", "Landlock allows what the mount there denies",
     "A list of [landlock] names a path whose mount does not allow that: it stays denied. One of the two is "
     "probably a mistake."},
    {"W0302", "a mount allows what Landlock denies",
     "Once one of landlock.read, landlock.write and landlock.execute is said, what they do not name is "
     "denied, whatever the mounts allow. Drop the lists to let the rules follow from the mounts."},
    {"W0303", "another system call goes around a rule",
     "The kernel has several ways to do one thing: clone3 beside clone, the new mount calls beside mount, "
     "io_uring "
     "beside nearly everything. A rule for one of them alone keeps nobody out."},
    {"W0304", "an entry of a filter without effect",
     "Of all that a filter says about a call the strictest counts, so what is denied cannot be allowed "
     "beside it."},
    {"W0310", "a mount that changes nothing",
     "A mount around it shows the same files with the same rights already. It may be left from an earlier "
     "version of the profile, or was meant to narrow what it does not."},
    {"W0311", "a line that another one undoes",
     "What the line asks for has no effect: a variable that is removed again, a set-user-ID bit that "
     "no_new_privs ignores, a capability that counts only outside of the sandbox's user namespace."},
    {"W0312", "the program can change what is run outside of the sandbox",
     "A writable folder holds files that you or the system will run or read as configuration later, without "
     "a "
     "sandbox: start-up files of shells, folders of PATH, autostart entries, units, hooks of Git, profiles "
     "of "
     "Hutch. Keep them read-only inside, or mount less. A mount that names such a place itself is taken as "
     "meant."},
    {"W0313", "the program can read secrets",
     "Keys, passwords, credentials, browser profiles or histories lie within what is mounted. Cover them "
     "with "
     "\"hidden\", or mount less. A mount that names such a place itself is taken as meant. Only known places "
     "are found: `hutch check` lists all that is mounted."},
    {"W0314", "a socket leads out of the sandbox",
     "Whoever connects to it has things done outside: a container engine makes anybody root, the session bus "
     "starts programs, an agent signs, X11 reads every key that is typed, a terminal multiplexer types into "
     "your "
     "shells. Connecting needs no writable mount."},
    {"W0315", "abstract sockets of the host lead out of the sandbox",
     "Sockets without a file belong to the network namespace, so that the host's network brings those of X11 "
     "and "
     "D-Bus along. Landlock keeps them away from Linux 6.12 on."},
    {"W0316", "the host's processes are within reach",
     "In the host's pid namespace the program can signal every process of its user; without a user namespace "
     "of "
     "its own it can also trace them and reach their files through /proc/PID/root."},
    {"W0317", "a dangerous capability outside of a user namespace",
     "In a user namespace of the sandbox's own, a capability reaches what belongs to that namespace. With "
     "`user = \"host\"` it is the host's."},
    {"W0318", "set-user-ID programs can gain privileges",
     "`no_new_privs = false` lets execve(2) give a program its owner's id and its file capabilities: every "
     "such "
     "program that is visible inside becomes a way to more rights."},
    {"W0319", "the program is the host's root",
     "Without a user namespace, uid 0 inside is uid 0 outside. Without capabilities it still owns root's "
     "files, "
     "and much of /proc and /sys asks for nothing more."},
    {"W0320", "the program can decide what a source will be",
     "The source of a mount lies in a folder that the program may write to, at a place where nothing is "
     "mounted "
     "inside. It could leave a symbolic link there, to any place of yours, and the next launch would mount "
     "what "
     "that leads to (as in CVE-2024-42472). One launch is safe, since sources are pinned before anything "
     "runs."},
    {"W0930", "a shell will not find the wrapper",
     "The folder of the wrapper is not on PATH, or stands behind the one of the program. Menu entries start "
     "the "
     "wrapper by its path and are not concerned."},
    {"W0931", "a menu entry starts another program, too",
     "One of the actions of a .desktop file starts something that the profile is not for. It stays as it "
     "was: "
     "outside of the sandbox."},
};

}  // namespace

std::span<const MessageCode> message_codes() { return kCodes; }

}  // namespace hutch
