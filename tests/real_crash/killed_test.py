"""SIGKILL at random moments, again and again in the same directory: while appending, opening, changing segments, closing, while
salvaging, and while importing."""

import hashlib
import os
import re
import signal
import subprocess
import time
import unittest

from crashes import BATPAK, FINE, FINDING, PATIENCE, SANITIZED, CrashTest, Store, main, setting, summarize

KILLS = setting("KILLS", 30 if SANITIZED else 300)
SECONDS = setting("SECONDS", 0)  # where given, kills go on for so long
KILLS_A_STORE = 40  # then a new one, so that looking at all of it stays cheap

counted = {"kills": 0, "checks": 0, "torn tails": 0, "commits rewritten": 0, "rotations completed": 0, "acknowledged": 0}


class Killed(CrashTest):
    def kill(self, store, moment):
        """One kill; gives whether it came before the driver ended by itself."""
        seed = ("--seed", str(self.random.randrange(1 << 30)))
        soon = self.random.random() ** 2 * 0.004
        if moment == "opening":
            return store.kill(2 * soon, *seed)
        if moment == "closing":
            return store.kill(soon, *seed, "--operations", "6", attempts=self.random.randint(4, 6))
        attempts = self.random.choice((1, 2, 4, 8, 16, 32))
        return store.kill(soon, *seed, "--threads", self.random.choice("1126"), attempts=attempts)

    def new_store(self, number):
        """Settings differ from store to store: small and large segments, with and without a key, idle marks often or seldom."""
        large = number % 3 == 2
        options = ["--segment-bytes", "16777216" if large else "65536"]
        if number % 4 == 1:
            options += ["--mark-after", "300"]
        if number % 4 == 2:
            options += ["--sync-interval", "500"]
        if number % 5 == 3:
            options += ["--sign", "event"]
        key = self.new_key() if number % 2 or number % 5 == 3 else None
        return Store(self.place, f"store-{number}", key, options, first_round=1_000_000 if large else 1)

    def check(self, store):
        said = store.examine()
        counted["checks"] += 1
        found = re.search(r"opened: created \d torn (\d+) rewritten (\d+) rotation (\d)", said)
        counted["torn tails"] += found[1] != "0"
        counted["commits rewritten"] += int(found[2])
        counted["rotations completed"] += int(found[3])

    # Witness: acknowledged_durable_survives
    # Witness: whole_commits_only
    # Witness: prefix_of_attempts
    # Witness: recovery_is_idempotent
    def test_no_kill_takes_what_was_acknowledged(self):
        end = time.monotonic() + SECONDS
        number = 0
        while counted["kills"] < KILLS or time.monotonic() < end:
            store = self.new_store(number)
            for _ in range(KILLS_A_STORE):
                # Now and then several in a row, the later ones soon enough to come into the recovery from the first.
                for again in range(self.random.choice((1, 1, 1, 2, 4))):
                    moments = ("opening",) if again else ("appending", "appending", "appending", "opening", "closing")
                    counted["kills"] += self.kill(store, self.random.choice(moments))
                self.check(store)
            with open(store.ledger, "rb") as ledger:
                counted["acknowledged"] += ledger.read().count(b"\ntold")
            subprocess.run(["rm", "-rf", store.directory, store.ledger], check=True)
            number += 1
        for figure, value in counted.items():
            summarize(figure, value)


def files_of(directory):
    """Every file below, with the sum of its bytes."""
    sums = {}
    for folder, _, names in os.walk(directory):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                sums[os.path.relpath(os.path.join(folder, name), directory)] = hashlib.sha256(file.read()).hexdigest()
    return sums


class Commands(CrashTest):
    def kill_after(self, seconds, *arguments):
        """Runs the command and kills it; gives whether it was still running."""
        process = subprocess.Popen([BATPAK, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.assertEqual(process.wait(seconds), FINE)
            return False
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait(PATIENCE)
            return True

    def lines(self, count):
        text = "".join(f'{{"entity":"file:{n % 7}","scope":"repo","kind":"file.changed","payload":{{"number":{n},'
                       f'"filler":"{"x" * (n * 37 % 400)}"}}}}\n' for n in range(count))
        with open(self.path("lines"), "w") as file:
            file.write(text)
        return self.path("lines")

    # Witness: acknowledged_durable_survives
    def test_a_killed_import_goes_on_where_it_stopped_and_takes_each_line_once(self):
        count = 3000
        lines = self.lines(count)
        kills = 0
        wanted = max(4, KILLS // 25)
        while kills < wanted:
            store = self.path(f"imported-{kills}")
            self.batpak("init", store, code=FINE)
            for _ in range(12):
                if not self.kill_after(self.random.random() ** 2 * 0.05, "import", store, lines, "--batch", "20"):
                    break
                kills += 1
            self.batpak("import", store, lines, code=FINE)
            self.assertEqual([event["payload"]["number"] for event in self.events(store)], list(range(count)))
            self.batpak("verify", store, code=FINE)
            kills += 1  # a round without a kill must not go on for ever
            subprocess.run(["rm", "-rf", store], check=True)
        summarize("kills of import", kills)

    # Witness: read_only_writes_nothing
    def test_a_killed_salvage_leaves_its_source_alone_and_can_be_done_again(self):
        source = self.path("source")
        self.batpak("init", source, code=FINE)
        self.batpak("import", source, self.lines(1500), code=FINE)
        before = files_of(source)
        events = [event["payload"]["number"] for event in self.events(source)]
        kills = 0
        for attempt in range(max(4, KILLS // 25)):
            destination = self.path(f"salvaged-{attempt}")
            killed = self.kill_after(self.random.random() * 0.06, "salvage", source, destination)
            kills += killed
            self.assertEqual(files_of(source), before)
            unfinished = destination + ".unfinished"
            if os.path.exists(destination):
                self.assertEqual([event["payload"]["number"] for event in self.events(destination)], events)
            elif os.path.exists(os.path.join(unfinished, "store.meta")):
                self.assertIn(self.batpak("verify", unfinished).returncode, (FINE, FINDING))
                self.batpak("salvage", source, destination, code=3)
            elif os.path.exists(os.path.join(unfinished, "salvage.tmp")):  # a part is no store
                self.batpak("log", unfinished, code=3)
                self.batpak("append", unfinished, "--entity", "e", "--scope", "s", "--kind", "k", "1", code=3)
                self.batpak("salvage", source, destination, code=3)
            again = self.path(f"again-{attempt}")
            self.batpak("salvage", source, again, code=FINE)
            self.assertEqual([event["payload"]["number"] for event in self.events(again)], events)
            subprocess.run(["rm", "-rf", destination, unfinished, again], check=True)
        self.batpak("verify", source, code=FINE)
        summarize("kills of salvage", kills)


if __name__ == "__main__":
    main()
