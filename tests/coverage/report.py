"""Reads what llvm-cov exported, and says for each room how much of it the tests reach. See scripts/coverage.

A branch is a condition in one of its two outcomes. One in a macro counts where the macro is used, and one in a template or in a
function that several programs hold counts once, by everything that ran it."""

import argparse
import collections
import json
import os
import sys

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
GAPS = os.path.join(ROOT, "tests", "coverage", "gaps.json")
JUDGED = ("segment", "recovery", "engine", "proof", "audit")
BRANCHES_MIN = 95.0


def room_of(path):
    """The room of a file of the library, or nothing for tests and what is simulated for them."""
    path = os.path.realpath(path)
    if not path.startswith(os.path.join(ROOT, "src") + os.sep):
        return None
    room, _, name = os.path.relpath(path, os.path.join(ROOT, "src")).partition(os.sep)
    if name.endswith("_test.cpp") or name.startswith(("sim_", "test_", "child_process", "temporary_directory")):
        return None
    return room


class Coverage:
    def __init__(self, counts):
        self.branches = collections.defaultdict(int)  # (path, line, column, inner place, outcome): times taken
        self.texts = {}  # of files, by line
        self.lines = {}  # room: [counted, reached]
        with open(counts) as file:
            exported = json.load(file)["data"][0]
        for one in exported["files"]:
            room = room_of(one["filename"])
            if room is None:
                continue
            lines = self.lines.setdefault(room, [0, 0])
            lines[0] += one["summary"]["lines"]["count"]
            lines[1] += one["summary"]["lines"]["covered"]
            path = os.path.relpath(os.path.realpath(one["filename"]), ROOT)
            for branch in one["branches"]:
                self.take(path, branch[0], branch[1], (), branch)
            for expansion in one["expansions"]:
                line, column = expansion["source_region"][:2]
                for branch in expansion["branches"]:
                    self.take(path, line, column, tuple(branch[:2]), branch)

    def take(self, path, line, column, inner, branch):
        if path.startswith("src/base/try.hpp"):
            return  # its branches count where it is used
        if branch[4] == branch[5] == 0 and self.is_constant(path, line):
            return
        for outcome, times in (("true", branch[4]), ("false", branch[5])):
            self.branches[path, line, column, inner, outcome] += times

    def is_constant(self, path, line):
        """Whether the condition is none: clang counts neither outcome of a loop without an end."""
        return "while (true)" in self.text(path, line)

    def text(self, path, line):
        if path not in self.texts:
            try:
                with open(os.path.join(ROOT, path)) as file:
                    self.texts[path] = file.read().splitlines()
            except FileNotFoundError:
                sys.exit(f"{path} was counted and is gone: run scripts/coverage without --again")
        return self.texts[path][line - 1]

    def rooms(self):
        return sorted(self.lines)

    def of_room(self, room):
        prefix = f"src/{room}/"
        return {branch: times for branch, times in self.branches.items() if branch[0].startswith(prefix)}


class Gap:
    """A branch that no test takes, named so that the name outlives changes elsewhere in the file: by the text of its line."""

    def __init__(self, branch, text):
        self.path, self.number, self.column, _, self.outcome = branch
        self.text = " ".join(text.split())

    def __str__(self):
        return f"{self.path}:{self.number}:{self.column} never {self.outcome}: {self.text}"


class Explanations:
    """Of gaps.json: for each gap its `file`, a part of its `line`, which outcome is `never` taken (both, when left out), and
    `because` of what. `sometimes` marks those that threads take only when they happen to meet: it may be taken, too."""

    def __init__(self):
        with open(GAPS) as file:
            self.entries = json.load(file)["gaps"]
        self.used = set()

    def of(self, gap):
        """Why the gap is there, or nothing."""
        for number, entry in enumerate(self.entries):
            if entry["file"] == gap.path and entry["line"] in gap.text and entry.get("never", gap.outcome) == gap.outcome:
                self.used.add(number)
                return entry["because"]
        return None

    def unused(self):
        return [entry for number, entry in enumerate(self.entries) if number not in self.used and not entry.get("sometimes")]


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("counts")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--room")
    parser.add_argument("--summary")
    asked = parser.parse_args()
    coverage = Coverage(asked.counts)
    if asked.room and asked.room not in coverage.rooms():
        parser.error(f"there is no room {asked.room}")
    explanations = Explanations()
    findings = []
    figures = []
    print(f"{'ROOM':<12}{'LINES':>8}{'REACHED':>10}{'BRANCHES':>11}{'TAKEN':>9}{'EXPLAINED':>12}")
    gaps_of = {}
    for room in coverage.rooms():
        branches = coverage.of_room(room)
        gaps = gaps_of[room] = [Gap(branch, coverage.text(*branch[:2])) for branch, times in sorted(branches.items())
                               if times == 0]
        explained = sum(explanations.of(gap) is not None for gap in gaps)
        lines, reached = coverage.lines[room]
        taken = percent(len(branches) - len(gaps), len(branches))
        print(f"{room:<12}{lines:>8}{percent(reached, lines):>9.1f}%{len(branches):>11}{taken:>8.1f}%{explained:>12}")
        figures += [(f"{room}: lines reached, %", round(percent(reached, lines), 1)),
                    (f"{room}: branches taken, %", round(taken, 1)),
                    (f"{room}: branches not taken and explained", explained)]
        if room in JUDGED:
            findings += [f"not explained: {gap}" for gap in gaps if explanations.of(gap) is None]
            if percent(len(branches) - len(gaps) + explained, len(branches)) < BRANCHES_MIN:
                findings.append(f"{room} takes or explains less than {BRANCHES_MIN:.0f} % of its branches")
    for room in [asked.room] if asked.room else JUDGED:
        if gaps_of.get(room):
            print(f"\nNever taken in {room}:")
        for gap in gaps_of.get(room, []):
            because = explanations.of(gap)
            print(f"  {gap}" + (f"\n      because {because}" if because else ""))
    findings += [f"explained, and taken or gone: {entry['file']}: {entry['line']}" for entry in explanations.unused()]
    if asked.summary:
        with open(asked.summary, "a") as file:
            for figure, value in figures:
                file.write(json.dumps({"suite": "coverage", "figure": figure, "value": value}) + "\n")
    if not asked.check:
        return 0
    print()
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings" if findings else "every branch that no test takes is explained")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
