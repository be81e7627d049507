"""What the tests of real crashes share: a store, the driver that writes to it, and the ledger of what the driver said."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

BATPAK = os.environ.get("BATPAK", "batpak")
DRIVER = os.environ.get("BATPAK_CRASH_DRIVER", "real_crash_driver")
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
SANITIZED = bool(os.environ.get("BATPAK_SANITIZED"))
SUMMARY = os.environ.get("REAL_CRASH_SUMMARY")  # lines of JSON are appended to this file
PATIENCE = 60  # seconds until something that hangs is given up

# The exit codes that batpak(1) documents, and the driver's for a refusal. Anything else is a crash.
FINE, FINDING, USAGE, COULD_NOT_RUN = 0, 1, 2, 3


def setting(name, bounded):
    """A size of the run: `bounded` unless scripts/real-crashes asks for another."""
    return int(os.environ.get("REAL_CRASH_" + name, bounded))


def summarize(figure, value):
    if SUMMARY:
        with open(SUMMARY, "a") as file:
            file.write(json.dumps({"suite": "real_crash", "figure": figure, "value": value}) + "\n")
    print(f"{figure}: {value}", file=sys.stderr)


class Store:
    """A store in a directory of its own, and beside it the ledger of everybody who wrote to it."""

    def __init__(self, place, name="store", key=None, options=(), first_round=1):
        self.place = place
        self.directory = os.path.join(place, name)
        self.ledger = os.path.join(place, name + ".ledger")
        self.options = [*options, *(["--key", key] if key else [])]
        self.round = first_round - 1

    def command(self, task, *more):
        return [DRIVER, task, self.directory, *self.options, *more]

    def note(self, lines):
        with open(self.ledger, "ab") as file:
            file.write(lines)

    def begin_round(self):
        self.round += 1
        self.note(b"round %d\n" % self.round)
        return ["--round", str(self.round)]

    def write(self, *more, prefix=(), code=None, **how):
        """Runs the driver to its end, under `prefix`; the ledger keeps what it said."""
        done = subprocess.run([*prefix, *self.command("write", *self.begin_round(), *more)], capture_output=True,
                              timeout=PATIENCE, **how)
        self.note(whole_lines(done.stdout))
        if code is not None and done.returncode != code:
            raise AssertionError(f"the driver ended with {done.returncode}: {done.stderr.decode()[-2000:]}")
        return done

    def kill(self, after, *more, attempts=0):
        """Starts the driver and kills it `after` seconds, counted from its begin of so many attempts to append. Gives whether
        it was still running."""
        process = subprocess.Popen(self.command("write", *self.begin_round(), *more), stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, bufsize=0)
        said = b""
        while said.count(b"will") < attempts:
            part = process.stdout.read(65536)
            if not part:
                break
            said += part
        try:
            said += process.communicate(timeout=after)[0]
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            said += process.communicate()[0]
        self.note(whole_lines(said))
        if process.returncode not in (-signal.SIGKILL, FINE):
            raise AssertionError(f"the driver ended with {process.returncode}")
        return process.returncode == -signal.SIGKILL

    def examine(self, *more):
        """Recovers the store and compares it with the ledger; gives what was said of the recovery."""
        done = subprocess.run(self.command("examine", "--ledger", self.ledger, *more), capture_output=True, timeout=PATIENCE)
        if done.returncode != FINE:
            kept = keep(self.place)
            raise AssertionError(f"examine ended with {done.returncode}; {kept}\n{done.stderr.decode()[-3000:]}")
        self.note(done.stdout)
        return done.stderr.decode()


def whole_lines(said):
    return said[: said.rfind(b"\n") + 1]


def keep(place):
    """What a failed test leaves behind to be looked at."""
    folder = os.environ.get("REAL_CRASH_KEEP")
    if not folder:
        return "REAL_CRASH_KEEP=DIRECTORY keeps the store"
    to = tempfile.mkdtemp(prefix="crash-", dir=folder)
    shutil.copytree(place, to, dirs_exist_ok=True)
    return f"the store is kept in {to}"


class CrashTest(unittest.TestCase):
    folder = None  # where the stores are, beside the system's usual place

    def setUp(self):
        self.place = tempfile.mkdtemp(prefix="batpak-real-crash-", dir=os.environ.get("REAL_CRASH_PLACE") or self.folder)
        self.addCleanup(shutil.rmtree, self.place, ignore_errors=True)
        self.seed = setting("SEED", 1)
        self.random = random.Random(f"{self.seed} {self.id()}")

    def path(self, name):
        return os.path.join(self.place, name)

    def new_key(self):
        path = self.path("key")
        if not os.path.exists(path):
            subprocess.run([BATPAK, "key", "new", path], check=True, capture_output=True)
        return path

    def batpak(self, *arguments, prefix=(), given="", code=None, **how):
        done = subprocess.run([*prefix, BATPAK, *arguments], input=given, capture_output=True, text=True, timeout=PATIENCE, **how)
        if code is not None:
            self.assertEqual(done.returncode, code, f"batpak {' '.join(arguments)}: {done.stdout[-500:]}{done.stderr[-2000:]}")
        return done

    def events(self, store):
        """All events of a store that are not its own."""
        return [json.loads(line) for line in self.batpak("log", store, "--json", "--from", "0", code=FINE).stdout.splitlines()]


def main():
    result = unittest.main(exit=False, verbosity=2).result
    if result.wasSuccessful() and result.testsRun > 0 and len(result.skipped) == result.testsRun:
        sys.exit(77)  # ctest then counts the file as skipped
    sys.exit(not result.wasSuccessful())
