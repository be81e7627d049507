"""get, log, history, types and stat, for people and in JSON."""

import re
import subprocess

from command import BATPAK, CommandTest, event_line, main


class Reading(CommandTest):
    def setUp(self):
        super().setUp()
        self.init()
        lines = "".join(event_line(n, kind="file.added" if n < 10 else "file.changed", scope=f"repo:{n % 2}") for n in range(30))
        self.receipts = self.batpak("append", self.store, "--json", "--batch", "7", stdin=lines).objects

    def numbers(self, *arguments):
        return [event["payload"]["number"] for event in self.log(*arguments)]

    def test_get_finds_an_event_by_id_and_by_sequence(self):
        wanted = self.receipts[12]
        for name in (wanted["id"], str(wanted["sequence"])):
            event = self.batpak("get", self.store, name, "--json").objects[0]
            self.assertEqual(event["payload"], {"number": 12})
            self.assertEqual(event["durable"], True)
        shown = self.batpak("get", self.store, wanted["id"]).out
        for text in (wanted["event_hash"], "file:2", "file.changed", '"number": 12'):
            self.assertIn(text, shown)

    def test_get_ends_with_1_where_there_is_no_such_event(self):
        self.batpak("get", self.store, "1000000", code=1)
        self.batpak("get", self.store, "00000000-0000-7000-8000-000000000000", code=1)
        self.batpak("get", self.store, "not-an-id", code=2)

    def test_log_shows_the_newest_first(self):
        self.assertEqual(self.numbers(), list(range(29, -1, -1)))
        self.assertEqual(self.numbers("--limit", "3"), [29, 28, 27])

    def test_log_goes_forwards_from_a_sequence(self):
        self.assertEqual(self.numbers("--from", str(self.receipts[20]["sequence"])), list(range(20, 30)))
        self.assertEqual(self.numbers("--from", "1000"), [])

    def test_log_filters_by_entity_scope_and_kind(self):
        self.assertEqual(self.numbers("--entity", "file:3"), [23, 13, 3])
        self.assertEqual(self.numbers("--entity", "file:3", "--from", str(self.receipts[4]["sequence"])), [13, 23])
        self.assertEqual(self.numbers("--entity", "file:*", "--limit", "2"), [29, 28])
        self.assertEqual(self.numbers("--entity", "nobody"), [])
        self.assertEqual(self.numbers("--scope", "repo:1", "--kind", "file.added", "--from", "0"), [1, 3, 5, 7, 9])
        self.assertEqual(self.numbers("--kind", self.receipts[0]["kind_number"], "--from", "0"), list(range(10)))

    def test_log_shows_the_own_events_of_the_store_when_asked(self):
        sequences = [event["sequence"] for event in self.log("--all", "--from", "0")]
        self.assertEqual(sequences, list(range(len(sequences))))
        self.assertGreater(len(sequences), 30)
        self.assertEqual(self.log("--entity", "$batpak/store")[0]["sequence"], 0)

    def test_log_in_a_pipe_is_a_table_without_colours(self):
        lines = self.batpak("log", self.store).lines
        self.assertEqual(lines[0].split(), ["SEQUENCE", "TIME", "KIND", "ENTITY", "SCOPE", "PAYLOAD"])
        self.assertEqual(len(lines), 31)
        self.assertNotIn("\x1b", "".join(lines))
        self.assertIn('{"number":29}', lines[1])
        self.assertEqual(len({line.index("repo:") for line in lines[1:]}), 1, "the columns are aligned")

    def test_log_fits_the_terminal_and_has_colours_there(self):
        self.append('"' + "long " * 100 + '"', entity="e" * 200)
        code, shown = self.on_terminal("log", self.store, columns=100)
        self.assertEqual(code, 0)
        self.assertIn("\x1b[", shown)
        plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
        self.assertTrue(all(len(line) <= 100 for line in plain.split("\r\n")))
        self.assertIn("…", plain)

    def test_no_color_is_respected(self):
        _, shown = self.on_terminal("log", self.store, environment={"NO_COLOR": "1"})
        self.assertNotIn("\x1b", shown)

    def test_what_an_event_says_cannot_drive_the_terminal(self):
        self.append('{"evil":"\\u001b[2J\\u0007\\u009b2J"}', "--meta", "evil=\x1b[2J\x9b2J")
        event = self.log("--limit", "1")[0]
        for answer in (self.batpak("log", self.store), self.batpak("get", self.store, event["id"]),
                       self.batpak("history", self.store, "order:7")):
            self.assertNotRegex(answer.out, "[\x00-\x09\x0b-\x1f\x7f-\x9f]")

    def test_names_that_differ_by_what_nobody_sees_are_told_apart(self):
        for hidden in ("\u200b", "\u2060", "\ufeff", "\u00ad", "\u202e", "\U000e0041"):
            entity = f"order:{hidden}7"
            self.append("{}", entity=entity)
            self.assertEqual(self.log("--limit", "1")[0]["entity"], entity, "as JSON it is what it is")
            shown = self.batpak("log", self.store).out
            self.assertNotIn(hidden, shown)
            self.assertIn("order:\ufffd7", shown)

    def test_a_reader_that_goes_away_is_no_error(self):
        lines = "".join(event_line(n) for n in range(5000))
        self.batpak("append", self.store, "--json", "--batch", "5000", stdin=lines)
        log = subprocess.Popen([BATPAK, "log", self.store, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        log.stdout.readline()
        log.stdout.close()
        self.assertEqual(log.stderr.read(), b"")
        log.stderr.close()
        self.assertEqual(log.wait(60), 0)

    def test_a_full_disk_behind_the_output_is_said(self):
        with open("/dev/full", "wb") as full:
            log = subprocess.run([BATPAK, "log", self.store], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(log.returncode, 3)
        self.assertIn(b"standard output", log.stderr)

    def test_an_answer_that_cannot_be_written_does_not_ask_for_a_second_event(self):
        before = len(self.log())
        with open("/dev/full", "wb") as full:
            for arguments in (["--entity", "e", "--scope", "s", "--kind", "file.added", "{}"], []):
                line = b"" if arguments else event_line(1).encode()
                done = subprocess.run([BATPAK, "append", self.store, *arguments], stdout=full, stderr=subprocess.PIPE, input=line)
                self.assertEqual(done.returncode, 3)
                self.assertIn(b"in the log", done.stderr)
                self.assertIn(b"do not run the command again", done.stderr)
                self.assertNotIn(b"no_space", done.stderr)
        self.assertEqual(len(self.log()), before + 2)

    def test_history_draws_the_chain_with_its_links(self):
        lines = self.batpak("history", self.store, "file:3").lines
        self.assertIn("3 events", lines[0])
        hashes = [self.receipts[n]["event_hash"][:8] for n in (23, 13, 3)]
        drawn = [line.split()[1] for line in lines if line.startswith(("●", "◆"))]
        genesis = self.batpak("get", self.store, "0", "--json").objects[0]["event_hash"][:8]
        self.assertEqual(drawn, hashes + [genesis])

    def test_history_in_json_links_each_event_to_the_one_before(self):
        events = self.batpak("history", self.store, "file:3", "--json").objects
        self.assertEqual([event["stream_version"] for event in events], [2, 1, 0])
        for newer, older in zip(events, events[1:]):
            self.assertEqual(newer["previous_hash"], older["event_hash"])
            self.assertEqual(newer["previous_sequence"], older["sequence"])
        self.assertEqual(len(self.batpak("history", self.store, "file:3", "--json", "--limit", "2").objects), 2)

    def test_history_ends_with_1_for_an_entity_without_events(self):
        self.assertIn("not_found", self.batpak("history", self.store, "nobody", code=1).err)

    def test_types_lists_what_the_log_declares(self):
        self.assertEqual({declared["name"] for declared in self.batpak("types", self.store, "--json").objects},
                         {"file.added", "file.changed"})
        self.assertIn("any JSON", self.batpak("types", self.store).out)

    def test_stat_counts_by_reading(self):
        counted = self.batpak("stat", self.store, "--json").objects[0]
        self.assertEqual((counted["events"], counted["streams"], counted["scopes"]), (30, 10, 2))
        self.assertEqual(counted["kinds"], {"file.added": 10, "file.changed": 20})
        self.assertEqual(counted["visible"], counted["durable"])
        self.assertEqual(counted["visible"], counted["events"] + counted["own_events"])
        self.assertGreater(counted["bytes_per_event"], 0)
        shown = self.batpak("stat", self.store).out
        for text in (counted["store_id"], "file.changed", "none declared"):
            self.assertIn(text, shown)

    def test_reading_changes_nothing(self):
        before = subprocess.run(["tar", "-cf", "-", "-C", self.store, "."], capture_output=True).stdout
        for command in (["log"], ["stat"], ["types"], ["get", "1"], ["history", "file:3"], ["verify"]):
            self.batpak(command[0], self.store, *command[1:])
        self.assertEqual(subprocess.run(["tar", "-cf", "-", "-C", self.store, "."], capture_output=True).stdout, before)


if __name__ == "__main__":
    main()
