#!/usr/bin/env python3
"""What a launch costs, beside bubblewrap and beside the floor (floor.c: the same system calls and nothing else).

    cmake --preset release && cmake --build --preset release
    tests/bench/bench.py                       everything, about ten minutes on a quiet machine
    tests/bench/bench.py --only launch --work W1,W2 --rounds 60

Writes build/bench/bench.json and build/bench/launch.svg. Run it as an ordinary user, on an idle machine; ratios compare
between machines, microseconds do not.
"""
import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import figure
import launchers
import measure

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PARTS = ["launch", "throughput", "memory", "growth", "enter", "first"]


def launch(setup, options):
    result = {}
    for work in options.work:
        rounds = options.rounds if not work.startswith("W3-1000") else max(5, options.rounds // 8)
        result[work] = measure.compare(setup.commands(work, options.peers), rounds)
        for name, entry in sorted(result[work].items(), key=lambda each: each[1]["median_us"]):
            line = f"{work:8} {name:26} {entry['median_us']:9.0f} us"
            for base in ("bwrap", "floor"):
                if "to_" + base in entry:
                    line += "   x {} {ratio:6.3f} [{low:.3f} … {high:.3f}]".format(base, **entry["to_" + base])
            print(line, flush=True)
    return result


def throughput(setup, options):
    result = {}
    commands = setup.commands("W2", [name for name in options.peers if name in ("hutch", "bwrap") or name.startswith("floor")])
    for workers in (1, 2, 8):
        rates = {name: [] for name in commands}
        for _ in range(3):
            for name, command in commands.items():
                rates[name].append(measure.throughput(command, workers, max(10, options.rounds)))
        result[workers] = {name: statistics.median(values) for name, values in rates.items()}
        print(f"W2 with {workers} workers, launches a second:", ", ".join(f"{name} {rate:.0f}" for name, rate in result[workers].items()), flush=True)
    return result


def memory(setup, options):
    result = {}
    if os.geteuid() != 0:
        print("memory: an init lets nobody but root look at its pages; as root: --only memory", flush=True)
        return result
    program = "/usr/bin/sleep"
    for name, command in setup.commands("W2", [each for each in options.peers if each in ("hutch", "bwrap", "floor")], (program, "1000")).items():
        result[name] = measure.resident(command, 20, program)
        print("beside each of 20 sleeping programs: {:8} {processes:.0f} processes, PSS {pss_kib:.0f} KiB, private dirty {private_dirty_kib:.0f} KiB".format(
            name, **result[name]), flush=True)
    return result


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def growth(setup, options):
    """Cost over the number of mounts, parents, layers and lines."""
    base = launchers.PROFILE.format(binds="", net='net = "host"', program=launchers.PROGRAM, filter="")
    commands = {"bare": [setup.hutch, "run", write(f"{setup.folder}/bare.toml", base)]}
    for mounts in (100, 300, 1000):
        binds = "\n".join(f'"/more/{number}" = {{ type = "bind", source = "{setup.bind(number)}" }}' for number in range(mounts))
        path = write(f"{setup.folder}/mounts{mounts}.toml", base.replace('"/tmp" = "tmpfs"\n', '"/tmp" = "tmpfs"\n' + binds))
        commands[f"{mounts} mounts"] = [setup.hutch, "run", path]
    for parents in (4, 16):
        for number in range(parents):
            write(f"{setup.folder}/parent{number}.toml", f"[environment.set]\nV{number} = \"x\"\n")
        listed = ", ".join(f'"./parent{number}.toml"' for number in range(parents))
        commands[f"{parents} parents"] = [setup.hutch, "run", write(f"{setup.folder}/extends{parents}.toml", f"extends = [{listed}]\n" + base)]
    lines = "\n".join(f'V{number} = "value {number}"' for number in range(4980))
    commands["5000 lines"] = [setup.hutch, "run", write(f"{setup.folder}/long.toml", base + "\n[environment.set]\n" + lines)]
    times = measure.interleaved(commands, max(5, options.rounds // 4))
    for layers in (2, 16):
        folders = [f"{setup.folder}/layer{number}" for number in range(layers)]
        for folder in folders:
            write(f"{folder}/other.toml", base)
        write(f"{folders[-1]}/layered.toml", base)
        env = dict(os.environ, HUTCH_PROFILE_PATH=":".join(folders))
        times |= measure.interleaved({f"{layers} layers": [setup.hutch, "run", "layered"]}, max(5, options.rounds // 4), env)
    result = {name: statistics.median(values) for name, values in times.items()}
    for name, value in result.items():
        print(f"hutch, {name:12} {value:9.0f} us", flush=True)
    return result


def enter(setup, options):
    name = f"bench-{os.getpid()}"
    running = measure.start([setup.hutch, "run", "--name", name, setup.profile("W2"), "--", "/usr/bin/sleep", "1000"])
    try:
        for _ in range(100):
            if subprocess.run([setup.hutch, "enter", name, launchers.PROGRAM], check=False, stderr=subprocess.DEVNULL).returncode == 0:
                break
            time.sleep(0.05)
        times = measure.interleaved({"enter": [setup.hutch, "enter", name, launchers.PROGRAM], "run": [setup.hutch, "run", setup.profile("W2")]}, options.rounds)
    finally:
        subprocess.run([setup.hutch, "kill", name], check=False)
        os.waitpid(running, 0)
    result = {key: statistics.median(values) for key, values in times.items()}
    print(f"enter a running sandbox {result['enter']:.0f} us; a launch of its own {result['run']:.0f} us", flush=True)
    return result


def first(setup, options):
    """The binary and the profile out of the page cache, and in it; in it, but with the plan to be made anew."""
    command, profile = [setup.hutch, "run", setup.profile("W1")], setup.profile("W1")
    cold, warm, anew = [], [], []
    for _ in range(max(5, options.rounds // 8)):
        for path in (setup.hutch, profile):
            fd = os.open(path, os.O_RDONLY)
            os.fdatasync(fd)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(fd)
        cold.append(measure.once(command))
        warm.append(measure.once(command))
        shutil.rmtree(os.environ["XDG_RUNTIME_DIR"] + "/hutch/plans", ignore_errors=True)
        anew.append(measure.once(command))
    result = {"first_us": statistics.median(cold), "again_us": statistics.median(warm), "anew_us": statistics.median(anew), **measure.counts(command)}
    print("first run {first_us:.0f} us, again {again_us:.0f} us, with a plan made anew {anew_us:.0f} us, {minor_faults} minor faults".format(**result), flush=True)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hutch", default=os.path.join(TOP, "build/release/hutch"))
    parser.add_argument("--rounds", type=int, default=120)
    parser.add_argument("--work", type=lambda text: text.split(","), default=list(launchers.WORKLOADS))
    parser.add_argument("--only", type=lambda text: text.split(","), default=PARTS)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=COMMAND", help="a launcher that takes the program as its last word; for any work")
    parser.add_argument("--out", default=os.path.join(TOP, "build/bench"))
    options = parser.parse_args()
    for each in options.peer:
        name, command = each.split("=", 1)
        launchers.PEERS[name] = lambda _setup, _work, command=command: command.split()
    options.peers = list(launchers.PEERS)
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="hutch-bench.") as folder:
        os.chmod(folder, 0o755)
        if os.access(options.hutch, os.W_OK) and os.geteuid() != 0:
            print("You may write to this hutch: each launch runs from a sealed copy of it. Measure one that root owns.", file=sys.stderr)
        setup = launchers.Setup(folder, options.hutch)
        os.environ["XDG_RUNTIME_DIR"] = launchers.runtime_folder(folder)
        load = os.getloadavg()[0]
        if load > 0.5:
            print(f"The machine is not idle (load {load:.1f}): expect wide intervals.", file=sys.stderr)
        result = {"machine": platform.platform(), "cores": os.cpu_count(), "load": load, "uid": os.geteuid(), "rounds": options.rounds}
        for part in options.only:
            result[part] = globals()[part](setup, options)
    os.makedirs(options.out, exist_ok=True)
    with open(os.path.join(options.out, "bench.json"), "w", encoding="utf-8") as file:
        json.dump(result, file, indent=2)
    if "launch" in result:
        with open(os.path.join(options.out, "launch.svg"), "w", encoding="utf-8") as file:
            file.write(figure.bars(result["launch"]))
    print("written:", options.out)


main()
