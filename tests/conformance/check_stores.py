"""check_stores.py DIR: compares the reader and the library on every store below DIR, and changes nothing there."""

import os
import sys

import library
import summary
from agreement import REFUSED, Comparison, read
from layout import Layout
from reader.finding import Refusal


def stores_below(place):
    """Every directory that has a store.meta, the place itself included."""
    for directory, folders, names in os.walk(place):
        folders.sort()
        if "store.meta" in names:
            folders.clear()
            yield directory


def disagreements(directory):
    """What the two do not agree on. A store that the reader refuses has no layout, and the library must not call it clean."""
    try:
        layout = Layout(directory)
    except Refusal:
        return [] if read(directory).verdict == REFUSED and library.verify(directory).code != 0 else ["the reader refuses it"]
    return Comparison(directory, layout, level="first").disagreements


def main():
    if len(sys.argv) != 2 or not os.path.isdir(sys.argv[1]):
        print(__doc__, file=sys.stderr)
        return 2
    compared = found = 0
    for directory in stores_below(sys.argv[1]):
        compared += 1
        for sentence in disagreements(directory):
            found += 1
            print(f"{directory}: {sentence}")
    summary.add("stores of other suites", compared)
    print(f"{compared} stores compared, {found} disagreements")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
