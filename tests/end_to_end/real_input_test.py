"""The histories of two real repositories, where they lie beside the project."""

import gzip
import json
import os
import unittest

from command import SOURCE, CommandTest, main

DATA = os.path.join(SOURCE, "..", "shared", "data")
FILES = [os.path.join(DATA, name) for name in ("git-leveldb.jsonl.gz", "git-fmt.jsonl.gz")]


@unittest.skipUnless(all(map(os.path.exists, FILES)), "git-leveldb.jsonl.gz and git-fmt.jsonl.gz are not in ../shared/data")
class RealInput(CommandTest):
    def test_two_histories_are_imported_verified_and_given_back(self):
        self.init()
        counts = [self.batpak("import", self.store, file, "--json").objects[0]["imported"] for file in FILES]
        self.assertEqual(counts, [2650, 13493])

        report = self.batpak("verify", self.store, "--json").objects[-1]
        self.assertEqual((report["clean"], report["tail"]), (True, "clean"))

        links = self.batpak("history", self.store, "file:include/fmt/format.h", "--json").objects
        self.assertEqual(len(links), 1472)
        for newer, older in zip(links, links[1:]):
            self.assertEqual(newer["previous_hash"], older["event_hash"])
        drawn = self.batpak("history", self.store, "file:include/fmt/format.h").lines
        self.assertEqual(sum(line.startswith("●") for line in drawn), 1472)

        source = [json.loads(line) for file in FILES for line in gzip.open(file, "rt", encoding="utf-8")]
        given_back = self.log("--from", "0")
        self.assertEqual(len(given_back), len(source))
        for event, original in zip(given_back, source):
            self.assertEqual(event["payload"], original["payload"])
            self.assertEqual((event["entity"], event["scope"], event["kind"], event["correlation"]),
                             (original["entity"], original["scope"], original["kind"], original["correlation"]))
            self.assertEqual(event["metadata"]["occurred_at"], original["occurred_at"])

        for file in FILES:
            self.assertIn("nothing to do", self.batpak("import", self.store, file).out)


if __name__ == "__main__":
    main()
