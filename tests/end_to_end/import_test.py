"""import: batches, gzip, malformed lines, and going on after interruptions of every kind."""

import gzip
import hashlib
import json
import os
import random
import signal
import time

from command import CommandTest, event_line, main


class Import(CommandTest):
    def setUp(self):
        super().setUp()
        self.init()

    def lines_file(self, count, name="events.jsonl"):
        return self.write(name, "".join(event_line(n) for n in range(1, count + 1)))

    def imported(self):
        return [event["payload"]["number"] for event in self.log("--from", "0")]

    def run_import(self, file, *arguments, code=0):
        return self.batpak("import", self.store, file, *arguments, code=code)

    def test_each_line_is_an_event_with_its_members(self):
        correlation = "00112233445566778899aabbccddeeff"
        file = self.write("events.jsonl", event_line(1, occurred_at=1354897606, correlation=correlation, meta={"a": [1]}))
        self.run_import(file)
        event = self.log()[0]
        with open(file, "rb") as content:
            digest = hashlib.sha256(content.read()).hexdigest()
        self.assertEqual(event["correlation"], correlation)
        self.assertEqual(event["metadata"], {"a": [1], "occurred_at": 1354897606, "$batpak.import.source": digest,
                                             "$batpak.import.line": 1})

    def test_batches_are_commits(self):
        answer = self.run_import(self.lines_file(25), "--batch", "10", "--json").objects[0]
        self.assertEqual((answer["imported"], answer["commits"], answer["last_line"]), (25, 3, 25))
        self.assertEqual([event["batch_size"] for event in self.log("--from", "0")], [10] * 20 + [5] * 5)

    def test_the_same_file_again_adds_nothing(self):
        file = self.lines_file(10)
        self.assertIn("imported 10 events", self.run_import(file).out)
        self.assertIn("nothing to do", self.run_import(file).out)
        self.assertEqual(self.imported(), list(range(1, 11)))

    def test_gzip_is_the_same_as_plain(self):
        text = "".join(event_line(n) for n in range(1, 3001)).encode()
        packed = self.write("events.jsonl.gz", gzip.compress(text[:100000]) + gzip.compress(text[100000:]))
        self.run_import(packed)
        self.assertEqual(self.imported(), list(range(1, 3001)))
        self.assertIn("nothing to do", self.run_import(self.write("events.jsonl", text)).out)

    def test_a_broken_gzip_file_stops_with_what_could_be_read_kept(self):
        packed = gzip.compress("".join(event_line(n, payload=random.random()) for n in range(20000)).encode())
        self.run_import(self.write("cut.gz", packed[: len(packed) // 2]), code=2)

    def test_a_malformed_line_is_named_and_the_lines_before_it_are_kept(self):
        lines = [event_line(n) for n in range(1, 21)]
        lines[14] = '{"entity":"x"\n'
        answer = self.run_import(self.write("events.jsonl", "".join(lines)), "--batch", "10", code=2)
        self.assertIn("line 15", answer.err)
        self.assertIn("--from-line 15", answer.err)
        self.assertEqual(len(answer.err.splitlines()), 1)
        self.assertEqual(self.imported(), list(range(1, 15)))
        lines[14] = event_line(15)
        self.run_import(self.write("mended.jsonl", "".join(lines)), "--from-line", "15")
        self.assertEqual(self.imported(), list(range(1, 21)))

    def test_every_kind_of_bad_line_is_named(self):
        bad = [
            "[]\n", "1\n", '{"entity":"e"}\n', event_line(1, entity=""), event_line(1, entity=7), event_line(1, correlation="x"),
            event_line(1, entity="$batpak/store"), event_line(1, occurred_at="now"), event_line(1, meta=3), event_line(1, extra=1),
            event_line(1, meta={"$batpak.import.line": 1}), event_line(1, occurred_at=1, meta={"occurred_at": 2}),
            event_line(1, kind=""), event_line(1, kind="x" * 300), event_line(1, entity="e" * 1025), '{"entity":"e","entity":"f"}\n',
            event_line(1, payload={"$bytes": "?"}), event_line(1)[:-2],
        ]
        for line in bad:
            with self.subTest(line=line[:60]):
                answer = self.run_import(self.write("bad.jsonl", "\n" + line), code=2)
                self.assertIn("line 2", answer.err)
                self.assertIn("bad.jsonl", answer.err)
        self.assertEqual(self.imported(), [])

    def test_a_last_line_without_end_blank_lines_and_a_byte_order_mark_are_fine(self):
        text = "\ufeff" + event_line(1) + "\r\n\n" + event_line(2).rstrip() + "\r\n" + event_line(3).rstrip()
        self.run_import(self.write("events.jsonl", text))
        self.assertEqual(self.imported(), [1, 2, 3])
        self.assertEqual([event["metadata"]["$batpak.import.line"] for event in self.log("--from", "0")], [1, 4, 5])

    def test_an_empty_file_imports_nothing(self):
        self.assertIn("imported 0 events", self.run_import(self.write("empty", "")).out)

    def test_a_file_that_cannot_be_read_is_named(self):
        self.assertIn("absent.jsonl", self.run_import(self.path("absent.jsonl"), code=3).err)
        self.run_import(self.place, code=2)

    def test_an_import_goes_on_after_kills_and_duplicates_nothing(self):
        count = 40000
        file = self.lines_file(count)
        kills = 0
        choose = random.Random(7)
        while kills < 8:
            process = self.start("import", self.store, file, "--batch", "50", "--json")
            time.sleep(choose.uniform(0.02, 0.4))  # the moment of the kill is what is tested
            process.send_signal(signal.SIGKILL)
            if process.wait(60) == 0:
                break
            kills += 1
        self.run_import(file)
        self.assertGreater(kills, 0)
        events = self.log("--from", "0")
        self.assertEqual([event["metadata"]["$batpak.import.line"] for event in events], list(range(1, count + 1)))
        self.assertEqual(self.batpak("verify", self.store, "--json").objects[-1]["clean"], True)

    def test_an_interrupted_import_ends_after_its_batch_and_goes_on_later(self):
        count = 100000
        file = self.lines_file(count)
        process = self.start("import", self.store, file, "--batch", "10", "--json")
        while self.log("--limit", "1") == []:
            self.assertIsNone(process.poll())
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 143, err)
        done = json.loads(out)["imported"]
        self.assertTrue(0 < done < count)
        self.assertEqual(len(self.imported()), done)
        self.assertEqual(self.run_import(file, "--json").objects[0]["resumed_after_line"], done)
        self.assertEqual(self.imported(), list(range(1, count + 1)))

    def test_two_files_into_one_store_are_told_apart(self):
        first = self.lines_file(5, "first")
        second = self.write("second", "".join(event_line(n) for n in range(6, 9)))
        self.run_import(first)
        self.run_import(second)
        self.assertIn("nothing to do", self.run_import(first).out)
        self.assertEqual(self.imported(), list(range(1, 9)))

    def test_progress_is_shown_on_a_terminal_only(self):
        file = self.lines_file(60000)
        code, shown = self.on_terminal("import", self.store, file, which="stderr")
        self.assertEqual(code, 0)
        self.assertRegex(shown, r"importing .*%.*events.*/s.*left")
        self.assertTrue(shown.endswith("\x1b[K"), "the bar is taken away")
        self.assertEqual(self.run_import(self.lines_file(20000, "other")).err, "")

    def test_batches_over_the_limit_of_bytes_are_divided(self):
        file = self.write("large.jsonl", "".join(event_line(n, payload={"number": n, "text": "x" * 3000000}) for n in range(1, 21)))
        answer = self.run_import(file, "--json").objects[0]
        self.assertEqual(answer["imported"], 20)
        self.assertGreater(answer["commits"], 1)
        self.assertEqual(self.imported(), list(range(1, 21)))


if __name__ == "__main__":
    main()
