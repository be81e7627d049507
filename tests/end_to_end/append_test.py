"""init and append: receipts, keys, lines from standard input."""

import json
import os
import signal
import stat

from command import CommandTest, event_line, main


class Append(CommandTest):
    def test_init_makes_a_store_and_says_where(self):
        answer = self.init("--origin", "example.com/audit")
        self.assertIn("example.com/audit", answer.out)
        self.assertTrue(os.path.exists(os.path.join(self.store, "store.meta")))

    def test_init_in_json(self):
        made = self.init("--json").objects[0]
        self.assertEqual(len(made["store_id"]), 32)
        self.assertEqual(made["origin"], "batpak.invalid/" + made["store_id"])

    def test_init_refuses_a_store_that_is_there(self):
        self.init()
        answer = self.batpak("init", self.store, code=3)
        self.assertIn("already_a_store", answer.err)
        self.assertEqual(len(answer.err.splitlines()), 1)

    def test_append_needs_a_store_that_is_there(self):
        answer = self.append(code=3)
        self.assertRegex(answer.err, "not_a_store|no_such_directory")

    def test_append_prints_a_receipt(self):
        self.init()
        answer = self.append('{"cents":1999}')
        for word in ("event hash", "previous hash", "content hash", "sequence", "durable"):
            self.assertIn(word, answer.out)

    def test_append_prints_a_receipt_in_json(self):
        self.init()
        first, second = self.append("1", "--json").objects[0], self.append("2", "--json").objects[0]
        self.assertEqual((first["stream_version"], second["stream_version"]), (0, 1))
        self.assertEqual(second["previous_hash"], first["event_hash"])
        self.assertEqual(second["kind"], "order.paid")
        self.assertEqual(second["durability"], "durable")
        self.assertNotIn("checkpoint", second)

    def test_what_was_given_is_what_get_shows(self):
        self.init()
        first = self.append("[1,2]", "--json").objects[0]
        second = self.append('{"b":[true,null,"ü"],"a":-1.5}', "--json", "--correlation", "0123456789abcdef0123456789abcdef",
                             "--causation", first["id"], "--meta", "by=alice", "--meta", 'n:={"x":2}').objects[0]
        event = self.batpak("get", self.store, second["id"], "--json").objects[0]
        self.assertEqual(event["payload"], {"a": -1.5, "b": [True, None, "ü"]})
        self.assertEqual(event["metadata"], {"by": "alice", "n": {"x": 2}})
        self.assertEqual(event["correlation"], "0123456789abcdef0123456789abcdef")
        self.assertEqual(event["causation"], first["id"])
        self.assertEqual(event["event_hash"], second["event_hash"])

    def test_a_payload_may_be_an_array_or_come_after_its_option(self):
        self.init()
        self.append("[1,2]")
        self.batpak("append", self.store, "--entity", "e", "--scope", "s", "--kind", "k", "--payload", '"text"')
        self.assertEqual([event["payload"] for event in self.log("--from", "0")], [[1, 2], "text"])

    def test_buffered_is_said_in_the_receipt(self):
        self.init()
        self.assertEqual(self.append("1", "--json", "--buffered").objects[0]["durability"], "buffered")
        self.assertEqual(len(self.log()), 1)

    def test_lines_from_standard_input_are_events(self):
        self.init()
        lines = "".join(event_line(n, meta={"n": n}) for n in range(5)) + "\n"
        receipts = self.batpak("append", self.store, "-", "--json", stdin=lines).objects
        self.assertEqual(len(receipts), 5)
        self.assertEqual([event["metadata"]["n"] for event in self.log("--from", "0")], list(range(5)))

    def test_lines_are_payloads_where_the_arguments_say_the_rest(self):
        self.init()
        self.batpak("append", self.store, "--entity", "probe:1", "--scope", "lab", "--kind", "probe.read", "--batch", "2",
                    stdin="1\n2\n3")
        events = self.log("--from", "0")
        self.assertEqual([event["payload"] for event in events], [1, 2, 3])
        self.assertEqual([event["batch_size"] for event in events], [2, 2, 1])

    def test_a_malformed_line_is_named_and_the_lines_before_it_are_kept(self):
        self.init()
        answer = self.batpak("append", self.store, "--batch", "100", stdin=event_line(1) + event_line(2) + "{oops\n" + event_line(3),
                             code=2)
        self.assertIn("line 3", answer.err)
        self.assertEqual([event["payload"]["number"] for event in self.log("--from", "0")], [1, 2])

    def test_each_line_is_durable_before_the_next_one_is_read(self):
        self.init()
        writer = self.start("append", self.store, "--json")
        for n in range(3):
            writer.stdin.write(event_line(n).encode())
            writer.stdin.flush()
            self.assertEqual(json.loads(self.line_from(writer))["durability"], "durable")
            self.assertEqual(len(self.log()), n + 1)

    def test_an_interrupted_append_keeps_what_it_acknowledged(self):
        self.init()
        writer = self.start("append", self.store, "--json")
        writer.stdin.write(event_line(1).encode() + b'{"half')
        writer.stdin.flush()
        self.line_from(writer)
        writer.send_signal(signal.SIGINT)
        self.assertEqual(writer.wait(60), 130)
        self.assertEqual(len(self.log()), 1)
        self.append()

    def test_bad_arguments_end_with_2_and_append_nothing(self):
        self.init()
        self.append("{oops", code=2)
        self.append("1", entity="", code=2)
        self.append("1", entity="x" * 1025, code=2)
        self.append("1", entity="$batpak/types", code=2)
        self.append("1", scope="a\nb", code=2)
        self.append("1", kind="", code=2)
        self.append("1", "--correlation", "xyz", code=2)
        self.append("1", "--meta", "no-value", code=2)
        self.append("1", "--meta", "$batpak.import.line=1", code=2)
        self.append("1", "--meta", "a=1", "--meta", "a=2", code=2)
        self.append('{"a":1,"a":2}', code=2)
        self.batpak("append", self.store, "--entity", "e", "1", code=2)
        self.batpak("append", self.store, "--entity", "e", "-", stdin="1\n", code=2)
        self.assertEqual(self.log(), [])

    def test_bytes_that_are_not_utf8_are_refused(self):
        self.init()
        answer = self.batpak("append", self.store, stdin=b'{"entity":"\xff","scope":"s","kind":"k","payload":1}\n', code=2)
        self.assertIn("line 1", answer.err)


class Keys(CommandTest):
    def new_key(self):
        key = self.path("audit.key")
        self.batpak("key", "new", key)
        return key

    def test_a_new_key_is_closed_to_others_and_never_overwritten(self):
        key = self.new_key()
        self.assertEqual(stat.S_IMODE(os.stat(key).st_mode), 0o600)
        self.batpak("key", "new", key, code=2)

    def test_a_key_that_others_may_read_is_refused(self):
        key = self.new_key()
        os.chmod(key, 0o644)
        answer = self.batpak("key", "show", key, code=3)
        self.assertIn("chmod 600", answer.err)

    def test_the_public_half_is_shown_under_the_origin_of_the_store(self):
        key = self.new_key()
        made = self.init("--origin", "example.com/audit", "--key-file", key, "--json").objects[0]
        shown = self.batpak("key", "show", key, "--store", self.store).out.strip()
        self.assertTrue(shown.startswith("example.com/audit+"))
        self.assertEqual(made["key"], shown)
        self.assertEqual(self.batpak("stat", self.store, "--json").objects[0]["key"], shown)
        self.assertEqual(len(self.batpak("key", "show", key, "--json").objects[0]["public_key"]), 64)

    def test_a_store_with_a_key_is_not_written_without_it(self):
        key = self.new_key()
        self.init("--key-file", key)
        answer = self.append(code=3)
        self.assertIn("key_required", answer.err)
        self.assertIn("--key-file", answer.err)
        other = self.path("other.key")
        self.batpak("key", "new", other)
        self.assertIn("wrong_key", self.append("1", "--key-file", other, code=3).err)
        self.assertEqual(self.log(), [])

    def test_with_a_key_the_receipt_has_the_signed_checkpoint(self):
        key = self.new_key()
        self.init("--origin", "example.com/audit", "--key-file", key)
        receipt = self.append("1", "--key-file", key, "--json").objects[0]
        origin, size, *_ = receipt["checkpoint"].splitlines()
        self.assertEqual(origin, "example.com/audit")
        self.assertGreater(int(size), receipt["sequence"])
        self.assertIn("— example.com/audit ", receipt["checkpoint"])
        self.assertIn("— example.com/audit ", self.append("2", "--key-file", key).out)
        signed = self.append("3", "--key-file", key, "--sign-events", "--json").objects[0]
        self.assertEqual(len(signed["event_signature"]), 128)

    def test_signatures_are_verified_with_the_public_half_in_every_form(self):
        key = self.new_key()
        self.init("--key-file", key)
        self.append("1", "--key-file", key)
        text = self.batpak("key", "show", key, "--store", self.store).out.strip()
        digits = self.batpak("key", "show", key).out.strip()
        for given in (text, digits, key, self.write("audit.pub", text + "\n")):
            report = self.batpak("verify", self.store, "--key", given, "--json").objects[-1]
            self.assertEqual(report["signatures"], "checked")
            self.assertGreater(report["checkpoints_verified"], 0)
        self.batpak("verify", self.store, "--key", "nonsense", code=2)
        other = self.path("other.key")
        self.batpak("key", "new", other)
        self.batpak("verify", self.store, "--key", other, code=1)


if __name__ == "__main__":
    main()
