#!/usr/bin/env python3
"""Runs the commands that a paper shows, and compares what they print with what the paper says.

    tests/papers/rerun.py --hutch build/dev/hutch README.md packaging/man/hutch-tutorial.7.scd

A block between ``` lines whose first line begins with "$ " is a recording: commands behind "$ ", and below each what it
prints on both streams. "…" stands for any text within a line, alone on a line for any lines. A block whose first
line is "# FOLDER/NAME.toml" is that file, and is written before what follows it. Other blocks are left alone.

The blocks of one paper run in one shell, in the order of the paper, in the home folder of somebody called ada, which
tests/papers/world makes. Paths of that folder and of the profiles are shown as /home/ada and /usr/share/hutch/profiles.

HUTCH_ACCEPT=1 writes what was printed into the paper wherever it differs; lines that "…" matches stay as they are.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCES = pathlib.Path(__file__).resolve().parent.parent.parent
END = "=== end of a command"
FENCE = "```"


class Step:
    """A command with what it prints, or a file; `first` and `last` are the lines of the paper that show it."""

    def __init__(self, kind, text, shown, first, last):
        self.kind, self.text, self.shown, self.first, self.last = kind, text, shown, first, last


def blocks(lines):
    inside = None
    for number, line in enumerate(lines):
        if not line.strip().startswith(FENCE):
            continue
        if inside is None:
            inside = number
        else:
            yield inside + 1, number
            inside = None


def commands(lines, first, last):
    at = first
    while at < last:
        text = [lines[at].removeprefix("$ ")]
        at += 1
        here = re.search(r"<<\s*'?(\w+)'?", text[0])
        while at < last and (text[-1] != here.group(1) if here else text[-1].endswith("\\")):
            text.append(lines[at])
            at += 1
        shown = at
        while at < last and not lines[at].startswith("$ "):
            at += 1
        yield Step("command", "\n".join(text), lines[shown:at], shown, at)


def steps(lines):
    for first, last in blocks(lines):
        named = re.fullmatch(r"# ([\w./-]+\.toml)", lines[first])
        if lines[first].startswith("$ "):
            yield from commands(lines, first, last)
        elif named:
            yield Step("file", named.group(1), lines[first:last], first, last)


def pattern(line):
    """Blanks count as one: columns are as wide as the paths of the machine."""
    words = [re.escape(word) for word in line.rstrip().split("…")]
    return re.compile(re.sub(r"(\\ )+", r"\\s+", "(?:.*)".join(words)) + r"\s*")


def matches(shown, printed):
    if not shown:
        return not printed
    if shown[0].strip() == "…":
        return any(matches(shown[1:], printed[skip:]) for skip in range(len(printed) + 1))
    return bool(printed) and bool(pattern(shown[0]).fullmatch(printed[0])) and matches(shown[1:], printed[1:])


class Session:
    def __init__(self, hutch):
        # Not in /tmp: many a profile has one of its own, and answers would then speak of that.
        self.folder = tempfile.mkdtemp(prefix=".hutch-papers-", dir=pathlib.Path.home())
        self.home = f"{self.folder}/home/ada"
        os.makedirs(self.home)
        os.mkdir(f"{self.folder}/run", 0o700)
        subprocess.run([SOURCES / "tests/papers/world"], cwd=self.home, check=True)
        # Nothing of the caller's: what is shown must not depend on it.
        environment = {"HOME": self.home, "USER": "ada", "LANG": "C.UTF-8", "TERM": "dumb", "SHELL": "/bin/sh",
                       "XDG_RUNTIME_DIR": f"{self.folder}/run",
                       "PATH": f"{self.home}/.local/bin:{hutch.parent}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}
        self.shell = subprocess.Popen(["bash", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, cwd=self.home, env=environment)
        self.status = 0

    def close(self):
        self.shell.stdin.close()
        self.shell.wait(timeout=120)
        shutil.rmtree(self.folder)

    def run(self, command):
        self.shell.stdin.write(f"(exit {self.status}); {{ {command}\n}} </dev/null; printf '\\n{END} %s\\n' $?\n")
        self.shell.stdin.flush()
        printed = []
        for line in self.shell.stdout:
            if line.startswith(END):
                self.status = int(line[len(END):])
                break
            printed.append(self.as_shown(line.rstrip("\n")))
        else:
            raise SystemExit(f"the shell ended in: {command}")
        if printed and printed[-1] == "":
            printed.pop()  # the empty line before END, where the output ended with a newline
        return printed

    def as_shown(self, line):
        shorter = line.replace(self.home, "/home/ada")
        column = re.fullmatch(r"( *\d+  .*?)( {2,})(\S+:\d+)", shorter)
        if column:  # keeps what stands behind it in its column
            shorter = column[1] + column[2] + " " * (len(line) - len(shorter)) + column[3]
        return shorter.replace(f"{SOURCES}/profiles", "/usr/share/hutch/profiles")

    def write(self, name, lines):
        path = pathlib.Path(self.run("pwd")[0].replace("/home/ada", self.home, 1)) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n")


def rerun(paper, hutch):
    """How many steps there were, and which lines of the paper are to be replaced by what."""
    lines = paper.read_text().split("\n")
    all_steps = list(steps(lines))
    wrong = []
    session = Session(hutch)
    try:
        for number, step in enumerate(all_steps):
            if step.kind == "file":
                session.write(step.text, step.shown)
                continue
            printed = session.run(step.text)
            named = re.search(r"--name (\w+) .*&$", step.text)
            if named:  # what comes next speaks of it, however busy the machine is
                session.run(f"until hutch inspect {named[1]} >/dev/null 2>&1; do sleep 0.1; done")
            asked = number + 1 < len(all_steps) and all_steps[number + 1].text.startswith("echo $?")
            if session.status != 0 and not printed and not asked:
                wrong.append((step, [f"(nothing, and status {session.status})"]))
            elif not matches(step.shown, printed):
                wrong.append((step, printed))
    finally:
        session.close()
    return lines, all_steps, wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hutch", type=pathlib.Path, required=True)
    parser.add_argument("papers", nargs="+", type=pathlib.Path)
    asked = parser.parse_args()
    failed = False
    for paper in asked.papers:
        lines, all_steps, wrong = rerun(paper, asked.hutch.resolve())
        if not all_steps:
            raise SystemExit(f"{paper}: no recording")
        for step, printed in wrong:
            print(f"{paper}:{step.first + 1}: $ {step.text}\n--- the paper says")
            print("\n".join(step.shown) + "\n--- it printed\n" + "\n".join(printed) + "\n")
        if wrong and os.environ.get("HUTCH_ACCEPT"):
            for step, printed in reversed(wrong):
                lines[step.first:step.last] = printed
            paper.write_text("\n".join(lines))
        elif wrong:
            failed = True
        print(f"{paper}: {len(all_steps)} steps, {len(wrong)} differ")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
