"""Stores to compare the reader and the library on: written by the command, by the examples, and by write_store."""

import glob
import json
import os
import shutil
import signal
import subprocess

import library
from agreement import Specimen

WRITE_STORE = os.environ.get("BATPAK_WRITE_STORE", "write_store")
EXAMPLES = os.environ.get("BATPAK_EXAMPLES", "")
SEGMENT_BYTES = 1 << 16
PATIENCE_S = 60


def _command(*arguments, given=None):
    done = library.run(*arguments, given=given)
    if done.returncode != 0:
        raise RuntimeError(f"batpak {' '.join(arguments)}: {done.stderr}")
    return done.stdout.strip()


def _write_store(*arguments):
    subprocess.run([WRITE_STORE, *map(str, arguments)], check=True, timeout=PATIENCE_S)


def _lines(first, count):
    return "".join(json.dumps({"entity": f"file:{number % 7}", "scope": "repo:test", "kind": f"file.kind{number % 3}",
                               "payload": {"number": number, "text": "ä" * (number % 50)}}) + "\n"
                   for number in range(first, first + count))


class Makers:
    """Each method makes one store below `place`."""

    def __init__(self, place):
        self.place = place
        self.key_file = os.path.join(place, "key")
        _command("key", "new", self.key_file)

    def all(self):
        made = [self.plain(), self.signed(), self.imported(), self.segments(), self.signed_segments(), self.heads(), self.left(),
                self.buffered(), self.killed(), self.killed_command(), self.rotated(), self.revoked(), self.restored(), self.foreign_key()]
        return made + self.examples() + [self.salvaged(made[3])]

    def path(self, name):
        return os.path.join(self.place, name)

    def _specimen(self, name, signed=False):
        directory = self.path(name)
        if not signed:
            return Specimen(name, directory)
        return Specimen(name, directory, _command("key", "show", self.key_file, "--store", directory), self.key_file)

    def plain(self):
        store = self.path("plain")
        _command("init", store, "--origin", "example.com/plain")
        for number in range(4):
            _command("append", store, "--entity", f"order:{number % 2}", "--scope", "shop", "--kind", "order.paid",
                     "--meta", "by=alice", "--correlation", "00112233445566778899aabbccddeeff", f'{{"cents":{number}}}')
        return self._specimen("plain")

    def signed(self):
        store = self.path("signed")
        _command("init", store, "--key-file", self.key_file)
        for number in range(3):
            _command("append", store, "--key-file", self.key_file, "--batch", "5", given=_lines(number * 10, 10))
        return self._specimen("signed", signed=True)

    def imported(self):
        store = self.path("imported")
        lines = self.path("lines.jsonl")
        with open(lines, "w", encoding="utf-8") as file:
            file.write(_lines(0, 90))
        _command("init", store)
        _command("import", store, lines, "--batch", "40")
        return self._specimen("imported")

    def segments(self):
        _write_store(self.path("segments"), 150, SEGMENT_BYTES, "close")
        return self._specimen("segments")

    def signed_segments(self):
        _write_store(self.path("signed_segments"), 70, SEGMENT_BYTES, "close", self.key_file)
        _write_store(self.path("signed_segments"), 20, SEGMENT_BYTES, "close", self.key_file)
        return self._specimen("signed_segments", signed=True)

    def heads(self):
        _write_store(self.path("heads"), 12, SEGMENT_BYTES, "heads", self.key_file)
        return self._specimen("heads", signed=True)

    def _new_key(self, name):
        """The file of a new key, and its public half."""
        file = self.path(name + ".key")
        return file, _command("key", "new", file)

    def _append(self, store, key_file, first, *options):
        _command("append", store, "--key-file", key_file, "--sign-events", "--batch", "3", *options, given=_lines(first, 6))

    def rotated(self):
        """Two changes of keys, with events signed by each; verified with the second of the three."""
        store = self.path("rotated")
        second, third = self._new_key("rotated_2")[0], self._new_key("rotated_3")[0]
        _command("init", store, "--key-file", self.key_file)
        self._append(store, self.key_file, 0)
        _command("key", "rotate", store, "--key-file", self.key_file, "--new-key-file", second)
        self._append(store, second, 10)
        _command("key", "rotate", store, "--key-file", second, "--new-key-file", third)
        self._append(store, third, 20)
        return Specimen("rotated", store, _command("key", "show", second, "--store", store), third)

    def revoked(self):
        """A key that the recovery key revokes, from before its last checkpoints; verified with the revoked one."""
        store = self.path("revoked")
        recovery, public = self._new_key("revoked_recovery")
        successor = self._new_key("revoked_2")[0]
        _command("init", store, "--key-file", self.key_file, "--recovery-key", public)
        self._append(store, self.key_file, 0)
        _command("key", "revoke", store, "--recovery-key-file", recovery, "--key-file", successor, "--from", "5")
        self._append(store, successor, 10)
        return Specimen("revoked", store, _command("key", "show", self.key_file, "--store", store), successor)

    def restored(self):
        """A store that was put back, which its strict witness noticed, with heads and both kinds of key changes around that."""
        store, copy = self.path("restored"), self.path("restored_copy")
        recovery, public = self._new_key("restored_recovery")
        second, third = self._new_key("restored_2")[0], self._new_key("restored_3")[0]
        witness = ("--witness", self.path("restored_witness"), "--witness-strict")
        _command("init", store, "--key-file", self.key_file, "--recovery-key", public, *witness)
        self._append(store, self.key_file, 0, *witness)
        _command("key", "rotate", store, "--key-file", self.key_file, "--new-key-file", second)
        self._append(store, second, 10, *witness)
        subprocess.run(["cp", "-r", store, copy], check=True)
        self._append(store, second, 20, *witness)
        shutil.rmtree(store)
        os.rename(copy, store)
        self._append(store, second, 30, *witness, "--accept-restore")
        _command("heads", store, "--key-file", second, *witness)
        _command("key", "revoke", store, "--recovery-key-file", recovery, "--key-file", third, "--from", "20")
        self._append(store, third, 40, *witness)
        return Specimen("restored", store, _command("key", "show", self.key_file, "--store", store), third)

    def foreign_key(self):
        """A store whose verifier knows a key that never was one of it."""
        store = self.path("foreign_key")
        second = self._new_key("foreign_2")[0]
        _command("init", store, "--origin", "example.com/foreign", "--key-file", self.key_file)
        self._append(store, self.key_file, 0)
        _command("key", "rotate", store, "--key-file", self.key_file, "--new-key-file", second)
        foreign = _command("key", "new", self.path("foreign.key"), "--name", "example.com/foreign")
        return Specimen("foreign_key", store, foreign, second)

    def left(self):
        _write_store(self.path("left"), 25, SEGMENT_BYTES, "leave")
        return self._specimen("left")

    def buffered(self):
        _write_store(self.path("buffered"), 10, SEGMENT_BYTES, "buffered", self.key_file)
        return self._specimen("buffered", signed=True)

    def killed(self, name="killed", events=30):
        """A writer that is killed while it writes."""
        with self.writing(name, events) as writer:
            writer.send_signal(signal.SIGKILL)
            writer.wait(PATIENCE_S)
        return self._specimen(name)

    def writing(self, name, events=10):
        writer = subprocess.Popen([WRITE_STORE, self.path(name), str(events), str(SEGMENT_BYTES), "wait"], stdout=subprocess.PIPE)
        writer.stdout.readline()
        return writer

    def killed_command(self):
        """The command, killed while it appends lines that are still coming."""
        store = self.path("killed_command")
        _command("init", store)
        with subprocess.Popen([library.BATPAK, "append", store, "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as command:
            command.stdin.write(_lines(0, 200).encode())
            command.stdin.flush()
            for _ in range(20):
                command.stdout.readline()
            command.send_signal(signal.SIGKILL)
        return self._specimen("killed_command")

    def examples(self):
        """What the example programs leave in their working directories."""
        found = []
        for program in ("first_event", "orders", "json_events", "money", "signed_log"):
            place = self.path(f"example_{program}")
            os.mkdir(place)
            if EXAMPLES and os.path.exists(os.path.join(EXAMPLES, program)):
                subprocess.run([os.path.join(EXAMPLES, program)], cwd=place, stdout=subprocess.DEVNULL, timeout=PATIENCE_S, check=True)
            for meta in sorted(glob.glob(os.path.join(place, "**", "store.meta"), recursive=True)):
                directory = os.path.dirname(meta)
                found.append(Specimen(os.path.relpath(directory, self.place), directory))
        return found

    def salvaged(self, source):
        """What salvage makes of a store whose second segment lost bytes."""
        damaged = self.path("damaged")
        subprocess.run(["cp", "-r", source.directory, damaged], check=True)
        segment = sorted(glob.glob(os.path.join(damaged, "log", "*.seg")))[1]
        with open(segment, "r+b") as file:
            file.seek(9000)
            file.write(b"lost bytes")
        library.run("salvage", damaged, self.path("salvaged"))
        return self._specimen("salvaged")
