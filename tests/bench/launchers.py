"""Who is measured, on which work. A launcher of your own is one entry in PEERS (or --peer NAME='COMMAND … {program}')."""
import os
import shutil
import struct

import measure

PROGRAM = "/usr/bin/true"

# name: (extra binds, net namespace, filter)
WORKLOADS = {"W1": (0, False, False), "W2": (0, True, False), "W4": (0, True, True), "W3-100": (100, True, False),
             "W3-1000": (1000, True, False)}

PROFILE = """[mounts]
"/usr" = "ro"
"/bin" = "mirror"
"/sbin" = "mirror"
"/lib" = "mirror"
"/lib64" = "mirror"
"/proc" = "proc"
"/dev" = "dev"
"/tmp" = "tmpfs"
{binds}
[namespaces]
cgroup = "host"
{net}
[identity]
accounts = false
[process]
command = ["{program}"]
{filter}
"""

# What a filter of the container runtimes' kind leaves out; the rest of the header's table is allowed.
DENIED = set("""acct add_key bpf clock_adjtime clock_settime create_module delete_module finit_module fsconfig fsmount
fsopen fspick get_kernel_syms get_mempolicy init_module io_uring_enter io_uring_register io_uring_setup ioperm iopl kcmp
kexec_file_load kexec_load keyctl lookup_dcookie mbind mount mount_setattr move_mount move_pages nfsservctl
open_by_handle_at open_tree perf_event_open personality pivot_root process_vm_readv process_vm_writev ptrace query_module
quotactl quotactl_fd reboot request_key set_mempolicy setns settimeofday swapoff swapon sysfs syslog _sysctl umount2
unshare uselib userfaultfd ustat vhangup vm86 vserver""".split())


def runtime_folder(folder):
    """What a user who has logged in has: plans are kept there."""
    path = folder + "/run"
    os.mkdir(path, 0o700)
    return path


def calls():
    """Name and number of every system call that the machine's headers know (x86-64)."""
    found = {}
    with open("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", encoding="ascii") as header:
        for line in header:
            words = line.split()
            if len(words) == 3 and words[1].startswith("__NR_"):
                found[words[1][5:]] = int(words[2])
    return found


def allowed():
    return sorted(name for name in calls() if name not in DENIED)


def filter_program():
    """An allow-list as one comparison for each range: what a launcher loads if all is worked out before."""
    numbers = sorted(number for name, number in calls().items() if name not in DENIED)
    ranges = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    load, jump_ge, jump_gt, ret = 0x20, 0x35, 0x25, 0x06
    program = [(load, 0, 0, 4), (0x15, 1, 0, 0xC000003E), (ret, 0, 0, 0x80000000), (load, 0, 0, 0)]
    for first, last in ranges:
        program += [(jump_ge, 0, 2, first), (jump_gt, 1, 0, last), (ret, 0, 0, 0x7FFF0000)]
    program.append((ret, 0, 0, 0x00050001))
    return b"".join(struct.pack("HBBI", *each) for each in program)


def bwrap(setup, work):
    binds, net, filtered = WORKLOADS[work]
    command = ["bwrap", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--ro-bind", "/usr", "/usr",
               "--symlink", "usr/bin", "/bin", "--symlink", "usr/sbin", "/sbin", "--symlink", "usr/lib", "/lib",
               "--symlink", "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    if net:
        command.append("--unshare-net")
    for number in range(binds):
        command += ["--ro-bind", setup.bind(number), f"/more/{number}"]
    return measure.Command([*command, "--seccomp", "9"], {9: setup.filter}) if filtered else command


def floor(setup, work, *more):
    binds, net, filtered = WORKLOADS[work]
    return ([setup.floor, *more] + (["-n"] if net else []) + (["-f", setup.filter] if filtered else [])
            + (["-b", str(binds), setup.binds] if binds else []))


def floor_of_promises(setup, work):
    return floor(setup, work, "-p")


def hutch(setup, work, *options):
    return [setup.hutch, "run", *options, setup.profile(work), "--"]


def firejail(_, work):
    if WORKLOADS[work][0] or WORKLOADS[work][2]:
        return None
    return ["firejail", "--quiet", "--noprofile", "--private-dev", "--private-tmp"] + (["--net=none"] if WORKLOADS[work][1] else [])


def unshare(_, work):
    if WORKLOADS[work][0] or WORKLOADS[work][2]:
        return None
    return ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--ipc", "--uts"] + (["--net"] if WORKLOADS[work][1] else [])


PEERS = {"hutch": hutch, "bwrap": bwrap, "floor": floor, "floor of what Hutch promises": floor_of_promises,
         "firejail": firejail, "unshare (namespaces only)": unshare}


class Setup:
    """A folder with what the workloads need."""

    def __init__(self, folder, hutch_binary):
        self.folder, self.hutch = folder, os.path.abspath(hutch_binary)
        self.floor, self.filter = os.path.join(folder, "floor"), os.path.join(folder, "filter.bpf")
        self.binds = os.path.join(folder, "binds")
        os.mkdir(self.binds)
        for number in range(max(binds for binds, _, _ in WORKLOADS.values())):
            os.mkdir(self.bind(number))
        with open(self.filter, "wb") as file:
            file.write(filter_program())
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "floor.c")
        if os.spawnlp(os.P_WAIT, "cc", "cc", "-O2", "-static", "-nostdlib", "-fno-stack-protector", "-fno-builtin", "-o",
                      self.floor, source) != 0:
            raise SystemExit("floor.c does not compile")

    def bind(self, number):
        return os.path.join(self.binds, str(number))

    def profile(self, work, **more):
        path = os.path.join(self.folder, work + ".toml")
        if not os.path.exists(path):
            binds, net, filtered = WORKLOADS[work]
            text = PROFILE.format(
                binds="\n".join(f'"/more/{number}" = {{ type = "bind", source = "{self.bind(number)}" }}' for number in range(binds)),
                net="" if net else 'net = "host"', program=PROGRAM,
                filter='[seccomp]\ndefault = "errno:EPERM"\nallow = [%s]' % ", ".join(f'"{name}"' for name in allowed()) if filtered else "")
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return path

    def commands(self, work, wanted, program=(PROGRAM,)):
        """Of those that are on this machine, and can do this work."""
        found = {}
        for name in wanted:
            command = PEERS[name](self, work)
            tool = {"bwrap": "bwrap", "firejail": "firejail"}.get(name, "true")
            if command is not None and shutil.which(tool):
                found[name] = measure.Command([*command, *program], getattr(command, "opens", None))
        return found
