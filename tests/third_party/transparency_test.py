"""What batpak hands to strangers, checked and made by somebody else's code: the note and tlog packages of golang.org/x/mod.

transparency.go is built and asked; BATPAK_GO_SOURCES says where the packages are.
"""

import base64
import json
import os
import random
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "end_to_end"))

from command import KEY_NAME, PATIENCE, SignedStoreTest, main  # noqa: E402

SEED_BYTES = 32  # of an Ed25519 key, the last ones of its PKCS#8 form


class Stranger:
    """A running transparency.go."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self):
        self.process.communicate(timeout=PATIENCE)


class Transparency(SignedStoreTest):
    def setUp(self):
        super().setUp()
        self.stranger = Stranger(os.environ["BATPAK_TRANSPARENCY"])
        self.addCleanup(self.stranger.end)
        self.hashes = [event["event_hash"] for event in reversed(self.log("--all"))]
        self.size = self.batpak("checkpoint", self.store, "--json").objects[0]["size"]
        self.assertEqual(self.size, len(self.hashes))
        with open(self.key_file) as file:
            pem = "".join(line for line in file if not line.startswith("-----"))
        self.seed = base64.b64decode(pem)[-SEED_BYTES:].hex()

    def inclusion(self, sequence, *options):
        return self.batpak("prove", "inclusion", self.store, str(sequence), *options).out

    def consistency(self, size):
        return self.batpak("prove", "consistency", self.store, str(size)).out

    def make(self, what, hashes, **request):
        made = self.stranger.ask(Do=f"make_{what}", Origin=KEY_NAME, Seed=self.seed, Hashes=hashes, **request)
        self.assertNotIn("refused", made)
        return made["text"]

    def checkpoint_of(self, hashes):
        """The note of the log that these events would be, signed with the store's key."""
        return self.make("consistency", hashes, Size=len(hashes)).split("\n\n", 1)[1]

    def check_inclusion(self, text, key=None):
        return self.stranger.ask(Do="check_inclusion", Key=key or self.key, Text=text).get("refused")

    def check_consistency(self, old, text):
        return self.stranger.ask(Do="check_consistency", Key=self.key, Old=old, Text=text).get("refused")

    # Witness: tree_root_is_rfc6962
    def test_believes_every_receipt(self):
        for sequence in range(self.size):
            self.assertIsNone(self.check_inclusion(self.inclusion(sequence)), sequence)
        self.assertIsNone(self.check_inclusion(self.inclusion(self.size - 1, "--content")))

    def test_writes_every_receipt_as_batpak_does_to_the_byte(self):
        for sequence in range(self.size):
            ours = self.inclusion(sequence)
            extra = ours.split("\n")[1].removeprefix("extra ")
            self.assertEqual(self.make("inclusion", self.hashes, Index=sequence, Extra=extra), ours)

    def test_believes_that_the_log_goes_on_from_each_earlier_one(self):
        for size in range(1, self.size + 1):
            self.assertIsNone(self.check_consistency(self.checkpoint_of(self.hashes[:size]), self.consistency(size)), size)

    def test_proves_as_batpak_does_that_the_log_goes_on(self):
        for size in range(1, self.size + 1):
            self.assertEqual(self.make("consistency", self.hashes, Size=size), self.consistency(size))

    def test_takes_another_log_for_another_as_batpak_does(self):
        forked = self.hashes[:20] + [self.hashes[21], self.hashes[20]] + self.hashes[22:]
        for size in range(1, self.size + 1):
            against = self.write("against", self.checkpoint_of(forked[:size]))
            holds = size <= 20
            with open(against) as file:
                refused = self.check_consistency(file.read(), self.consistency(size))
            self.assertEqual(refused is None, holds, (size, refused))
            self.batpak("verify", self.store, "--key", self.key, "--against", against, code=0 if holds else 1)

    def test_believes_no_receipt_that_batpak_refuses_unless_its_own_form_is_wrong(self):
        """The stranger knows nothing of the event's fields: it may believe what batpak does not, never the other way round."""
        chance = random.Random(1)
        text = self.inclusion(17)
        fields = range(text.index("extra "), text.index("\nindex "))
        refused = 0
        for _ in range(300):
            at = chance.randrange(len(text))
            changed = text[:at] + chance.choice("AQgw019+/=\n \u2014") + text[at + 1:]
            said = self.batpak("receipt", "verify", "-", "--key", self.key, stdin=changed, code=None)
            if self.check_inclusion(changed) is None:
                self.assertTrue(said.code == 0 or at in fields, (at, changed[at], said.out))
            else:
                self.assertEqual(said.code, 1, (at, changed[at]))
                refused += 1
        self.assertGreater(refused, 100)

    def test_believes_no_receipt_by_another_key(self):
        other = self.batpak("key", "new", self.path("other.key"), "--name", KEY_NAME).lines[-1].split()[-1]
        self.assertIn("no verifiable signatures", self.check_inclusion(self.inclusion(3), key=other))


if __name__ == "__main__":
    main()
