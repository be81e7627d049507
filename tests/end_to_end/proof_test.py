"""checkpoint, prove and receipt: what others check without the store."""

import base64
import hashlib
import shutil
import unittest

from command import KEY_NAME, SignedStoreTest, event_line, main

try:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
except ImportError:
    Ed25519PrivateKey = None


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

    def test_no_receipt_drives_the_terminal(self):
        text = self.prove(self.receipts[3]["sequence"])
        record = base64.b64decode(text.split("\n")[1].removeprefix("extra "))
        entity = record.index(b"file:")
        for bad in (b"\x1b[31m", b"\n", b"\0", b"\xff"):
            forged = record[:entity] + bad + record[entity + len(bad):]
            changed = text.replace(base64.b64encode(record).decode(), base64.b64encode(forged).decode())
            shown = self.batpak("receipt", "verify", "-", "--key", self.key, stdin=changed, code=1).out
            self.assertEqual(len(shown.splitlines()), 1)
            self.assertTrue(shown.removesuffix("\n").isprintable(), shown)

    def test_the_name_of_another_log_is_not_believed_whatever_it_is(self):
        text = self.prove(self.receipts[3]["sequence"])
        bare = self.batpak("key", "show", self.key_file).out.strip()
        for origin in ("go.sum database tree", "a+b", "\x7f\x9b31m", "x" * 300):
            other = text.replace(f"\n\n{KEY_NAME}\n", f"\n\n{origin}\n")
            for key, fault in ((self.key, "unknown_origin"), (bare, "wrong_key")):
                for form in ((), ("--json",)):
                    shown = self.batpak("receipt", "verify", "-", "--key", key, *form, stdin=other, code=1).out
                    self.assertIn(fault, shown)
                    self.assertTrue(shown.removesuffix("\n").isprintable(), shown)
            answer = self.batpak("verify", self.store, "--key", bare, "--against", self.write("r", other), code=1)
            self.assertIn("known_signature", answer.out)

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
        self.batpak("receipt", "verify", self.path("nothing"), "--key", self.key, code=3)
        self.batpak("receipt", "verify", self.write("r", text), code=2)

    def test_a_policy_names_the_logs_and_how_many_witnesses_they_need(self):
        text = self.prove(self.receipts[3]["sequence"])
        trusting = self.write("policy", f"log {self.key}\nquorum none\n")
        self.assertTrue(self.verify(text, "--policy", trusting)[0]["verified"])
        broken = self.write("broken", f"log {self.key}\nquorum W\n")
        answer = self.batpak("receipt", "verify", self.write("r", text), "--policy", broken, code=2)
        self.assertIn("line 2 of the policy", answer.err)

    @unittest.skipUnless(Ed25519PrivateKey, "needs python3-cryptography")
    def test_who_cosigned_and_when_is_shown(self):
        text = self.prove(self.receipts[3]["sequence"])
        names = {0: "without a time", 1_700_000_000: "at 2023-11-14T22:13:20Z", 2**63 - 1: "which no calendar has"}
        policy = f"log {self.key}\n"
        body = text.split("\n\n", 1)[1].split("\n\n")[0] + "\n"
        keys = {}
        for number, seconds in enumerate(names):
            name = f"witness.example.com/w{number}"
            keys[name] = witness = Ed25519PrivateKey.generate()
            public = witness.public_key().public_bytes_raw()
            key_id = hashlib.sha256(name.encode() + b"\n\x04" + public).digest()[:4]
            signature = witness.sign(f"cosignature/v1\ntime {seconds}\n{body}".encode())
            line = base64.b64encode(key_id + seconds.to_bytes(8, "big") + signature).decode()
            text += f"\u2014 {name} {line}\n"
            policy += f"witness W{number} {name}+{key_id.hex()}+{base64.b64encode(bytes([4]) + public).decode()}\n"
        trusting = self.write("policy", policy + "group G all W0 W1 W2\nquorum G\n")
        said = self.verify(text, "--policy", trusting)[0]
        self.assertEqual([(one["witness"], one["key_name"], one["seconds"]) for one in said["cosignatures"]],
                         [(f"W{number}", name, seconds) for number, (name, seconds) in enumerate(zip(keys, names))])
        self.assertEqual([one.get("time") for one in said["cosignatures"]], ["1970-01-01T00:00:00Z", "2023-11-14T22:13:20Z", None])
        shown = self.batpak("receipt", "verify", "-", "--policy", trusting, stdin=text).out
        for number, (name, words) in enumerate(zip(keys, names.values())):
            line = next(line for line in shown.splitlines() if name in line)
            self.assertIn(f"{name} (W{number}), ", line)
            self.assertTrue(line.endswith(words), line)
        self.assertNotIn("cosignatures", self.verify(text)[0], "whose keys are not known")

    def test_it_is_said_what_is_not_shown_and_not_checked(self):
        lines = self.batpak("append", self.store, "--json", "--key-file", self.key_file,
                            stdin=event_line(1, meta={"by": "ann"})).objects
        text = self.prove(lines[0]["sequence"])
        bare = self.batpak("key", "show", self.key_file).out.strip()
        self.assertEqual(len(bare), 64)
        shown = self.batpak("receipt", "verify", "-", "--key", bare, stdin=text).out
        self.assertRegex(shown, "(?m)^metadata +not shown$")
        self.assertRegex(shown, "(?m)^payload +not shown$")
        self.assertRegex(shown, "(?m)^origin +not checked")
        self.assertFalse(self.verify(text, "--key", bare)[0]["origin_checked"])
        shown = self.batpak("receipt", "verify", "-", "--key", self.key, stdin=self.prove(lines[0]["sequence"], "--content")).out
        self.assertRegex(shown, '(?m)^metadata +{"by":"ann"}$')
        self.assertNotIn("not checked", shown)
        said = self.verify(self.prove(lines[0]["sequence"], "--content"))[0]
        self.assertEqual((said["metadata"], said["origin_checked"]), ({"by": "ann"}, True))

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

    def test_a_consistency_proof_is_checked_against_the_checkpoint_that_was_kept(self):
        old = self.write("old", self.batpak("checkpoint", self.store).out)
        said = self.batpak("checkpoint", self.store, "--json").objects[0]
        receipt = self.write("receipt", self.batpak("prove", "inclusion", self.store, "3").out)
        self.append("1", "--key-file", self.key_file)
        newest = self.batpak("checkpoint", self.store, "--json").objects[0]
        self.assertGreater(newest["size"], said["size"])
        proof = self.batpak("prove", "consistency", self.store, old).out
        self.assertEqual(proof, self.batpak("prove", "consistency", self.store, str(said["size"])).out)
        for kept in (old, receipt):
            answer = self.verify(proof, "--key", self.key, "--old", kept)[0]
            self.assertEqual(answer, {"verified": True, "origin": KEY_NAME, "origin_checked": True, "old_size": said["size"],
                                      "old_root": said["root"], "size": newest["size"], "root": newest["root"]})
        policy = self.write("policy", f"log {self.key}\nquorum none\n")
        chain = self.write("chain", self.batpak("key", "chain", self.store).out)
        for options in (("--policy", policy), ("--key", self.key, "--keys", chain)):
            self.assertTrue(self.verify(proof, *options, "--old", old)[0]["verified"])
        self.assertFalse(self.verify(proof, "--key", self.key_file, "--old", old)[0]["origin_checked"])
        shown = self.batpak("receipt", "verify", self.write("proof", proof), "--key", self.key, "--old", old).out
        self.assertIn(f"verified: the log {KEY_NAME} goes on from the older checkpoint", shown)
        self.assertIn(f"{said['root']} of {said['size']} events", shown)

    def test_a_consistency_proof_that_proves_nothing_is_refused_with_the_reason(self):
        note = self.batpak("checkpoint", self.store).out
        old = self.write("old", note)
        size = self.batpak("checkpoint", self.store, "--json").objects[0]["size"]
        lines = "".join(event_line(n) for n in range(9))
        self.batpak("append", self.store, "--key-file", self.key_file, stdin=lines)
        proof = self.batpak("prove", "consistency", self.store, old).out
        newer = self.write("newer", self.batpak("checkpoint", self.store).out)
        first = proof.split("\n")[1]
        other_key = self.batpak("key", "new", self.path("other.key"), "--name", KEY_NAME).lines[-1].split()[-1]
        named = self.batpak("key", "show", self.key_file, "--name", "example.com/other").out.strip()
        unsigned = self.write("unsigned", note.replace("— " + KEY_NAME, "— example.com/other"))

        def refused(fault, text, *options):
            answer = self.verify(text, *options, code=1)[0]
            self.assertEqual((answer["verified"], answer["fault"]), (False, fault))

        with_key = ("--key", self.key, "--old", old)
        refused("malformed", "old\n", *with_key)
        refused("malformed", proof.replace(first, "x", 1), *with_key)
        refused("malformed", self.batpak("prove", "inclusion", self.store, "3").out, *with_key)
        refused("wrong_proof", proof.replace(first + "\n", "", 1), *with_key)
        refused("wrong_size", proof.replace(f"old {size}", f"old {size - 1}", 1), *with_key)
        refused("wrong_size", self.batpak("prove", "consistency", self.store, "3").out, *with_key)
        refused("rolled_back", self.batpak("prove", "consistency", self.store, "3").out.split("\n\n")[0] + "\n\n"
                + note, "--key", self.key, "--old", newer)
        refused("refused_old.wrong_key", proof, "--key", self.key, "--old", unsigned)
        refused("refused_old.wrong_key", proof, "--key", other_key, "--old", old)
        refused("refused_old.unknown_origin", proof, "--key", named, "--old", old)
        refused("refused_new.wrong_key", proof.replace("— " + KEY_NAME, "— example.com/other"), *with_key)
        self.assertIn("--old", self.batpak("receipt", "verify", "-", "--key", self.key, stdin=proof, code=2).err)
        self.batpak("receipt", "verify", "-", "--key", self.key, "--old", self.path("absent"), stdin=proof, code=3)
        self.batpak("receipt", "verify", "-", "--key", self.key, "--old", self.write("junk", "junk"), stdin=proof, code=2)

    def test_a_log_that_was_written_anew_proves_nothing_about_the_checkpoint_of_before(self):
        copy = self.path("copy")
        shutil.copytree(self.store, copy)
        self.batpak("append", self.store, "--key-file", self.key_file, stdin="".join(event_line(n) for n in range(9)))
        old = self.write("old", self.batpak("checkpoint", self.store).out)
        size = self.batpak("checkpoint", self.store, "--json").objects[0]["size"]
        answer = self.batpak("prove", "consistency", copy, old, code=1)
        self.assertIn("rolled_back", answer.err)
        self.assertIn("--against", answer.err)
        self.batpak("append", copy, "--key-file", self.key_file, stdin="".join(event_line(n) for n in range(50, 70)))
        answer = self.batpak("prove", "consistency", copy, old, code=1)
        self.assertIn("forked", answer.err)
        # Whoever asks by the size alone gets a proof, which their checkpoint refuses.
        proof = self.batpak("prove", "consistency", copy, str(size)).out
        self.assertEqual(self.verify(proof, "--key", self.key, "--old", old, code=1)[0]["fault"], "wrong_proof")
        other = self.path("other")
        self.batpak("init", other, "--origin", "example.com/other", "--key-file", self.key_file)
        self.batpak("append", other, "--key-file", self.key_file, stdin=event_line(1))
        self.assertIn("is of the log", self.batpak("prove", "consistency", other, old, code=1).err)
        self.batpak("prove", "consistency", copy, self.path("absent"), code=3)

    def test_a_store_without_a_key_proves_nothing_to_others(self):
        plain = self.path("plain")
        self.batpak("init", plain)
        answer = self.batpak("prove", "inclusion", plain, "0", code=3)
        self.assertIn("key", answer.err)
        self.assertEqual(len(self.batpak("checkpoint", plain).lines), 3)


if __name__ == "__main__":
    main()
