#!/usr/bin/env python3
"""Files and folders of the sources that a paper names are there.

    tests/papers/places.py CONTRIBUTING.md tests/README.md …

Looked at are words in ` ` that begin with a folder of the sources, and what [text](links) lead to.
"""

import pathlib
import re
import sys

SOURCES = pathlib.Path(__file__).resolve().parent.parent.parent
NAMED = re.compile(r"`((?:src|tests|packaging|profiles|schema)/[\w./-]+)[`{ ]")
LINKED = re.compile(r"\]\((?!https?:)([\w./-]+)\)")


def main():
    missing, count = [], 0
    for paper in map(pathlib.Path, sys.argv[1:]):
        text = paper.read_text()
        for place in NAMED.findall(text) + LINKED.findall(text):
            count += 1
            # An example of a name is written in capitals: tests/ROOM/x_test.cc.
            if re.search(r"/[A-Z]+/", place):
                continue
            if not (SOURCES / place).exists() and not (paper.resolve().parent / place).exists():
                missing.append(f"{paper}: there is no {place}")
    print("\n".join(missing))
    print(f"{count} places looked at, {len(missing)} missing")
    sys.exit(1 if missing or count == 0 else 0)


if __name__ == "__main__":
    main()
