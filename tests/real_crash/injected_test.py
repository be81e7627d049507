"""System calls that fail, one at a time, in the unmodified programs: strace makes the n-th call of a kind give an error, or kills
the process as it enters the call, for every n until a run has no such call any more."""

import json
import os
import re
import shutil
import subprocess
import unittest

from crashes import BATPAK, COULD_NOT_RUN, DRIVER, FINDING, FINE, PATIENCE, SANITIZED, SOURCE, CrashTest, Store, main, setting, summarize
from killed_test import files_of

# Of all faults each STRIDE-th is tried; 1 tries them all.
STRIDE = setting("STRIDE", 8)

# What can go wrong with a call. EINTR is no failure: the call is made again.
DEVICE = ("error=EIO", "error=ENOSPC")
FAULTS = {
    "pwrite64": (*DEVICE, "error=EINTR", "signal=SIGKILL"),
    "fdatasync": (*DEVICE, "signal=SIGKILL"),
    "fsync": (*DEVICE, "signal=SIGKILL"),
    "ftruncate": (*DEVICE, "error=EINTR", "signal=SIGKILL"),
    "fallocate": (*DEVICE, "error=EINTR", "error=EOPNOTSUPP", "signal=SIGKILL"),
    "renameat": (*DEVICE, "signal=SIGKILL"),
    "unlinkat": (*DEVICE, "signal=SIGKILL"),
    "mkdirat": (*DEVICE, "signal=SIGKILL"),
    "mkdir": (*DEVICE, "signal=SIGKILL"),
    "openat": (*DEVICE, "error=EINTR", "error=EMFILE"),
    "pread64": ("error=EIO", "error=EINTR"),
    "mmap": ("error=EIO", "error=ENOMEM"),
    "flock": ("error=EIO", "error=ENOLCK"),
    "fcntl": ("error=EIO", "error=ENOLCK"),
    "newfstatat": ("error=EIO",),
    "getdents64": ("error=EIO",),
}


def why_not():
    """Why strace cannot be used here, or nothing."""
    if SANITIZED:
        return "LeakSanitizer does not run under strace"
    if not shutil.which("strace"):
        return "there is no strace"
    tried = subprocess.run(["strace", "-f", "-qq", "-e", "trace=getcwd", "-e", "inject=getcwd:error=EIO", "-o", "/dev/null", "true"],
                           capture_output=True, text=True)
    return f"strace cannot trace here: {tried.stderr.strip()[-200:]}" if tried.returncode else None


def error_codes():
    """The stable names of include/batpak/error.hpp."""
    with open(os.path.join(SOURCE, "include", "batpak", "error.hpp")) as header:
        return set(re.findall(r"^  (\w+) = \d+,", header.read(), re.MULTILINE))


class Scenario:
    """Something that is done to a store again and again, each time from the same state and with another fault."""

    calls = tuple(FAULTS)
    codes = (FINE, COULD_NOT_RUN)

    def __init__(self, test):
        self.test = test
        self.work = test.path("work")  # faults are for calls on what is below, and not for those of the loader
        self.prepared = test.path("prepared")
        os.mkdir(self.work)
        self.prepare()
        shutil.copytree(self.work, self.prepared)

    def reset(self):
        shutil.rmtree(self.work)
        shutil.copytree(self.prepared, self.work)

    def prepare(self):
        """Makes what every run begins with, in `work`."""

    def command(self):
        raise NotImplementedError

    def given(self):
        return b""

    def check(self, done, fault):
        """Looks at what a run with a fault has left."""


class Writing(Scenario):
    """The driver; what it was told is in the ledger, and examine compares."""

    options = ("--segment-bytes", "65536")
    operations = "14"
    first = 0

    def prepare(self):
        self.key = self.test.new_key()
        self.store = Store(self.work, "store", self.key, self.options)
        if self.first:
            self.store.write("--operations", str(self.first), "--seed", "3", code=FINE)
            self.store.examine()

    def command(self):
        round_ = self.store.begin_round()
        return self.store.command("write", *round_, "--operations", self.operations, "--seed", "11")

    def check(self, done, fault):
        said = done.stdout[: done.stdout.rfind(b"\n") + 1]
        self.store.note(said)
        lines = said.splitlines()
        # Witness: poison_after_unknown
        broken = next((n for n, line in enumerate(lines) if line.endswith((b" outcome_unknown", b" poisoned"))), len(lines))
        self.test.assertFalse([line for line in lines[broken:] if line.startswith((b"told", b"synced", b"closed"))])
        self.store.examine("--readers", "lag")


class MakingAStore(Writing):
    operations = "3"


class Appending(Writing):
    """Goes from one segment to the next on its way."""

    first = 24


class Recovering(Writing):
    """A store with a torn tail."""

    first = 6
    operations = "3"

    def prepare(self):
        super().prepare()
        log = os.path.join(self.store.directory, "log")
        with open(os.path.join(log, max(os.listdir(log))), "ab") as segment:
            segment.write(b"torn" * 100)


class FinishingARotation(Writing):
    """A store whose owner was killed between the new segment's name and the old one's seal."""

    first = 24
    operations = "40"

    def prepare(self):
        super().prepare()
        for _ in range(20):
            # The first one empties LOCK; a rotation makes room for the seal when the new segment has its name.
            done = self.test.strace(super().command(), "ftruncate", "signal=SIGKILL", 2)
            self.store.note(done.stdout[: done.stdout.rfind(b"\n") + 1])
            if "interrupted" in self.test.batpak("verify", self.store.directory).stdout:
                return
            self.store.examine()
        self.test.fail("no kill came between segment and seal")

    def command(self):
        return self.store.command("write", *self.store.begin_round(), "--operations", "3", "--seed", "11")


class Command(Scenario):
    """The batpak command on a store with some events in several segments."""

    count = 60

    def prepare(self):
        self.directory = os.path.join(self.work, "store")
        self.test.batpak("init", self.directory, code=FINE)
        self.test.batpak("append", self.directory, "--json", "--batch", "8", given=self.lines(0, self.count), code=FINE)

    @staticmethod
    def lines(begin, end):
        return "".join(json.dumps({"entity": f"file:{n % 5}", "scope": "repo", "kind": "file.changed",
                                   "payload": {"number": n, "filler": "x" * (n * 31 % 200)}}) + "\n" for n in range(begin, end))

    def numbers(self, directory=None):
        return [event["payload"]["number"] for event in self.test.events(directory or self.directory)]

    def assert_clean(self, directory=None):
        self.test.batpak("verify", directory or self.directory, code=FINE)


class InitCommand(Command):
    def prepare(self):
        self.directory = os.path.join(self.work, "store")

    def command(self):
        return [BATPAK, "init", self.directory]

    def check(self, done, fault):
        again = self.test.batpak("init", self.directory)
        if again.returncode != FINE:
            self.test.assertIn("already_a_store", again.stderr)
        self.test.batpak("append", self.directory, "--entity", "e", "--scope", "s", "--kind", "k", "1", code=FINE)
        self.assert_clean()


class AppendCommand(Command):
    def command(self):
        return [BATPAK, "append", self.directory, "--json"]

    def given(self):
        return self.lines(self.count, self.count + 8).encode()

    def check(self, done, fault):
        # Witness: acknowledged_durable_survives
        receipts = [json.loads(line) for line in done.stdout.decode().splitlines() if line.endswith("}")]
        self.test.batpak("append", self.directory, "--entity", "e", "--scope", "s", "--kind", "k", '{"number":-1}', code=FINE)
        events = {event["id"]: event for event in self.test.events(self.directory)}
        for n, receipt in enumerate(receipts):
            event = events.get(receipt["id"])
            self.test.assertIsNotNone(event, "an acknowledged event is not there")
            self.test.assertEqual((event["sequence"], event["payload"]["number"]), (receipt["sequence"], self.count + n))
        numbers = self.numbers()
        self.test.assertEqual(numbers, [*range(len(numbers) - 1), -1])
        self.assert_clean()


class ImportCommand(Command):
    def prepare(self):
        super().prepare()
        with open(self.test.path("lines"), "w") as file:
            file.write(self.lines(self.count, self.count + 30))

    def command(self):
        return [BATPAK, "import", self.directory, self.test.path("lines"), "--batch", "7"]

    def check(self, done, fault):
        self.test.batpak("import", self.directory, self.test.path("lines"), code=FINE)
        self.test.assertEqual(self.numbers(), [*range(self.count + 30)])
        self.assert_clean()


class Reading(Command):
    """Changes nothing, whatever happens."""

    codes = (FINE, FINDING, COULD_NOT_RUN)

    def prepare(self):
        super().prepare()
        self.before = files_of(self.directory)

    def check(self, done, fault):
        # Witness: read_only_writes_nothing
        self.test.assertEqual(files_of(self.directory), self.before)


class VerifyCommand(Reading):
    def command(self):
        return [BATPAK, "verify", self.directory, "--json", "--threads", "1"]

    def check(self, done, fault):
        super().check(done, fault)
        if done.returncode == FINDING:
            self.test.assertTrue(any('"law":' in line for line in done.stdout.decode().splitlines()))


class LogCommand(Reading):
    def command(self):
        return [BATPAK, "log", self.directory, "--json", "--from", "0"]

    def check(self, done, fault):
        super().check(done, fault)
        numbers = [json.loads(line)["payload"]["number"] for line in done.stdout.decode().splitlines()]
        if done.returncode == FINE:
            self.test.assertEqual(numbers, [*range(self.count)])


class SalvageCommand(Reading):
    def command(self):
        return [BATPAK, "salvage", self.directory, os.path.join(self.work, "new")]

    def check(self, done, fault):
        super().check(done, fault)
        new = os.path.join(self.work, "new")
        if done.returncode == FINE:
            self.test.assertEqual(self.numbers(new), [*range(self.count)])
        elif done.returncode == FINDING:
            self.assert_clean(new)
        elif "signal" not in fault and "unlinkat" not in fault and "openat" not in fault and "getdents64" not in fault:
            # "when it fails, nothing but empty directories is left, or the whole copy": unless the clearing away failed.
            self.test.assertEqual(files_of(new + ".unfinished") if os.path.exists(new + ".unfinished") else {}, {})
            if os.path.exists(new) and files_of(new):
                self.test.assertEqual(self.numbers(new), [*range(self.count)])
        again = os.path.join(self.work, "again")
        self.test.batpak("salvage", self.directory, again, code=FINE)
        self.test.assertEqual(self.numbers(again), [*range(self.count)])


@unittest.skipIf(why_not(), why_not())
class Injected(CrashTest):
    # The faults do not depend on what the device does, and memory is quicker.
    folder = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    tried = 0
    codes = error_codes()

    def strace(self, command, call, fault, when, given=b""):
        """Runs a command with the `when`-th `call` of each of its threads made to fail."""
        self.trace = self.path("trace")
        # With its filter strace is quicker, and does not deliver signals.
        inject = ["-e", f"inject={call}:{fault}:when={when}"] if fault else []
        quick = [] if "signal" in fault else ["--seccomp-bpf"]
        return subprocess.run(["strace", "-f", "-y", "-qq", *quick, "-o", self.trace, "-e", "signal=none", "-e", f"trace={call}",
                               *inject, *command], input=given, capture_output=True, timeout=PATIENCE)

    def calls_on(self, work):
        """Of the calls in the trace: the largest number of a thread's calls, and which of these numbers are calls on `work`."""
        counts, hits = {}, set()
        with open(self.trace, errors="replace") as trace:
            for line in trace:
                if found := re.match(r"(\d+) +\w+\(", line):
                    counts[found[1]] = counts.get(found[1], 0) + 1
                    if work in line:
                        hits.add(counts[found[1]])
        return max(counts.values(), default=0), hits

    def hit(self, work):
        """Whether a call on `work` was made to fail."""
        begun = {}
        with open(self.trace, errors="replace") as trace:
            for line in trace:
                thread = line.split(" ", 1)[0]
                if "unfinished" in line:
                    begun[thread] = line
                if "INJECTED" in line and work in line + begun.get(thread, ""):
                    return True
        return False

    def check_answer(self, scenario, done, fault):
        if "SIGKILL" in fault:
            self.assertEqual(done.returncode, -9)
            return
        if "EINTR" in fault:
            self.assertEqual(done.returncode, FINE, done.stderr.decode()[-1000:])
            return
        self.assertIn(done.returncode, scenario.codes, done.stderr.decode()[-1000:])
        if done.returncode == COULD_NOT_RUN:
            # Witness: every_refusal_is_typed
            last = done.stderr.decode().splitlines()[-1]
            code = last.removeprefix("batpak: ").split(":")[0]
            self.assertTrue(code in self.codes, f"no typed error: {last}")

    def try_all(self, scenario):
        for call in scenario.calls:
            scenario.reset()
            self.strace(scenario.command(), call, "", 0, scenario.given())
            last, hits = self.calls_on(scenario.work)
            if not hits:
                continue
            for fault in FAULTS[call]:
                when = min(hits)
                while True:
                    Injected.tried += 1
                    if (when in hits or when > last) and Injected.tried % STRIDE == self.seed % STRIDE:
                        if not self.try_one(scenario, call, fault, when) and when > last:
                            break
                    elif when > last:
                        break
                    when += 1

    def try_one(self, scenario, call, fault, when):
        scenario.reset()
        name = f"{type(scenario).__name__}: {call}:{fault}:when={when}"
        rounds = getattr(getattr(scenario, "store", None), "round", None)
        try:
            done = self.strace(scenario.command(), call, fault, when, scenario.given())
            killed = done.returncode == -9
            if not killed and not self.hit(scenario.work):
                return False
            self.check_answer(scenario, done, fault)
            scenario.check(done, f"{call}:{fault}")
        except AssertionError as error:
            folder = os.environ.get("REAL_CRASH_KEEP")
            if folder:
                shutil.copy(self.trace, os.path.join(folder, "trace"))
            raise AssertionError(f"{name}: {error}") from error
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"{name}: it hangs") from error
        finally:
            if rounds is not None:
                scenario.store.round = rounds
        kind = scenario_name(type(scenario))
        counted[kind] = counted.get(kind, 0) + 1
        return True

    @classmethod
    def tearDownClass(cls):
        summarize("system calls made to fail", sum(counted.values()))
        for name, count in counted.items():
            summarize(f"system calls made to fail, {name}", count)


counted = {}


def scenario_name(scenario):
    return re.sub(r"(?<=[a-zA])(?=[A-Z])", " ", scenario.__name__).lower()


def add_tests():
    for scenario in (MakingAStore, Appending, Recovering, FinishingARotation, InitCommand, AppendCommand, ImportCommand,
                     VerifyCommand, LogCommand, SalvageCommand):
        def test(self, scenario=scenario):
            self.try_all(scenario(self))
        setattr(Injected, "test_" + scenario_name(scenario).replace(" ", "_"), test)


add_tests()

if __name__ == "__main__":
    main()
