#!/usr/bin/env python3
"""What a launch may cost, in numbers that do not depend on the clock: system calls, page faults and instructions, each
with head-room over what was measured when the bound was set. A change that needs more says why and moves the bound.

    tests/bench/bounds.py --hutch build/release/hutch        as an ordinary user, with a file that is not the user's own
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

import launchers
import measure

# work: system calls of all processes, minor page faults, instructions of `hutch plan` (which also prints it); then the
# first two of a launch whose plan was kept
BOUNDS = {"W1": (560, 165, 2_150_000, 480, 72), "W4": (560, 190, 5_000_000, 480, 76), "W3-100": (1320, 295, 19_500_000, 1000, 95)}


def system_calls(command):
    with tempfile.NamedTemporaryFile() as log:
        subprocess.run(["strace", "-f", "-qq", "-c", "-U", "calls", "-o", log.name, *command], check=True, stdout=subprocess.DEVNULL)
        return int(re.search(r"(\d+) total", log.read().decode())[1])


def instructions(command):
    told = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command], check=True,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True).stderr
    return int(re.search(r"Collected : (\d+)", told)[1])


def page_tables(binary):
    """How many a launch that is made again needs for what src/start/layout.ld and src/child/room.h lay side by side: its
    code, the stacks and the first pages of the room. 0 where another linker has not read that."""
    listed = subprocess.run(["readelf", "-SW", binary], check=True, capture_output=True, text=True).stdout
    begin = {name: int(address, 16) for name, address in re.findall(r"\] (\S+) +\S+ +([0-9a-f]{16})", listed)}
    if ".launch" not in begin:
        linker = subprocess.run(["readelf", "-p", ".comment", binary], check=True, capture_output=True, text=True).stdout
        if "LLD" in linker:
            raise SystemExit("lld linked this, but not by src/start/layout.ld: there is no .launch")
        return 0
    stacks = 2 * (64 + 128) * 1024 + 4096  # and the path of our own file
    return (begin["hutch_room"] + stacks + 16 * 4096 >> 21) - (begin[".launch"] >> 21) + 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hutch", required=True)
    options = parser.parse_args()
    if os.access(options.hutch, os.W_OK):
        print("not compared: you may write to that file, so that hutch runs from a copy, which costs more")
        return 0
    tables = page_tables(options.hutch)
    beyond = tables > 1
    print(f"{'again':8} {'page tables':13} {tables:10} of at most {1:10}{'  BEYOND' if beyond else ''}")
    with tempfile.TemporaryDirectory(prefix="hutch-bounds-") as folder:
        os.chmod(folder, 0o755)
        setup = launchers.Setup(folder, options.hutch)
        runtime = launchers.runtime_folder(folder)
        for work, bounds in BOUNDS.items():
            command = setup.commands(work, ["hutch"])["hutch"]
            plan = [setup.hutch, "plan", *command[2:]]
            os.environ.pop("XDG_RUNTIME_DIR", None)
            found = [system_calls(command), measure.counts(command)["minor_faults"], instructions(plan)]
            os.environ["XDG_RUNTIME_DIR"] = runtime
            measure.once(command)
            found += [system_calls(command), measure.counts(command)["minor_faults"]]
            for what, count, bound in zip(("system calls", "page faults", "instructions", "calls again", "faults again"), found, bounds):
                verdict = "" if count <= bound else "  BEYOND"
                beyond |= count > bound
                print(f"{work:8} {what:13} {count:10} of at most {bound:10}{verdict}")
    return 1 if beyond else 0


if __name__ == "__main__":
    sys.exit(main())
