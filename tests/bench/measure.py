"""Wall time of commands, interleaved and in random order: single clock readings mean nothing on a shared machine."""
import os
import random
import re
import signal
import statistics
import time

NULL = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0), (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]


class Command(list):
    """Words, and files that are open when it starts, by descriptor."""

    def __init__(self, words, opens=None):
        super().__init__(words)
        self.opens = opens or {}


def start(command, env=None):
    opens = [(os.POSIX_SPAWN_OPEN, fd, path, os.O_RDONLY, 0) for fd, path in getattr(command, "opens", {}).items()]
    return os.posix_spawnp(command[0], command, env or os.environ, file_actions=NULL + opens)


def once(command, env=None):
    """Microseconds; ends the benchmark if the command fails, since then it is not the same work."""
    begun = time.perf_counter_ns()
    pid = start(command, env)
    status = os.waitpid(pid, 0)[1]
    took = time.perf_counter_ns() - begun
    if status != 0:
        raise SystemExit(f"status {status} of: {' '.join(command)[:300]}")
    return took / 1000


def interleaved(commands, rounds, env=None):
    for command in commands.values():
        for _ in range(3):
            once(command, env)
    times = {name: [] for name in commands}
    for _ in range(rounds):
        for name in random.sample(list(commands), len(commands)):
            times[name].append(once(commands[name], env))
    return times


def ratio(values, base):
    """Of the medians, with the 95 % interval of a bootstrap."""
    draws = sorted(statistics.median(random.choices(values, k=len(values))) / statistics.median(random.choices(base, k=len(base)))
                   for _ in range(1000))
    return {"ratio": statistics.median(values) / statistics.median(base), "low": draws[25], "high": draws[975]}


def compare(commands, rounds):
    times = interleaved(commands, rounds)
    result = {}
    for name, values in times.items():
        result[name] = {"median_us": statistics.median(values), "runs": len(values)}
        for base in ("bwrap", "floor"):
            if base in times:
                result[name]["to_" + base] = ratio(values, times[base])
    return result


def throughput(command, workers, launches):
    """Launches in a second, of so many workers each of which starts the next one when its last has ended."""
    begun = time.perf_counter()
    running, left = {}, launches
    while left or running:
        while left and len(running) < workers:
            running[start(command)] = True
            left -= 1
        pid, status = os.wait()
        if status != 0:
            raise SystemExit(f"status {status} of: {' '.join(command)[:300]}")
        running.pop(pid, None)
    return launches / (time.perf_counter() - begun)


def children(pid):
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                found += [int(child) for child in file.read().split()]
    except OSError:
        pass
    return found


def tree(pid):
    found = [pid]
    for each in found:
        found += children(each)
    return found


def resident(command, count, program):
    """KiB for each of `count` sandboxes, of everything that stays beside the sleeping program: PSS, and private dirty."""
    started = [start(command) for _ in range(count)]
    total = {"Pss": 0, "Private_Dirty": 0}
    processes = 0
    try:
        time.sleep(1.5)
        for each in [process for pid in started for process in tree(pid)]:
            with open(f"/proc/{each}/cmdline", "rb") as file:
                if file.read().split(b"\0")[0] == program.encode():
                    continue
            processes += 1
            with open(f"/proc/{each}/smaps_rollup", encoding="ascii") as file:
                for key, value in re.findall(r"^(Pss|Private_Dirty): +(\d+)", file.read(), re.MULTILINE):
                    total[key] += int(value)
    finally:
        for each in [process for pid in started for process in reversed(tree(pid))]:
            try:
                os.kill(each, signal.SIGKILL)
            except ProcessLookupError:
                pass  # its init took it along
        for pid in started:
            os.waitpid(pid, 0)
    return {"processes": processes / count, "pss_kib": total["Pss"] / count, "private_dirty_kib": total["Private_Dirty"] / count}


def counts(command):
    """What does not depend on the clock: minor faults of everything that was waited for."""
    pid = start(command)
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        raise SystemExit(f"status {status} of: {' '.join(command)[:300]}")
    return {"minor_faults": usage.ru_minflt}
