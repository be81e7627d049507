"""checkpoint, prove and receipt: what others check without the store."""

import base64
import hashlib
import unittest

from command import KEY_NAME, SignedStoreTest, main


def leaf(event_hash):
    return hashlib.sha256(b"\0" + event_hash).digest()


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


class Proofs(SignedStoreTest):
    def prove(self, sequence, *options):
        return self.batpak("prove", "inclusion", self.store, str(sequence), *options).out

    def test_a_receipt_verifies_without_the_store(self):
        for receipt in self.receipts:
            said = self.verify(self.prove(receipt["sequence"]))[0]
            self.assertEqual((said["verified"], said["sequence"], said["event_hash"]), (True, receipt["sequence"], receipt["event_hash"]))
            self.assertNotIn("payload", said)

    def test_a_receipt_shows_the_payload_where_asked_to(self):
        said = self.verify(self.prove(self.receipts[5]["sequence"], "--content"))[0]
        self.assertEqual(said["payload"], {"number": 5})
        shown = self.batpak("receipt", "verify", self.write("r", self.prove(self.receipts[5]["sequence"])), "--key", self.key).out
        self.assertIn("verified: the log example.com/audit holds this event", shown)

    def test_a_receipt_is_a_proof_that_needs_no_batpak(self):
        """By the text of C2SP tlog-proof and RFC 9162 alone."""
        receipt = self.receipts[11]
        proof, origin_and_rest = self.prove(receipt["sequence"]).split("\n\n", 1)
        lines = proof.split("\n")
        self.assertEqual(lines[0], "c2sp.org/tlog-proof@v1")
        self.assertEqual(lines[2], f"index {receipt['sequence']}")
        origin, size, root = origin_and_rest.split("\n")[:3]
        self.assertEqual(origin, KEY_NAME)
        at, last = receipt["sequence"], int(size) - 1
        computed = leaf(bytes.fromhex(receipt["event_hash"]))
        for line in lines[3:]:
            beside = base64.b64decode(line, validate=True)
            if at & 1 or at == last:
                computed = node(beside, computed)
                while not at & 1 and at:
                    at, last = at >> 1, last >> 1
            else:
                computed = node(computed, beside)
            at, last = at >> 1, last >> 1
        self.assertEqual(last, 0)
        self.assertEqual(base64.b64encode(computed).decode(), root)

    def test_a_receipt_that_is_not_believed_says_why_and_ends_with_1(self):
        text = self.prove(self.receipts[3]["sequence"])
        other = self.batpak("key", "new", self.path("other.key"), "--name", KEY_NAME).lines[-1].split()[-1]
        elsewhere = self.batpak("key", "show", self.key_file, "--name", "example.com/other").out.strip()
        self.assertEqual(self.verify(text, "--key", other, code=1)[0]["fault"], "wrong_key")
        self.assertEqual(self.verify(text, "--key", elsewhere, code=1)[0]["fault"], "unknown_origin")
        self.assertEqual(self.verify(text.replace("index ", "index 9"), code=1)[0]["fault"], "index_beyond_size")
        self.assertEqual(self.verify(text[:-20], code=1)[0]["fault"], "malformed")
        self.assertEqual(self.verify("", code=1)[0]["fault"], "malformed")
        self.batpak("receipt", "verify", self.path("nothing"), "--key", self.key, code=1)
        self.batpak("receipt", "verify", self.write("r", text), code=2)

    def test_a_policy_names_the_logs_and_how_many_witnesses_they_need(self):
        text = self.prove(self.receipts[3]["sequence"])
        trusting = self.write("policy", f"log {self.key}\nquorum none\n")
        self.assertTrue(self.verify(text, "--policy", trusting)[0]["verified"])
        broken = self.write("broken", f"log {self.key}\nquorum W\n")
        answer = self.batpak("receipt", "verify", self.write("r", text), "--policy", broken, code=2)
        self.assertIn("line 2 of the policy", answer.err)

    def test_the_checkpoint_is_a_signed_note(self):
        text = self.batpak("checkpoint", self.store).out
        said = self.batpak("checkpoint", self.store, "--json").objects[0]
        self.assertEqual(said["note"], text)
        self.assertEqual(text.split("\n")[:2], [KEY_NAME, str(said["size"])])
        self.assertIn(f"\n\n\u2014 {KEY_NAME} ", text)

    def test_the_log_goes_on_from_each_earlier_checkpoint(self):
        size = self.batpak("checkpoint", self.store, "--json").objects[0]["size"]
        for old in range(size + 1):
            text = self.batpak("prove", "consistency", self.store, str(old)).out
            self.assertTrue(text.startswith(f"old {old}\n"))
            self.assertIn(f"\n\n{KEY_NAME}\n{size}\n", text)
        self.batpak("prove", "consistency", self.store, str(size + 1), code=1)

    def test_a_store_without_a_key_proves_nothing_to_others(self):
        plain = self.path("plain")
        self.batpak("init", plain)
        answer = self.batpak("prove", "inclusion", plain, "0", code=3)
        self.assertIn("key", answer.err)
        self.assertEqual(len(self.batpak("checkpoint", plain).lines), 3)


if __name__ == "__main__":
    main()
