"""key rotate, revoke, history and chain: a store whose key changes, and those who follow it."""

import base64
import html
import os
import re
import shutil
import unittest

from command import CommandTest, event_line, main

NAME = "example.com/audit"


class Keys(CommandTest):
    def setUp(self):
        super().setUp()
        self.files, self.public = {}, {}
        for name in ("first", "second", "third", "recovery"):
            self.files[name] = self.path(f"{name}.key")
            self.public[name] = self.batpak("key", "new", self.files[name], "--name", NAME).out.strip()
        recovery = self.write("recovery.pub", self.public["recovery"] + "\n")
        self.batpak("init", self.store, "--origin", NAME, "--key-file", self.files["first"], "--recovery-key", recovery)
        self.add("first", 3)

    def add(self, key, count):
        lines = "".join(event_line(n) for n in range(count))
        return self.batpak("append", self.store, "--json", "--key-file", self.files[key], stdin=lines).objects

    def rotate(self, old, new, code=0):
        return self.batpak("key", "rotate", self.store, "--key-file", self.files[old], "--new-key-file", self.files[new], code=code)

    def revoke(self, successor, *options, by="recovery", code=0):
        return self.batpak("key", "revoke", self.store, "--recovery-key-file", self.files[by], "--key-file", self.files[successor],
                           *options, code=code)

    def history(self):
        return self.batpak("key", "history", self.store, "--json").objects

    def verified(self, key):
        return self.batpak("verify", self.store, "--json", "--key", self.public[key]).objects[-1]

    def test_a_rotation_hands_over_to_the_new_key(self):
        said = self.rotate("first", "second")
        self.assertIn("the key changed at sequence 5", said.out)
        self.assertIn(self.public["second"], said.out)
        self.assertIn("changed already", self.rotate("first", "second").out)
        refused = self.batpak("append", self.store, "--json", "--key-file", self.files["first"], stdin=event_line(1), code=3)
        self.assertIn("wrong_key", refused.err)
        self.add("second", 2)
        for key in ("first", "second"):
            report = self.verified(key)
            self.assertTrue(report["clean"])
            self.assertEqual([span["declared_by"] for span in report["keys"]], ["first", "rotation"])
            self.assertEqual(report["events_not_yet_signed"], 0)
        self.assertEqual(self.batpak("verify", self.store, "--key", self.public["third"], code=1).code, 1)
        self.assertEqual([span.get("until") for span in self.history()], [5, None])
        self.assertEqual(self.batpak("key", "show", self.files["first"], "--store", self.store).out.strip(), self.public["first"])

    def test_a_key_that_a_store_gets_later_is_told_to_be_for_good(self):
        store = self.path("later.batpak")
        self.batpak("init", store)
        event = ["--entity", "e", "--scope", "s", "--kind", "k", "1"]
        self.assertIn("the store has no key", self.batpak("verify", store).out)
        refused = self.batpak("append", store, *event, "--key-file", self.files["first"], code=2)
        self.assertIn("--first-key", refused.err)
        self.assertEqual(self.batpak("key", "history", store).out.strip(), "the store has no key", "nothing was appended")
        given = self.batpak("append", store, *event, "--key-file", self.files["first"], "--first-key", "--recovery-key",
                            self.public["recovery"])
        self.assertIn("for good", given.err)
        shown = self.batpak("key", "show", self.files["recovery"], "--store", store)
        self.assertIn("recovery key", shown.err)
        self.assertEqual(self.batpak("append", store, *event, "--key-file", self.files["first"]).err, "")
        self.assertIn("key_required", self.batpak("append", store, *event, code=3).err)
        self.assertIn("not checked", self.batpak("verify", store).out)

    def test_a_revocation_is_said_again_and_may_reach_further_back(self):
        self.assertIn(self.public["first"], self.revoke("second", "--from", "4").out)
        again = self.revoke("second", "--from", "4")
        self.assertIn("changed already", again.out)
        self.assertIn("revoked from sequence 4 on: " + self.public["first"], again.out)
        self.assertIn("revoked from sequence 2 on", self.revoke("second", "--from", "2").out)
        self.assertEqual(self.history()[0]["revoked_from"], 2)
        for key in ("first", "second"):
            report = self.verified(key)
            self.assertTrue(report["clean"])
            self.assertEqual(report["events_not_yet_signed"], 0)

    def test_a_recovery_key_is_told_from_others_before_it_is_needed(self):
        shown = self.batpak("key", "show", self.files["recovery"], "--store", self.store)
        self.assertIn("this is the store's recovery key", shown.err)
        self.assertIn("wrong_key", self.batpak("key", "show", self.files["third"], "--store", self.store, code=3).err)

    def test_a_public_key_is_taken_as_openssl_writes_it(self):
        content = bytes.fromhex(self.batpak("key", "show", self.files["first"]).out.strip())
        encoded = base64.b64encode(bytes.fromhex("302a300506032b6570032100") + content).decode()
        pem = self.write("public.pem", f"-----BEGIN PUBLIC KEY-----\n{encoded}\n-----END PUBLIC KEY-----\n")
        self.assertIn("clean", self.batpak("verify", self.store, "--key", pem).out)
        spoiled = self.write("spoiled.pem", f"-----BEGIN PUBLIC KEY-----\n{encoded[:-8]}\n-----END PUBLIC KEY-----\n")
        self.assertIn("malformed_key", self.batpak("verify", self.store, "--key", spoiled, code=2).err)

    def test_a_key_does_not_belong_into_a_store(self):
        inside = os.path.join(self.store, "new.key")
        self.assertIn("keep the key elsewhere", self.batpak("key", "new", inside, code=2).err)
        self.assertFalse(os.path.exists(inside))
        shutil.copy(self.files["first"], inside)
        self.assertIn("lies in the store", self.append("1", "--key-file", inside).err)

    def test_a_key_in_the_place_of_its_file_is_not_shown(self):
        with open(self.files["first"]) as file:
            text = file.read()
        refused = self.append("1", "--key-file", text, code=3)
        self.assertNotIn(text.split("\n")[1], refused.err)

    def test_keys_in_wrong_roles_are_refused(self):
        self.rotate("first", "second")
        self.assertIn("wrong_key", self.rotate("first", "third", code=3).err)
        self.assertIn("wrong_key", self.rotate("second", "first", code=3).err)
        self.assertIn("invalid_argument", self.rotate("second", "second", code=2).err)

    def test_the_recovery_key_never_becomes_the_one_that_signs(self):
        before = self.history()
        for refused in (self.batpak("init", self.path("other"), "--key-file", self.files["first"], "--recovery-key",
                                    self.public["first"], code=2),
                        self.rotate("first", "recovery", code=2), self.revoke("recovery", code=2)):
            self.assertIn("invalid_argument", refused.err)
            self.assertIn("could then revoke it, and the owner would be locked out", refused.err)
        self.assertFalse(os.path.exists(self.path("other")))
        self.assertEqual(self.history(), before)

    def test_a_store_without_a_recovery_key_is_told_that_it_will_never_have_one(self):
        said = self.batpak("init", self.path("other"), "--key-file", self.files["first"])
        self.assertIn("no recovery key is named, and none can be named later", said.err)
        self.assertEqual(len(said.err.splitlines()), 1)
        self.assertEqual(self.batpak("init", self.path("third"), "--key-file", self.files["first"], "--recovery-key",
                                     self.public["recovery"]).err, "")
        self.assertEqual(self.batpak("init", self.path("fourth")).err, "")

    def test_changes_of_keys_keep_the_witness_file_and_are_held_against_it(self):
        witness = self.path("witness")
        copy = self.path("copy")
        shutil.copytree(self.store, copy)
        self.rotate("first", "second", code=0)
        self.batpak("append", self.store, "--key-file", self.files["second"], "--witness", witness, "--witness-create",
                    stdin=event_line(1))
        newest = self.path("newest")
        shutil.copytree(self.store, newest)

        def change(*options, code):
            return self.batpak(*options, "--witness", witness, code=code)

        def rotate(key, new_key, *options, code=0):
            return change("key", "rotate", self.store, "--key-file", self.files[key], "--new-key-file", self.files[new_key],
                          *options, code=code)

        shutil.rmtree(self.store)
        shutil.copytree(copy, self.store)
        self.assertIn("rolled_back", rotate("first", "third", code=1).err)
        self.assertIn("rolled_back", change("key", "revoke", self.store, "--recovery-key-file", self.files["recovery"],
                                            "--key-file", self.files["third"], code=1).err)
        self.assertEqual(len(self.history()), 1)
        self.assertIn("it was taken as it is", rotate("first", "third", "--accept-restore").err)
        with open(witness, encoding="utf-8") as file:
            said = file.read()
        self.assertEqual(int(said.split("\n")[3]), self.batpak("verify", self.store, "--json").objects[-1]["size"])
        os.remove(witness)
        self.assertIn("witness_missing", rotate("first", "third", code=3).err)
        rotate("first", "third", "--witness-create", "--witness-strict")
        self.assertTrue(os.path.exists(witness))

    def test_a_chain_that_ends_too_early_is_told_to_be_old_perhaps(self):
        self.batpak("heads", self.store, "--key-file", self.files["first"])
        chain = self.write("chain", self.batpak("key", "chain", self.store).out)
        self.rotate("first", "second")
        self.add("second", 1)
        self.batpak("heads", self.store, "--key-file", self.files["second"])
        self.add("second", 1)
        for proof in (("inclusion", self.store, "3"), ("complete", self.store, "file:0")):
            receipt = self.batpak("prove", *proof).out
            said = self.batpak("receipt", "verify", "-", "--key", self.public["first"], "--keys", chain, stdin=receipt, code=1)
            self.assertIn("wrong_key", said.out)
            self.assertIn("a newer chain of keys", said.err)
            said = self.batpak("receipt", "verify", "-", "--key", self.public["first"], stdin=receipt, code=1)
            self.assertIn("--keys FILE", said.err)

    def test_the_recovery_key_revokes_a_leaked_one(self):
        self.assertIn("wrong_key", self.revoke("second", by="third", code=3).err)
        self.revoke("second", "--from", "3")
        self.add("second", 1)
        report = self.verified("first")
        self.assertTrue(report["clean"])
        self.assertEqual(report["keys"][0]["revoked_from"], 3)
        self.assertEqual(report["keys"][1]["declared_by"], "revocation")
        shown = self.batpak("verify", self.store, "--key", self.public["first"]).out
        self.assertIn("signed from 3 on counts only against a checkpoint kept elsewhere", shown)
        self.assertIn("revoked from 3 on", self.batpak("key", "history", self.store).out)

    def test_a_lost_key_is_revoked_with_nothing_taken_back(self):
        size = self.batpak("checkpoint", self.store, "--json").objects[0]["size"]
        self.revoke("second")
        self.assertEqual(self.history()[0]["revoked_from"], size)

    def test_a_chain_leads_from_the_first_key_to_the_last(self):
        self.rotate("first", "second")
        self.revoke("third", "--from", "6")
        receipt = self.write("receipt", self.batpak("prove", "inclusion", self.store, "3").out)
        chain = self.write("chain", self.batpak("key", "chain", self.store).out)
        alone = self.batpak("receipt", "verify", receipt, "--key", self.public["first"], "--json", code=1).objects[0]
        self.assertEqual(alone["fault"], "wrong_key")
        for key in ("first", "second", "third"):
            said = self.batpak("receipt", "verify", receipt, "--key", self.public[key], "--keys", chain, "--json").objects[0]
            self.assertTrue(said["verified"])
        said = self.batpak("receipt", "verify", receipt, "--key", self.public["recovery"], "--keys", chain, "--json", code=1)
        self.assertEqual(said.objects[0]["fault"], "wrong_key")
        half = self.write("half", self.batpak("key", "chain", self.store).out[:900])
        said = self.batpak("receipt", "verify", receipt, "--key", self.public["first"], "--keys", half, "--json", code=1)
        self.assertEqual(said.objects[0]["fault"], "malformed")
        self.assertIn(half, said.objects[0]["message"])

    def audit(self, *options):
        """What an audit says, on standard output and on its page."""
        page = self.path("report.html")
        shown = self.batpak("audit", self.store, "--html", page, *options).out
        with open(page, encoding="utf-8") as file:
            return shown, html.unescape(re.sub("<[^>]*>", "\t", file.read()))

    def test_an_audit_shows_every_key_how_it_came_and_from_where_it_is_revoked(self):
        shown, page = self.audit()
        self.assertIn(f"key: {self.public['first']}, from 0 on, declared first, in force\n", shown)
        self.assertNotIn("revoked", shown.lower())
        self.rotate("first", "second")
        self.revoke("third", "--from", "6")
        self.add("third", 1)
        shown, page = self.audit("--key", self.public["first"])
        rotated, revoked = (span["from"] for span in self.history()[1:])
        meaning = "what the key of 5 signed from 6 on counts only against a checkpoint kept elsewhere, or a later key known from elsewhere"
        self.assertIn(f"key: {self.public['first']}, from 0 until {rotated}, declared first, handed over\n"
                      f"key: {self.public['second']}, from {rotated} until {revoked}, by rotation, revoked from 6 on\n"
                      f"key: {self.public['third']}, from {revoked} on, by revocation of a key before it, in force\n"
                      f"revoked: {meaning}\n", shown)
        rows = [re.sub("\t+", "\t", row).strip() for row in page.split("The keys")[1].splitlines()]
        for row in (f"0\t{rotated}\tdeclared first\thanded over\t{self.public['first']}",
                    f"{rotated}\t{revoked}\tby rotation\trevoked from 6 on\t{self.public['second']}",
                    f"{revoked}\tby revocation of a key before it\tin force\t{self.public['third']}", f"Revoked: {meaning}."):
            self.assertIn(row, rows)
        self.assertIn(meaning, self.batpak("verify", self.store).out)
        self.assertNotIn("nfinished: ", shown + page)

    def test_a_change_that_no_checkpoint_covers_is_shown_as_unfinished(self):
        self.rotate("first", "second")
        # As a crash between the two leaves it: with the commit of the change, and without the one that holds its checkpoint.
        (segment,) = self.segments()
        with open(segment, "r+b") as file:
            content = file.read()
            self.assertIn(b"previous_key", content)
            file.truncate(content.rfind(b"bpkC") - 8)
        sentence = "no signed checkpoint covers the last change of keys yet"
        self.assertRegex(self.batpak("verify", self.store).out, "unfinished +" + sentence)
        shown, page = self.audit()
        self.assertIn(f"key: {self.public['first']}, from 0 until 5, declared first, handing over\n"
                      f"key: {self.public['second']}, from 5 on, by rotation, not finished\nunfinished: {sentence}\n", shown)
        self.assertIn(f"Unfinished: {sentence}.", page)

    def test_a_revocation_that_leaves_the_key_in_force_makes_no_other_one(self):
        self.rotate("first", "second")
        self.revoke("second", "--revoked-key", self.public["first"], "--from", "3")
        self.add("second", 1)
        self.assertEqual([span["declared_by"] for span in self.history()], ["first", "rotation", "revocation"])
        at = self.history()[-1]["from"]
        self.assertIn("2, one after the other", self.batpak("verify", self.store, "--key", self.public["second"]).out)
        listed = self.batpak("key", "history", self.store)
        self.assertEqual(len(listed.lines), 3, "a title and two keys")
        self.assertNotIn("handed over", listed.out)
        state = f"in force, confirmed by the revocation at {at}"
        self.assertRegex(listed.out, f" 5 +- +rotation +{state} ")
        shown, page = self.audit()
        self.assertEqual(shown.count("\nkey: "), 2)
        self.assertIn(f"key: {self.public['second']}, from 5 on, by rotation, {state}\n", shown)
        self.assertIn(state, page)

    def test_a_store_without_a_key_has_no_history(self):
        plain = self.path("plain")
        self.batpak("init", plain)
        self.assertIn("no key", self.batpak("key", "history", plain).out)
        self.assertIn("key_required", self.batpak("key", "chain", plain, code=3).err)
        answer = self.batpak("key", "revoke", plain, "--recovery-key-file", self.files["recovery"], "--key-file",
                             self.files["first"], code=3)
        self.assertIn("wrong_key", answer.err)
        self.assertIn("--key-file", self.batpak("init", self.path("other"), "--recovery-key", self.public["recovery"], code=2).err)


if __name__ == "__main__":
    main()
