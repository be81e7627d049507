"""heads, prove complete and prove absent: that nothing was left out."""

import base64
import hashlib
import json
import struct
import unittest

from command import KEY_NAME, SignedStoreTest, main


class Heads(SignedStoreTest):
    def setUp(self):
        super().setUp()
        self.events = self.batpak("log", self.store, "--from", "0", "--json").objects
        self.entity = self.events[3]["entity"]

    def declare(self):
        return self.batpak("heads", self.store, "--key-file", self.key_file, "--json").objects[0]

    def prove(self, what, entity, *options, code=0):
        return self.batpak("prove", what, self.store, entity, *options, code=code)

    def test_all_events_of_an_entity_are_proven(self):
        declared = self.declare()
        for entity in {event["entity"] for event in self.events}:
            summary, *events = self.verify(self.prove("complete", entity).out)
            expected = [event["event_hash"] for event in self.events if event["entity"] == entity]
            self.assertEqual((summary["verified"], summary["type"], summary["entity"]), (True, "complete", entity))
            self.assertEqual([event["event_hash"] for event in events], expected)
            self.assertEqual((summary["events"], summary["log_size"]), (len(expected), declared["sequence"]))
            self.assertNotIn("payload", events[0])

    def test_what_can_be_no_entity_is_neither_proven_nor_believed_to_be_absent(self):
        self.declare()
        text = self.prove("absent", "m").out
        for entity in (b"m\xff", b"m\n", b"m\x1b[31m", b"\xc2\x85"):
            self.assertIn("invalid_coordinate", self.prove("absent", entity, code=2).err)
            self.assertIn("invalid_coordinate", self.prove("complete", entity, code=2).err)
            changed = text.replace("entity bQ==\n", f"entity {base64.b64encode(entity).decode()}\n")
            self.assertNotEqual(changed, text)
            self.assertEqual(self.verify(changed, code=1)[0]["fault"], "malformed")

    def test_it_is_said_in_words(self):
        self.declare()
        text = self.prove("complete", self.entity, "--content").out
        count = sum(event["entity"] == self.entity for event in self.events)
        size = self.events[-1]["sequence"] + 1
        shown = self.batpak("receipt", "verify", self.write("p", text), "--key", self.key).out
        self.assertIn(f"verified: these are all {count} events of {self.entity} in the log {KEY_NAME} of {size} events", shown)
        self.assertIn(json.dumps(self.events[3]["payload"], separators=(",", ":")), shown)
        text = self.prove("absent", "nobody").out
        shown = self.batpak("receipt", "verify", self.write("p", text), "--key", self.key).out
        self.assertIn(f"verified: the log {KEY_NAME} of {size} events has no event of nobody", shown)

    def test_payloads_are_shown_where_asked_to(self):
        self.declare()
        _, *events = self.verify(self.prove("complete", self.entity, "--content").out)
        self.assertEqual(events[0]["payload"], next(event["payload"] for event in self.events if event["entity"] == self.entity))

    def test_an_absence_is_proven_of_what_is_not_there_only(self):
        self.declare()
        for entity in ("!", "$batpak/none", self.entity + "0", self.entity[:-1], "zzz", "ä"):
            said = self.verify(self.prove("absent", entity).out)
            self.assertEqual((len(said), said[0]["type"], said[0]["entity"]), (1, "absent", entity))
            self.assertIn("no events", self.prove("complete", entity, code=1).err)
        self.assertIn("has events", self.prove("absent", self.entity, code=1).err)
        self.assertEqual(self.prove("absent", self.entity, code=1).out, "")

    def test_without_a_declaration_it_says_what_to_do(self):
        self.assertIn("batpak heads", self.prove("complete", self.entity, code=1).err)

    def test_later_events_are_no_part_of_it_and_are_remarked_on(self):
        self.declare()
        before = self.prove("complete", self.entity)
        self.assertEqual(before.err, "")
        self.batpak("append", self.store, "--key-file", self.key_file, "--entity", self.entity, "--scope", "s", "--kind", "k", "{}")
        after = self.prove("complete", self.entity)
        self.assertIn("after the heads were declared", after.err)
        count = sum(event["entity"] == self.entity for event in self.events)
        self.assertEqual(self.verify(after.out)[0]["events"], count)
        self.declare()
        self.assertEqual(self.verify(self.prove("complete", self.entity).out)[0]["events"], count + 1)

    def test_a_proof_that_is_not_believed_says_why_and_ends_with_1(self):
        self.declare()
        text = self.prove("complete", self.entity).out
        other = self.batpak("key", "new", self.path("other.key"), "--name", KEY_NAME).lines[-1].split()[-1]
        self.assertEqual(self.verify(text, "--key", other, code=1)[0]["fault"], "refused_declaration.wrong_key")
        lines = text.split("\n")
        last = max(at for at, line in enumerate(lines) if line.startswith("event "))
        self.assertEqual(self.verify("\n".join(lines[:last] + lines[last + 1:]), code=1)[0]["fault"], "missing_event")
        first = min(at for at, line in enumerate(lines) if line.startswith("stream "))
        second = min(at for at, line in enumerate(lines) if line.startswith("stream ") and at > first)
        self.assertEqual(self.verify("\n".join(lines[:first] + lines[second:]), code=1)[0]["fault"], "missing_neighbour")
        self.assertEqual(self.verify(text[:-20], code=1)[0]["fault"], "malformed")

    def test_a_policy_does_as_well(self):
        self.declare()
        trusting = self.write("policy", f"log {self.key}\nquorum none\n")
        self.assertTrue(self.verify(self.prove("absent", "nobody").out, "--policy", trusting)[0]["verified"])

    def test_the_leaves_are_those_of_the_format(self):
        """By docs/FORMAT.md and docs/PROOFS.md alone."""
        self.declare()
        lines = self.prove("complete", self.entity).out.split("\n")
        self.assertEqual(lines[0], "batpak.stream-proof@v1")
        self.assertEqual(base64.b64decode(lines[1].removeprefix("entity ")).decode(), self.entity)
        hashes = [event["event_hash"] for event in self.events if event["entity"] == self.entity]
        leaf = (b"batpakH1" + struct.pack("<IIQ", 0, len(self.entity), len(hashes)) + bytes.fromhex(hashes[-1])
                + self.entity.encode())
        stream = next(line for line in lines if line.startswith("stream ") and base64.b64decode(line.split()[2]) == leaf)
        at = int(stream.split()[1])
        node = hashlib.sha256(b"\0" + leaf).digest()
        path = []
        for line in lines[lines.index(stream) + 1:]:
            if " " in line or not line:
                break
            path.append(base64.b64decode(line))
        streams = self.batpak("verify", self.store, "--json").objects[-1]["streams"] - 1  # but for that of the declaration
        last = streams - 1
        for beside in path:
            if at & 1 or at == last:
                node = hashlib.sha256(b"\1" + beside + node).digest()
                while not at & 1 and at:
                    at, last = at >> 1, last >> 1
            else:
                node = hashlib.sha256(b"\1" + node + beside).digest()
            at, last = at >> 1, last >> 1
        self.assertEqual(last, 0)
        declared = self.batpak("log", self.store, "--all", "--json", "--limit", "1").objects[0]["payload"]
        self.assertIn(node.hex(), json.dumps(declared) + "".join(base64.b64decode(value).hex() for value in self._texts(declared)))

    @staticmethod
    def _texts(value):
        for item in (value.values() if isinstance(value, dict) else [value]):
            if isinstance(item, dict):
                yield from Heads._texts(item)
            elif isinstance(item, str) and len(item) % 4 == 0:
                yield item

    def test_a_store_without_a_key_declares_and_proves_nothing_to_others(self):
        plain = self.path("plain")
        self.batpak("init", plain)
        self.assertIn("no key", self.batpak("heads", plain).err)
        self.assertIn("key", self.batpak("prove", "absent", plain, "nobody", code=3).err)

    def test_a_verified_store_is_clean_with_its_declarations(self):
        for _ in range(3):
            self.declare()
        self.batpak("verify", self.store, "--key", self.key)


if __name__ == "__main__":
    main()
