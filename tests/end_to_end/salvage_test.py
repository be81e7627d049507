"""batpak salvage: going on in a new store that is as safe as the one that init makes."""

import os
import shutil
import signal
import time

from command import CommandTest, event_line, main

ORIGIN = "example.com/after"


class Salvage(CommandTest):
    def setUp(self):
        super().setUp()
        self.new = self.path("new")
        self.keys, self.public = {}, {}
        for name in ("first", "second", "recovery"):
            self.keys[name] = self.path(f"{name}.key")
            self.public[name] = self.batpak("key", "new", self.keys[name]).out.strip()
        self.init("--key-file", self.keys["first"], "--recovery-key", self.public["recovery"])
        self.fill("first")

    def fill(self, key, count=20):
        self.batpak("append", self.store, "--key-file", self.keys[key], stdin="".join(event_line(n) for n in range(count)))

    def salvage(self, *arguments, source=None, code=0):
        return self.batpak("salvage", source or self.store, self.new, *arguments, code=code)

    def signed(self, *arguments):
        return self.salvage("--key-file", self.keys["second"], *arguments)

    def test_makes_a_store_whose_key_can_be_revoked_and_whose_rollback_is_noticed(self):
        witness = self.path("witness")
        done = self.signed("--recovery-key", self.public["recovery"], "--origin", ORIGIN, "--witness", witness)
        self.assertEqual(done.err, "")
        self.assertIn(f"identity, {ORIGIN}", done.out)
        key = done.out.rsplit("its key for those who verify: ", 1)[1].strip()
        self.assertEqual(key, self.batpak("key", "show", self.keys["second"], "--store", self.new).out.strip())
        verified = self.batpak("verify", self.new, "--key", key, "--against", witness).out
        self.assertIn("goes on from 1 of 1 known checkpoint, 1 signature verified", verified)
        third = self.path("third.key")
        self.batpak("key", "new", third)
        self.batpak("key", "revoke", self.new, "--recovery-key-file", self.keys["recovery"], "--key-file", third, "--witness", witness)
        shutil.rmtree(self.new)
        self.assertIn("rolled_back", self.batpak("append", self.new, "--key-file", third, "--witness", witness, "--entity", "e",
                                                 "--scope", "s", "--kind", "k", "1", code=1).err)

    def test_says_the_key_in_json_too(self):
        report = self.signed("--json", "--origin", ORIGIN).objects[0]
        self.assertEqual(report["key"], self.batpak("key", "show", self.keys["second"], "--store", self.new).out.strip())
        self.assertNotIn("key", self.batpak("salvage", self.store, self.path("unsigned"), "--json").objects[0])

    def test_warns_of_a_key_that_nobody_can_revoke(self):
        self.assertIn("no recovery key is named", self.signed().err)

    def test_takes_a_recovery_key_only_with_a_key(self):
        self.assertIn("belongs to --key-file", self.salvage("--recovery-key", self.public["recovery"], code=2).err)
        self.assertFalse(os.path.exists(self.new))

    def test_says_that_a_signed_store_goes_on_unsigned(self):
        self.assertIn("--key-file", self.salvage().err)
        self.assertEqual(self.batpak("salvage", self.new, self.path("again")).err, "", "that one was not signed")

    def test_refuses_the_recovery_key_and_a_revoked_one(self):
        self.assertIn("recovery key of the damaged store", self.salvage("--key-file", self.keys["recovery"], code=2).err)
        self.batpak("key", "revoke", self.store, "--recovery-key-file", self.keys["recovery"], "--key-file", self.keys["second"])
        refused = self.salvage("--key-file", self.keys["first"], code=3)
        self.assertIn("wrong_key", refused.err)
        self.assertIn("batpak key new", refused.err)
        self.assertFalse(os.path.exists(self.new))
        self.signed("--recovery-key", self.public["recovery"])

    def test_names_the_new_directory_where_that_holds_other_things(self):
        os.mkdir(self.new)
        self.write("new/file", "")
        for name in (self.new, self.new + "/"):
            refused = self.batpak("salvage", self.store, name, code=3).err
            self.assertIn(f"[{self.new}]", refused)
            self.assertIn("choose a directory that is empty or not there yet", refused)
            self.assertNotIn("restore a copy", refused)

    def test_says_of_what_is_no_store_that_one_is_to_be_named(self):
        empty = self.path("newer")  # whose name begins as that of the new store does
        os.mkdir(empty)
        self.assertIn("restore a copy", self.salvage(source=empty, code=3).err)

    def test_does_not_tell_to_append_to_the_store_that_is_there(self):
        self.salvage()
        refused = self.salvage(code=3).err
        self.assertIn("already_a_store", refused)
        self.assertNotIn("append", refused)

    def kill_one(self):
        """Leaves a part of a copy."""
        self.batpak("append", self.store, "--key-file", self.keys["first"], "--batch", "1000",
                    stdin="".join(event_line(n) for n in range(20000)))
        for _ in range(50):
            running = self.start("salvage", self.store, self.new)
            while running.poll() is None and not os.path.exists(self.new + ".unfinished/salvage.tmp"):
                time.sleep(0)
            running.send_signal(signal.SIGKILL)
            running.communicate()
            if os.path.exists(self.new + ".unfinished/salvage.tmp"):
                return
            for left in (self.new, self.new + ".unfinished"):
                shutil.rmtree(left, ignore_errors=True)
        self.fail("the salvage could not be caught in the middle")

    def test_leaves_no_store_when_it_is_killed(self):
        self.kill_one()
        left = self.new + ".unfinished"
        refused = self.salvage(code=3).err
        self.assertIn("remove it and try again", refused)
        self.assertIn(f"[{left}]", refused)
        self.assertTrue(refused.endswith("]\n"), refused)
        event = ["--entity", "e", "--scope", "s", "--kind", "k", "1"]
        for command in (["append", left, *event], ["log", left], ["salvage", left, self.path("other")]):
            self.assertIn("a salvage that did not finish", self.batpak(*command, code=3).err)
        self.assertNotIn("batpak init", self.batpak("append", left, *event, code=3).err)
        self.batpak("verify", left, code=1)
        shutil.rmtree(left)
        self.salvage()

    def test_shows_where_each_event_was(self):
        self.salvage()
        old = self.batpak("log", self.store, "--json", "--from", "0").objects
        new = self.batpak("log", self.new, "--json", "--from", "0").objects
        self.assertEqual([event["salvaged_from"] for event in new],
                         [{"sequence": event["sequence"], "event_hash": event["event_hash"]} for event in old])
        self.assertNotIn("salvaged_from", old[0])
        shown = new[0]["salvaged_from"]
        self.assertEqual(self.batpak("get", self.new, new[0]["id"], "--json").objects[0]["salvaged_from"], shown)
        self.assertIn(f"salvaged from   {shown['event_hash']}  (sequence {shown['sequence']})",
                      self.batpak("get", self.new, new[0]["id"]).out)

    def test_is_named_by_verify(self):
        self.assertNotIn("salvage", self.batpak("verify", self.store).out)
        stat = self.batpak("stat", self.store, "--json").objects[0]
        self.salvage()
        self.assertIn(f"salvage    event 1 says that what is here was salvaged from {stat['origin']}, where 0 events were lost\n",
                      self.batpak("verify", self.new).out)
        report = self.batpak("verify", self.new, "--json").objects[-1]
        self.assertEqual((report["clean"], report["salvages_omitted"]), (True, 0))
        self.assertEqual(report["salvages"], [{"sequence": 1, "source_origin": stat["origin"],
                                               "source_store_id": stat["store_id"], "events_lost": 0}])


if __name__ == "__main__":
    main()
