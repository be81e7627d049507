"""What is said when something does not go: it names what was given, and a way out that is one."""

import os
import shutil
import unittest

from command import CommandTest, SignedStoreTest, main


class Files(CommandTest):
    def setUp(self):
        super().setUp()
        self.key_file = self.path("audit.key")
        self.batpak("key", "new", self.key_file)
        self.public = self.write("audit.pub", self.batpak("key", "show", self.key_file).out)
        self.init()

    def test_what_is_no_signing_key_is_not_to_be_closed_to_others(self):
        os.chmod(self.public, 0o644)
        link = self.path("link")
        os.symlink(self.key_file, link)
        for file in (self.public, link, self.place):
            answer = self.append("1", "--key-file", file, code=3)
            self.assertIn("insecure_key_file", answer.err)
            self.assertIn(file, answer.err)
            self.assertNotIn("chmod", answer.err)

    def test_a_directory_is_not_said_to_be_no_file(self):
        answer = self.batpak("verify", self.store, "--key", self.place, code=2)
        self.assertIn("not a regular file", answer.err)
        self.assertNotIn("no such file", answer.err)
        self.assertIn("is empty", self.batpak("verify", self.store, "--key", self.write("nothing", ""), code=2).err)

    def test_a_missing_directory_of_a_file_is_no_missing_store(self):
        absent = self.path("absent")
        for answer in (self.append("1", "--witness", absent + "/w", "--witness-create", code=3),
                       self.batpak("init", self.path("new"), "--witness", absent + "/w", code=3),
                       self.batpak("audit", self.store, "--html", absent + "/report.html", code=3)):
            self.assertIn(absent, answer.err)
            self.assertNotIn("batpak init", answer.err)
        self.assertFalse(os.path.exists(self.path("new")))

    def test_a_directory_of_other_things_is_not_told_to_be_made_a_store(self):
        self.write("something", "")
        answer = self.batpak("init", self.place, code=3)
        self.assertIn("not_a_store", answer.err)
        self.assertNotIn("batpak init", answer.err)

    def test_a_key_whose_name_is_refused_leaves_no_file(self):
        file = self.path("new.key")
        self.batpak("key", "new", file, "--name", "a b", code=2)
        self.assertFalse(os.path.exists(file))

    def test_a_store_without_a_log_cannot_be_salvaged(self):
        shutil.rmtree(os.path.join(self.store, "log"))
        answer = self.batpak("salvage", self.store, self.path("new"), code=3)
        self.assertIn("restore a copy", answer.err)
        self.assertNotIn("batpak salvage", answer.err)

    def test_no_store_is_salvaged_into_itself(self):
        os.symlink(self.store, self.path("way"))
        for new in (os.path.join(self.store, "new"), os.path.join(self.store, "log", "new"), self.path("way/new")):
            self.assertIn("inside of the damaged one", self.batpak("salvage", self.store, new, code=2).err)
            self.assertFalse(os.path.exists(new))
        self.batpak("verify", self.store)

    def test_a_report_is_not_written_into_the_store(self):
        segment = self.segments()[0]
        inside = os.path.join(self.store, "report.html")
        os.symlink(self.store, self.path("way"))
        os.symlink(segment, self.path("link"))
        os.symlink(inside, self.path("dangling"))
        for path in (segment, inside, self.path("way/report.html"), self.path("link"), self.path("dangling"), self.store,
                     os.path.join(self.store, "log", "..", "report.html")):
            answer = self.batpak("audit", self.store, "--html", path, code=2)
            self.assertIn("into the store's directory", answer.err)
            self.assertFalse(os.path.exists(inside))
        self.batpak("verify", self.store)
        self.assertIn("is a directory", self.batpak("audit", self.store, "--html", self.place, code=2).err)
        self.batpak("audit", self.store, "--html", self.store + ".html")

    def test_a_store_that_is_gone_cannot_be_taken_as_it_is(self):
        witness = self.path("witness")
        self.append("1", "--witness", witness, "--witness-create")
        shutil.rmtree(self.store)
        for options in ((), ("--accept-restore",)):
            answer = self.batpak("init", self.store, "--witness", witness, *options, code=1)
            self.assertIn("rolled_back", answer.err)
            self.assertIn("put a copy of the store back", answer.err)
            self.assertNotIn("--accept-restore", answer.err)


class NothingSigned(CommandTest):
    def test_a_store_whose_key_has_not_signed_is_none_without_a_key(self):
        key = self.path("audit.key")
        self.batpak("key", "new", key)
        self.init("--key-file", key)
        self.cut_to_genesis(self.store)
        for command in (("inclusion", self.store, "0"), ("consistency", self.store, "1")):
            answer = self.batpak("prove", *command, code=1)
            self.assertIn("the first one is with the next event", answer.err)
            self.assertNotIn("no key", answer.err)
        answer = self.batpak("checkpoint", self.store, "--json")
        self.assertFalse(answer.objects[0]["signed"])
        self.assertIn("is signed yet", answer.err)
        self.append("1", "--key-file", key)
        self.batpak("prove", "inclusion", self.store, "0")
        self.assertTrue(self.batpak("checkpoint", self.store, "--json").objects[0]["signed"])


class Proofs(SignedStoreTest):
    def test_a_size_that_the_log_does_not_have_is_named_without_alarm(self):
        answer = self.batpak("prove", "consistency", self.store, "999", code=1)
        self.assertIn("999 events", answer.err)
        self.assertNotIn("put back", answer.err)

    def test_what_says_nothing_of_the_log_is_told_from_what_does(self):
        self.batpak("heads", self.store, "--key-file", self.key_file)
        self.append("1", "--key-file", self.key_file)
        proof = self.write("proof", self.batpak("prove", "complete", self.store, "file:0").out)
        chain = self.write("chain", self.batpak("key", "chain", self.store).out)
        for file, said in ((proof, "a proof about an entity"), (chain, "a chain of keys"), (self.write("nothing", ""), "is empty"),
                           (self.write("other", "other\n"), "malformed")):
            answer = self.batpak("verify", self.store, "--against", file, code=2)
            self.assertIn(file, answer.err)
            self.assertIn(said, answer.err)
            self.assertIn("a checkpoint, a receipt or a witness file belongs here", answer.err)

    def test_an_empty_receipt_is_said_to_be_empty(self):
        self.assertIn("empty", self.verify("", code=1)[0]["message"])

    def test_a_proof_says_of_which_events_it_says_nothing(self):
        size = self.log("--all", "--from", "0")[-1]["sequence"] + 1
        self.batpak("heads", self.store, "--key-file", self.key_file)
        self.append("1", "--key-file", self.key_file)
        self.append("2", "--key-file", self.key_file)
        proof = self.batpak("prove", "absent", self.store, "nobody").out
        summary = self.verify(proof)[0]
        self.assertEqual(summary["log_size"], size)
        self.assertGreater(summary["size"], size + 1)
        shown = self.batpak("receipt", "verify", "-", "--key", self.key, stdin=proof).out
        self.assertIn(f"the signed log has {summary['size']} events; nothing is said of {size} to {summary['size'] - 1}", shown)


if __name__ == "__main__":
    main()
