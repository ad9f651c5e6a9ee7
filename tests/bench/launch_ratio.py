#!/usr/bin/env python3
"""Launch time of `true` under hutch as a ratio to bubblewrap with the same view.

Interleaved runs, medians, and a bootstrap interval of the ratio: single clock readings mean nothing on a shared machine.

    tests/bench/launch_ratio.py build/release/hutch [ROUNDS]
"""
import os
import random
import statistics
import sys
import tempfile
import time

PROFILE = """
[mounts]
"/usr" = "ro"
"/bin" = "mirror"
"/sbin" = "mirror"
"/lib" = "mirror"
"/lib64" = "mirror"
"/proc" = "proc"
"/dev" = "dev"
"/tmp" = "tmpfs"
[namespaces]
cgroup = "host"
%s
[identity]
accounts = false
[process]
command = ["/usr/bin/true"]
"""
BWRAP = ["bwrap", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--ro-bind", "/usr", "/usr",
         "--symlink", "usr/bin", "/bin", "--symlink", "usr/sbin", "/sbin", "--symlink", "usr/lib", "/lib",
         "--symlink", "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]


def once(command):
    start = time.perf_counter_ns()
    pid = os.posix_spawnp(command[0], command, os.environ)
    status = os.waitpid(pid, 0)[1]
    took = time.perf_counter_ns() - start
    if status != 0:
        raise SystemExit(f"{command}: status {status}")
    return took / 1000


def compare(name, commands, rounds):
    times = {key: [] for key in commands}
    for _ in range(10):
        for command in commands.values():
            once(command)
    for _ in range(rounds):
        for key, command in random.sample(list(commands.items()), len(commands)):
            times[key].append(once(command))
    base = times["bwrap"]
    for key, values in times.items():
        ratios = sorted(statistics.median(random.choices(values, k=len(values))) / statistics.median(random.choices(base, k=len(base)))
                        for _ in range(500))
        print(f"{name}  {key:8} median {statistics.median(values):8.0f} us   ratio to bwrap {statistics.median(values) / statistics.median(base):.3f}"
              f"  [{ratios[12]:.3f} … {ratios[487]:.3f}]")


def main():
    hutch = os.path.abspath(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    with tempfile.TemporaryDirectory() as folder:
        for name, namespaces, options in (("W1", 'net = "host"', []), ("W2", "", ["--unshare-net"])):
            profile = os.path.join(folder, name + ".toml")
            with open(profile, "w", encoding="utf-8") as file:
                file.write(PROFILE % namespaces)
            compare(name, {"bwrap": BWRAP + options + ["/usr/bin/true"], "hutch": [hutch, "run", profile], "direct": ["/usr/bin/true"]}, rounds)


main()
