#!/usr/bin/env python3
"""What a sandbox costs a real build: the same compile inside and outside, in turns, as a ratio of processor time.

    tests/bench/build.py [--hutch PATH] [--rounds N]

It compiles some files of this project.
Processor time (user and system, with all children) is compared: wall time on a machine that does other
things, too, says little. The two of a round follow each other at once, in turns, and the median of their ratios counts: a
machine whose speed changes within minutes spoils single rounds, and with them the least time of either side.
"""
import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def run(command, environment):
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, check=True, env=environment, stdin=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.monotonic() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hutch", default=TOP + "/build/release/hutch")
    parser.add_argument("--rounds", type=int, default=12)
    words = parser.parse_args()
    files = ["src/base/text.cc", "src/base/json.cc", "src/profile/keys.cc", "src/filter/evaluate.cc"]
    compile_all = "for f in %s; do c++ -std=c++23 -O1 -DSPDLOG_FMT_EXTERNAL -I src -c $f -o $OUT/x.o; done" % " ".join(files)
    with tempfile.TemporaryDirectory() as here:
        profile = here + "/box.toml"
        with open(profile, "w", encoding="utf-8") as file:
            file.write('schema = 1\nextends = ["base/system", "build/reproducible"]\n[mounts]\n"/source" = '
                       f'{{ type = "bind", source = "{TOP}" }}\n[process]\ncommand = ["/bin/sh", "-ec", '
                       f"'''cd /source; OUT=/build; {compile_all}''']\n")
        environment = {"PATH": "/usr/bin:/bin", "HUTCH_PROFILE_PATH": TOP + "/profiles", "LC_ALL": "C.UTF-8"}
        inside = [words.hutch, "run", profile]
        # The same processor and the same kind of file system for what is written.
        outside = ["taskset", "-c", "0", "sh", "-ec",
                   f"cd {TOP}; OUT=$(mktemp -d /dev/shm/build.XXXXXX); {compile_all}; rm -r $OUT"]
        ratios, walls, least = [], [], {}
        run(outside, environment), run(inside, environment)
        for number in range(words.rounds):
            pair = [outside, inside] if number % 2 else [inside, outside]
            seconds = {id(command): run(command, environment) for command in pair}
            for command, (used, _) in seconds.items():
                least[command] = min(used, least.get(command, used))
            ratios.append(seconds[id(inside)][0] / seconds[id(outside)][0])
            walls.append(seconds[id(inside)][1] / seconds[id(outside)][1])
            print(f"{number}: outside {seconds[id(outside)][0]:.2f} s, inside {seconds[id(inside)][0]:.2f} s of processor time")
    ratio = statistics.median(ratios)
    print(f"processor time inside / outside: median {ratio:.4f}, of the least {least[id(inside)] / least[id(outside)]:.4f} "
          f"({min(ratios):.4f} to {max(ratios):.4f}); wall time: median {statistics.median(walls):.4f}")
    return 0 if ratio <= 1.02 else 1


if __name__ == "__main__":
    sys.exit(main())
