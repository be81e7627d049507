"""Lanes of an entity. This version of the command makes none, and shows those that a later one may have made."""

import os
import struct
import sys

from command import KEY_NAME, SOURCE, CommandTest, main

sys.path.insert(0, os.path.join(SOURCE, "tests", "conformance"))
from reader import commit, frame, segment  # noqa: E402: found only now
from reader.crc32c import crc32c  # noqa: E402
from reader.tree import Tree  # noqa: E402

LANE = 3


def with_crc(part, salt=b""):
    return struct.pack("<I", crc32c(salt + part)) + part


def in_another_lane(raw):
    """The frame, as the first event of another lane, which branches from the event before."""
    header = bytearray(raw[48:48 + struct.unpack_from("<I", raw, 12)[0]])
    struct.pack_into("<I", header, 16, LANE)
    struct.pack_into("<Q", header, len(header) - 88, 0)
    changed = raw[4:16] + frame.parse_header(bytes(header)).hash + bytes(header) + raw[48 + len(header):]
    return with_crc(changed)


class Lanes(CommandTest):
    def setUp(self):
        super().setUp()
        key_file = self.path("audit.key")
        self.key = self.batpak("key", "new", key_file, "--name", KEY_NAME).lines[-1].split()[-1]
        self.init("--origin", KEY_NAME, "--key-file", key_file)
        for number in range(3):
            self.append(f'{{"n":{number}}}', "--key-file", key_file)
        self.branch()
        self.append('{"n":3}', "--key-file", key_file)
        self.batpak("verify", self.store, "--key", self.key)
        self.branched = next(event for event in self.log() if event["lane"] == LANE)

    def branch(self):
        """Puts the last event into a lane of its own, and leaves out what stands behind it."""
        path, = self.segments()
        with open(path, "rb") as file:
            content = file.read()
        header = segment.parse_header(content)
        pieces = segment.Walk(content, header.number, header.salt).pieces
        last = [piece.header for piece in pieces if piece.header.type == commit.EVENTS][-1]
        tree = Tree()
        for piece in (piece for piece in pieces if piece.offset <= last.offset):
            at = piece.offset + commit.HEADER_BYTES
            for _ in range(piece.header.count):
                raw = content[at:at + struct.unpack_from("<I", content, at + 4)[0]]
                changed = in_another_lane(raw) if piece.offset == last.offset else raw
                tree.add(frame.parse(changed).stored_hash)
                at += len(raw)
        end = content[at + 8:last.end.offset]  # behind the size
        body = changed + struct.pack("<Q", tree.size) + tree.root() + end[32:]
        rest = content[last.offset + 8:last.offset + commit.HEADER_BYTES]
        crc = struct.pack("<I", crc32c(header.salt + rest + body))
        with open(path, "wb") as file:
            file.write(content[:last.offset] + with_crc(crc + rest, header.salt) + body)

    def test_get_names_the_lane(self):
        shown = self.batpak("get", self.store, self.branched["id"]).out
        self.assertRegex(shown, rf"stream version  0  \(lane {LANE}\)")
        self.assertNotIn("lane", self.batpak("get", self.store, str(self.branched["sequence"] - 1)).out)

    def test_a_receipt_names_the_lane(self):
        receipt = self.batpak("prove", "inclusion", self.store, self.branched["id"]).out
        shown = self.batpak("receipt", "verify", "-", "--key", self.key, stdin=receipt).out
        self.assertRegex(shown, rf"stream version  0  \(lane {LANE}\)")

    def test_history_draws_each_lane(self):
        lines = self.batpak("history", self.store, "order:7").lines
        titles = [line for line in lines if line.startswith("order:7")]
        self.assertEqual(titles, ["order:7  3 events", f"order:7  lane {LANE}  1 event"])
        self.assertEqual(sum(line.startswith("●") for line in lines), 4)
        events = self.batpak("history", self.store, "order:7", "--json").objects
        self.assertEqual([(event["lane"], event["stream_version"]) for event in events], [(0, 2), (0, 1), (0, 0), (LANE, 0)])

    def test_history_says_how_many_events_lanes_have_that_a_limit_hides(self):
        lines = self.batpak("history", self.store, "order:7", "--limit", "1").lines
        self.assertEqual(lines[-1], f"order:7  lane {LANE}  1 event")
        self.assertEqual(len(self.batpak("history", self.store, "order:7", "--limit", "1", "--json").objects), 1)


if __name__ == "__main__":
    main()
