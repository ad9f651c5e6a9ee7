#!/usr/bin/env python3
"""Tries what hutch-migrate(7) says of Hutch: every row, with the keys in bold, compiles; every name in bold exists.

    tests/papers/migrate.py --hutch build/dev/hutch packaging/man/hutch-migrate.7.scd

A cell of the second column is tried as follows. Words in bold with " = " are TOML: alternatives of one row that set the
same key are tried one by one, the others together. "--x" is an option, "hutch x" a command, "a/b" a shipped profile, and
anything else a key that `hutch explain` knows. Where bubblewrap is installed, all of its options have a row.
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile


def tables(text):
    """Rows of each section: (line, section, what the peer calls it, the cell about Hutch)."""
    section, peer = "", None
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("# "):
            section = line[2:]
        elif re.match(r"\|\[? +", line):
            peer = re.sub(r"^\|\[? +", "", line)
        elif re.match(r":<? +", line) and peer and peer[0] != "*":
            yield number, section, peer, re.sub(r"^:<? +", "", line)


def bold(cell):
    return [re.sub(r"\\(.)", r"\1", word) for word in re.findall(r"(?<!\\)\*((?:\\.|[^*\\])+)\*", cell)]


class Tried:
    def __init__(self, hutch, folder):
        self.hutch, self.folder, self.wrong, self.count = hutch, folder, [], 0
        helps = [self.run("help").stdout] + [self.run("help", command).stdout for command in self.commands()]
        self.options = set(re.findall(r"--[a-z-]+", "\n".join(helps)))

    def run(self, *words):
        return subprocess.run([self.hutch, *words], cwd=self.folder, text=True, capture_output=True, timeout=60,
                              stdin=subprocess.DEVNULL, env={"HOME": self.folder, "PATH": "/usr/bin:/bin", "USER": "ada"})

    def commands(self):
        return set(re.findall(r"^  ([a-z]+) ", self.run("help").stdout, re.M))

    def fragments(self, all_of_them):
        """Those that set the same thing are alternatives."""
        sets = [{}]
        for fragment in all_of_them:
            key = re.split(r" = ", fragment, maxsplit=1)[0]
            if key in sets[-1]:
                sets.append({})
            sets[-1][key] = fragment
        return [list(each.values()) for each in sets if each]

    def row(self, words):
        """What is wrong with a row; empty if nothing is."""
        problems = []
        toml = [word for word in words if " = " in word]
        for together in self.fragments(toml):
            self.count += 1
            profile = [f"--set={each}" for each in together if not each.startswith("extends")]
            base = [each for each in together if each.startswith("extends")]
            path = pathlib.Path(self.folder) / "row.toml"
            path.write_text("schema = 1\n" + (base[0] if base else 'extends = ["base/system"]') + "\n")
            answer = self.run("plan", *[part for each in profile for part in ("--set", each[6:])], "./row.toml", "/bin/true")
            if answer.returncode != 0:
                problems.append(f"{together}\n{answer.stderr}")
        for word in words:
            if " = " in word or word in ('"!x"', '"x"', '"rw"'):
                continue
            self.count += 1
            if word.startswith("--"):
                good = word in self.options
            elif word.startswith("hutch "):
                good = word[6:] in self.commands()
            elif "/" in word:
                good = self.run("show", word).returncode == 0
            else:
                good = self.run("explain", word).returncode == 0
            if not good:
                problems.append(f"there is no {word}")
        return problems


def bubblewrap_without_row(rows):
    if not shutil.which("bwrap"):
        return []
    told = " ".join(peer for _, section, peer, _ in rows if section == "BUBBLEWRAP")
    told = re.sub(r"--unshare-user, ((?:-[a-z]+(?:, )?)+)",
                  lambda found: "--unshare-user " + found[1].replace("-", "--unshare-"), told)
    known = set(re.findall(r"^ +(--[a-z0-9-]+)", subprocess.run(["bwrap", "--help"], text=True, capture_output=True).stdout, re.M))
    return sorted(known - set(re.findall(r"--[a-z0-9-]+", told)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hutch", type=pathlib.Path, required=True)
    parser.add_argument("paper", type=pathlib.Path)
    asked = parser.parse_args()
    rows = list(tables(asked.paper.read_text()))
    wrong = [f"bubblewrap's {option} has no row" for option in bubblewrap_without_row(rows)]
    with tempfile.TemporaryDirectory(prefix=".hutch-papers-", dir=pathlib.Path.home()) as folder:
        tried = Tried(asked.hutch.resolve(), folder)
        for number, section, peer, cell in rows:
            problems = tried.row(bold(cell))
            wrong += [f"{asked.paper}:{number}: {section}: {peer}: {problem}" for problem in problems]
    print("\n".join(wrong))
    print(f"{len(rows)} rows, {tried.count} keys and names tried, {len(wrong)} wrong")
    sys.exit(1 if wrong or len(rows) < 100 else 0)


if __name__ == "__main__":
    main()
