#!/usr/bin/env python3
"""caller.py one|other COMMAND…: runs COMMAND as somebody whom nothing but the machine has in common with the other.

Root becomes two different users. An ordinary user stays who he is, and differs in everything that he may choose.
"""
import ctypes
import os
import resource
import signal
import sys

other = sys.argv[1] == "other"
command = sys.argv[2:]
libc = ctypes.CDLL(None, use_errno=True)
root = os.geteuid() == 0


def limit(name, soft, hard=None):
    number = getattr(resource, "RLIMIT_" + name)
    own = resource.getrlimit(number)
    hard = own[1] if hard is None or (own[1] != resource.RLIM_INFINITY and hard > own[1]) else hard
    resource.setrlimit(number, (soft, hard))


if other:
    if root:
        assert libc.unshare(0x04000000) == 0  # CLONE_NEWUTS: whoever is root may have another name
        libc.sethostname(b"elsewhere", 9)
        libc.setdomainname(b"example", 7)
        try:  # without this the fixed nice value, which is better than this one, cannot be had
            resource.setrlimit(resource.RLIMIT_NICE, (20, 20))
            os.nice(5)
        except ValueError:  # root of a container, say
            pass
    limit("NOFILE", 600, 5000)
    limit("STACK", 4 << 20)
    limit("CORE", 0)
    limit("SIGPENDING", 1500, 1500)
    limit("MEMLOCK", 32 << 10)
    limit("NPROC", 1600)
    with open("/proc/self/oom_score_adj", "w") as score:
        score.write("300")
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    libc.syscall(251, 1, 0, 3 << 13)  # ioprio_set on x86_64: idle
    libc.prctl(29, 1000000)  # PR_SET_TIMERSLACK
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2, signal.SIGALRM})
    libc.personality(0x0040000 | 0x0020000)  # ADDR_NO_RANDOMIZE, UNAME26
else:
    limit("CORE", 0, 0)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
if root:
    os.setgroups([20, 100] if other else [])
    os.setgid(20001 if other else 10001)
    os.setuid(20001 if other else 10001)
environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HUTCH_PROFILE_PATH": os.environ["HUTCH_PROFILE_PATH"]}
if other:
    os.umask(0o077)
    os.chdir("/usr/share")
    environment |= {"HOME": "/weird", "USER": "other", "LANG": "fr_FR.UTF-8", "LC_ALL": "C", "TZ": "Asia/Tokyo",
                    "EXTRA": "more", "MAKEFLAGS": "-j9", "CFLAGS": "-O3", "TERM": "vt100", "SOURCE_DATE_EPOCH": "1"}
else:
    os.umask(0o022)
    os.chdir("/tmp")
    environment |= {"HOME": "/tmp", "USER": "one", "LANG": "C.UTF-8", "TZ": "UTC"}
os.dup2(os.open("/dev/zero" if other else "/dev/null", os.O_RDONLY), 0)
os.execve(command[0], command, environment)
