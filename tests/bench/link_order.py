#!/usr/bin/env python3
"""Prints what src/start/link_order.txt holds: the functions that launches execute, in the order in which they do, and
before them what src/child/room.h sets apart.

The linker lays them side by side, so that a launch touches few pages of its binary (src/decisions/0013). Names that no
longer exist do no harm, functions that are not named cost a page each: renew it when bounds.py says that the page
faults of a launch grew. It takes minutes, and an ordinary user who may not write to that hutch:

    sudo -u somebody tests/bench/link_order.py build/release/hutch > new && mv new src/start/link_order.txt
"""
import bisect
import os
import subprocess
import sys
import tempfile

import launchers

# In the order in which a launch has use for them: the child's stack ends where relaunch.cc's room begins.
ROOM = ["_ZN5hutch12_GLOBAL__N_113g_path_beforeE", "_ZN5hutch12_GLOBAL__N_18g_stacksE", "_ZN5hutch12_GLOBAL__N_16g_roomE"]
HERE = os.path.dirname(os.path.abspath(__file__))


class Symbols:
    def __init__(self, binary):
        found = []
        for line in subprocess.run(["nm", "--defined-only", binary], capture_output=True, text=True, check=True).stdout.splitlines():
            address, kind, name = line.split(" ", 2)
            if kind in "TtWwi":
                found.append((int(address, 16), name))
        found.sort()
        self.addresses, self.names = [address for address, _ in found], [name for _, name in found]

    def at(self, address):
        """All names of the function that has this address in it."""
        begin = self.addresses[bisect.bisect_right(self.addresses, address) - 1]
        return self.names[bisect.bisect_left(self.addresses, begin):bisect.bisect_right(self.addresses, begin)]


def bare_functions(build):
    """Those that the C library has no part in."""
    lines = subprocess.run(["nm", "--defined-only", build + "/libhutch_child.a", build + "/libhutch_relaunch.a"],
                           capture_output=True, text=True, check=True).stdout.splitlines()
    rows = [line.split(" ", 2) for line in lines]
    return {"hutch_entry", "hutch_begin", *(row[2] for row in rows if len(row) == 3 and row[1] in "Tt")}


def main():
    binary = os.path.abspath(sys.argv[1])
    if os.access(binary, os.W_OK):
        raise SystemExit("You may write to this hutch, which then runs from a copy without a name: be somebody else")
    symbols = Symbols(binary)
    with tempfile.TemporaryDirectory() as folder:
        tool = os.path.join(folder, "executed")
        subprocess.run(["cc", "-O2", "-o", tool, os.path.join(HERE, "executed.c")], check=True)
        setup = launchers.Setup(folder, binary)
        os.environ["XDG_RUNTIME_DIR"] = launchers.runtime_folder(folder)

        def executed(work, *options):
            command = [tool, f"{symbols.addresses[0]:x}", f"{symbols.addresses[-1]:x}", *launchers.hutch(setup, work, *options), "/usr/bin/true"]
            told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            return [name for address in told.split() for name in symbols.at(int(address, 16))]

        anew = [executed(work) for work in ("W1", "W4")]
        kept = [executed(work) for work in ("W1", "W4")]
        # What makes it a launch that src/relaunch leaves to others.
        recalled = [executed("W1", "--timings") for _ in range(2)][1:]
    found = {}
    for what, runs in {"with a kept plan": kept, "with one that is recalled": recalled, "of the first time": anew}.items():
        before = len(found)
        found.update(dict.fromkeys(name for names in runs for name in names))
        print(f"{len(found) - before} functions of a launch {what}", file=sys.stderr)
    # Then all the others of their kind, which some launch or other has use for.
    bare = bare_functions(os.path.dirname(binary))
    ordered = [name for name in found if name in bare]
    ordered += sorted(bare.difference(ordered)) + [name for name in found if name not in bare]
    print(*ROOM, *ordered, sep="\n")


main()
