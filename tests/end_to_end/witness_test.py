"""What is kept outside of a store: witness files, --against, and the auditor's report."""

import html.parser
import os
import re
import shutil
import unittest

from command import KEY_NAME, SOURCE, CommandTest, event_line, main


class Kept(CommandTest):
    """A store of 20 events, a copy of it, and 20 more events in the store."""

    def setUp(self):
        super().setUp()
        self.key_file = self.path("audit.key")
        self.key = self.batpak("key", "new", self.key_file, "--name", KEY_NAME).lines[-1].split()[-1]
        self.witness = self.path("witness")
        self.batpak("init", self.store, "--origin", KEY_NAME, "--key-file", self.key_file, "--witness", self.witness)
        self.fill(20)
        self.copy = self.path("copy")
        shutil.copytree(self.store, self.copy)
        self.fill(20)

    def fill(self, count, *options, code=0):
        given = options or ("--witness", self.witness)
        lines = "".join(event_line(n) for n in range(count))
        return self.batpak("append", self.store, "--json", "--key-file", self.key_file, *given, stdin=lines, code=code)

    def put_copy_back(self):
        shutil.rmtree(self.store)
        shutil.copytree(self.copy, self.store)

    def keep(self, name, *command):
        return self.write(name, self.batpak(*command).out)

    def verify(self, *options, code=0):
        return self.batpak("verify", self.store, "--json", "--key", self.key, *options, code=code).objects


class WitnessFiles(Kept):
    # Witness: rollback_is_noticed
    def test_an_older_copy_is_refused_until_it_is_accepted(self):
        self.put_copy_back()
        answer = self.fill(1, code=1)
        self.assertIn("rolled_back", answer.err)
        self.assertIn("--accept-restore", answer.err)
        self.assertIn("it was taken as it is", self.fill(1, "--witness", self.witness, "--accept-restore").err)
        self.fill(1)
        own = [event for event in self.log("--all", "--from", "0") if event["kind"] == "batpak.restore"]
        self.assertEqual(len(own), 1)
        self.assertIn(KEY_NAME, own[0]["payload"]["given_up"])
        self.assertEqual(self.verify()[-1]["findings"], 0)

    def test_an_accepted_restore_is_a_note_of_whoever_verifies(self):
        self.assertNotIn("restores", self.verify()[-1])
        before = self.batpak("verify", self.store, "--json").objects[-1]
        self.put_copy_back()
        self.fill(1, "--witness", self.witness, "--accept-restore")
        report = self.verify()[-1]
        own = next(event for event in self.log("--all", "--from", "0") if event["kind"] == "batpak.restore")
        self.assertEqual((report["clean"], report["restores_omitted"]), (True, 0))
        self.assertEqual(report["restores"],
                         [{"sequence": own["sequence"], "given_up_size": before["size"], "given_up_root": before["root"]}])
        sentence = f"event {own['sequence']} says that an older copy was put back on purpose; given up were {before['size']} events"
        self.assertIn(sentence, self.batpak("verify", self.store).out)
        page = self.path("page.html")
        self.assertIn(sentence, self.batpak("audit", self.store, "--html", page).out)
        with open(page, encoding="utf-8") as file:
            self.assertIn(sentence, file.read())

    def test_one_that_is_linked_to_is_written_where_it_is(self):
        os.mkdir(self.path("elsewhere"))
        link = self.path("link")
        os.symlink("elsewhere/witness", link)
        self.fill(1, "--witness", link, "--witness-create")
        self.assertTrue(os.path.islink(link))
        with open(self.path("elsewhere/witness"), encoding="utf-8") as file:
            kept = file.read()
        self.fill(1, "--witness", link)
        self.assertTrue(os.path.islink(link))
        with open(self.path("elsewhere/witness"), encoding="utf-8") as file:
            self.assertNotEqual(file.read(), kept)
        self.batpak("verify", self.store, "--against", link)

    def test_one_inside_of_the_store_is_refused(self):
        os.symlink(self.store, self.path("way"))
        for path in (os.path.join(self.store, "w"), os.path.join(self.store, "log", "w"), self.path("way/w")):
            self.assertIn("inside of the store's directory", self.fill(1, "--witness", path, "--witness-create", code=2).err)
            self.assertFalse(os.path.exists(path))

    def test_another_history_in_a_copy_is_refused(self):
        self.put_copy_back()
        self.batpak("append", self.store, "--key-file", self.key_file, stdin="".join(event_line(n) for n in range(90, 130)))
        self.assertIn("forked", self.fill(1, code=1).err)

    def test_a_missing_one_is_an_error_unless_it_may_be_made(self):
        os.remove(self.witness)
        self.assertIn("--witness-create", self.fill(1, code=3).err)
        self.fill(1, "--witness", self.witness, "--witness-create", "--witness-strict")
        self.assertTrue(os.path.exists(self.witness))

    def test_one_of_another_store_is_refused(self):
        self.batpak("init", self.path("other"), "--witness", self.path("w2"))
        self.assertIn("witness_foreign", self.fill(1, "--witness", self.path("w2"), code=3).err)


class Against(Kept):
    def test_what_is_no_regular_file_is_refused(self):
        pipe = self.path("pipe")
        os.mkfifo(pipe)
        receipt = self.batpak("prove", "inclusion", self.store, "3").out
        for command in (("verify", self.store, "--against", pipe), ("receipt", "verify", pipe, "--key", self.key),
                        ("receipt", "verify", "-", "--policy", pipe), ("receipt", "verify", self.place, "--key", self.key)):
            answer = self.batpak(*command, stdin=receipt, code=2)
            self.assertIn("not a regular file", answer.err)

    # Witness: rollback_is_noticed
    def test_a_checkpoint_a_receipt_and_a_witness_file_each_notice_a_log_that_was_put_back(self):
        kept = [
            self.keep("checkpoint", "checkpoint", self.store),
            self.keep("receipt", "prove", "inclusion", self.store, "30"),
            self.witness,
        ]
        for file in kept:
            report = self.verify("--against", file)[-1]
            self.assertEqual((report["findings"], report["known_checkpoints_held"]), (0, 1))
        self.put_copy_back()
        self.assertEqual(self.verify()[-1]["findings"], 0, "alone it is a whole log")
        for file in kept:
            self.assertEqual(self.verify("--against", file, code=1)[0]["law"], "rolled_back")
        self.batpak("append", self.store, "--key-file", self.key_file, stdin="".join(event_line(n) for n in range(90, 130)))
        self.assertEqual(self.verify()[-1]["findings"], 0, "alone it is a whole log")
        for file in kept:
            self.assertEqual({finding["law"] for finding in self.verify("--against", file, code=1)[:-1]}, {"forked"})

    def test_older_checkpoints_hold(self):
        old = self.keep("old", "checkpoint", self.copy)
        new = self.keep("new", "checkpoint", self.store)
        self.assertEqual(self.verify("--against", old, "--against", new)[-1]["known_checkpoints_held"], 2)

    def test_the_checkpoint_of_another_log_is_a_finding_whatever_its_name(self):
        text = self.batpak("checkpoint", self.store).out
        for origin in ("go.sum database tree", "\x7f\x9b31m"):
            foreign = self.write("foreign", text.replace(KEY_NAME, origin, 1))
            for form in ((), ("--json",)):
                shown = self.batpak("verify", self.store, *form, "--against", foreign, code=1).out
                self.assertIn("is of the log '", shown)
                self.assertTrue(all(line.isprintable() for line in shown.split("\n")), shown)

    def test_the_witness_file_of_another_store_is_said_to_be_that_once(self):
        other, key = self.path("other"), self.path("other.key")
        self.batpak("key", "new", key)
        for origin in ("example.com/other", KEY_NAME):
            shutil.rmtree(other, ignore_errors=True)
            foreign = self.path("other.witness")
            self.batpak("init", other, "--origin", origin, "--key-file", key, "--witness", foreign)
            with open(foreign, encoding="utf-8") as file:
                store_id = file.read().splitlines()[1].split()[1]
            os.rename(foreign, self.path("kept.witness"))
            for options in ((), ("--key", self.key)):
                finding, report = self.batpak("verify", self.store, "--json", *options, "--against", self.path("kept.witness"),
                                              code=1).objects
                self.assertEqual((finding["law"], report["findings"], report["known_checkpoints_held"]), ("forked", 1, 0))
                self.assertIn(f"is the witness file of another store, {store_id} ('{origin}')", finding["message"])

    def test_what_the_log_says_to_be_given_up_is_named_where_it_is_held_against_it(self):
        kept = self.keep("kept", "checkpoint", self.store)
        older = self.keep("older", "checkpoint", self.copy)
        self.put_copy_back()
        self.assertNotIn("given up", self.verify("--against", kept, code=1)[0]["message"])
        self.fill(30, "--witness", self.witness, "--accept-restore")
        event = next(event for event in self.log("--all", "--from", "0") if event["kind"] == "batpak.restore")
        *findings, report = self.verify("--against", kept, "--against", older, code=1)
        self.assertEqual([finding["law"] for finding in findings], ["forked"])
        self.assertTrue(findings[0]["message"].endswith(f"; event {event['sequence']} says that it was given up"), findings)
        self.assertEqual(report["known_checkpoints_held"], 1)

    def test_what_nobody_with_the_key_signed_is_refused(self):
        text = self.batpak("checkpoint", self.store).out
        forged = self.write("forged", text.replace("\n" + str(len(self.log("--all"))) + "\n", "\n9\n", 1))
        *findings, report = self.verify("--against", forged, code=1)
        self.assertEqual([finding["law"] for finding in findings if finding["law"] != "forked"], ["known_signature"])
        self.assertIn(forged, [finding["message"] for finding in findings if finding["law"] == "known_signature"][0])
        self.assertEqual((report["known_checkpoints_held"], report["known_signatures_verified"]), (0, 0))

    def test_each_is_judged_by_the_key_that_the_log_had_then(self):
        old = self.keep("old", "checkpoint", self.copy)
        receipt = self.keep("receipt", "prove", "inclusion", self.copy, "3")
        second, other = self.path("second.key"), self.path("other.key")
        new_key = self.batpak("key", "new", second, "--name", KEY_NAME).out.strip()
        self.batpak("key", "rotate", self.store, "--key-file", self.key_file, "--new-key-file", second)
        self.batpak("append", self.store, "--key-file", second, stdin=event_line(1))
        new = self.keep("new", "checkpoint", self.store)
        for key in (self.key, new_key):
            report = self.batpak("verify", self.store, "--json", "--key", key, "--against", old, "--against", receipt,
                                 "--against", new).objects[-1]
            self.assertEqual((report["known_checkpoints_held"], report["known_signatures_verified"]), (3, 3))
        self.assertIn("goes on from 1 of 1 known checkpoint, 1 signature verified",
                      self.batpak("verify", self.store, "--key", new_key, "--against", old).out)
        self.assertIn("signatures not checked", self.batpak("verify", self.store, "--against", old).out)
        # The same checkpoint, with a signature by somebody else.
        forger = self.path("forger")
        self.batpak("key", "new", other, "--name", KEY_NAME)
        self.batpak("init", forger, "--origin", KEY_NAME, "--key-file", other)
        self.batpak("append", forger, "--key-file", other, stdin=event_line(1))
        signature = self.batpak("checkpoint", forger).out.splitlines()[-1]
        with open(old, encoding="utf-8") as file:
            forged = self.write("forged", file.read().rsplit("\n", 2)[0] + "\n" + signature + "\n")
        answer = self.batpak("verify", self.store, "--key", new_key, "--against", forged, code=1)
        self.assertIn("is signed neither by the key given", answer.out)
        report = self.batpak("audit", self.store, "--json", "--key", new_key, "--against", forged, "--against", old, code=1).objects[0]
        self.assertEqual([(known["held"], known["signature_verified"]) for known in report["against"]], [(False, False), (True, True)])

    def test_a_receipt_that_does_not_hold_in_itself_is_refused_without_a_key_too(self):
        text = self.batpak("prove", "inclusion", self.store, "30").out
        before, after = text.split("index 30\n")
        path, note = after.split("\n\n", 1)
        size = len(self.log("--all", "--from", "0"))
        wrong = {
            f"{before}index {size + 5}\n{after}": "index_beyond_size",
            f"{before}index {10 ** 12}\n{after}": "index_beyond_size",
            f"{before}index 31\n{after}": "wrong_index",
            f"{before}index 30\n" + path.split("\n", 1)[1] + "\n\n" + note: "wrong_path",
        }
        for receipt, fault in wrong.items():
            for options in ((), ("--key", self.key)):
                answer = self.batpak("verify", self.store, *options, "--against", self.write("wrong", receipt), code=1)
                self.assertIn(fault, answer.err)

    def test_a_key_with_a_name_is_that_of_the_log_with_this_name(self):
        other = "example.com/other"
        same_key = self.batpak("key", "show", self.key_file, "--name", other).out.strip()
        finding, report = self.batpak("verify", self.store, "--json", "--key", same_key, code=1).objects
        self.assertEqual((finding["law"], report["clean"], report["findings"]), ("unknown_origin", False, 1))
        self.assertIn(f"'{KEY_NAME}'", finding["message"])
        self.assertIn(f"'{other}'", finding["message"])
        self.assertIn("unknown_origin", self.batpak("verify", self.store, "--key", same_key, code=1).out)
        audited = self.batpak("audit", self.store, "--json", "--key", same_key, code=1).objects[0]
        self.assertEqual((audited["key"], audited["findings"]), (same_key, [finding]))
        checks = {law["law"]: law["check"] for law in audited["laws"]}
        self.assertEqual((checks["unknown_origin"], checks["checkpoint_signature"]), ("broken", "held"))
        # A file with such a key is no other key; one without a name says nothing of the log's.
        self.batpak("verify", self.store, "--key", self.write("other.pub", same_key + "\n"), code=1)
        bare = self.batpak("key", "history", self.store, "--json").objects[0]["public_key"]
        for key in (bare, self.key_file):
            self.batpak("verify", self.store, "--key", key)
            audited = self.batpak("audit", self.store, "--json", "--key", key).objects[0]
            self.assertEqual(audited["key"], self.key)
            self.assertEqual({law["law"]: law["check"] for law in audited["laws"]}["unknown_origin"], "not_checked")

    def test_what_is_no_memory_of_a_log_is_refused(self):
        self.batpak("verify", self.store, "--against", self.write("nothing", "nothing"), code=2)
        self.batpak("verify", self.store, "--against", self.path("absent"), code=3)


class Shown(html.parser.HTMLParser):
    """That a page is well-formed, and what it refers to."""

    VOID = {"meta", "rect"}

    def __init__(self):
        super().__init__()
        self.open, self.text, self.refers, self.bars = [], "", [], []

    def handle_starttag(self, tag, attributes):
        if tag == "rect":
            self.bars.append(dict(attributes))
        self.refers += [value for name, value in attributes if name in ("src", "href")]
        if tag not in self.VOID or tag == "rect":
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        if tag == "rect":
            self.bars.append(dict(attributes))

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (self.open, tag)
        self.open.pop()

    def handle_data(self, data):
        self.text += data


class Audit(Kept):
    def audit(self, *options, code=0):
        page = self.path("report.html")
        answer = self.batpak("audit", self.store, "--json", "--html", page, *options, code=code)
        shown = Shown()
        with open(page, encoding="utf-8") as file:
            shown.feed(file.read())
        self.assertEqual(shown.open, [])
        self.assertEqual(shown.refers, [], "the page needs nothing else")
        self.bars = shown.bars
        return answer.objects[0], shown.text

    @staticmethod
    def named(report, check):
        return {law["law"] for law in report["laws"] if law["check"] == check}

    def test_a_clean_store_is_reported_with_its_checkpoint_and_every_law(self):
        checkpoint = self.keep("checkpoint", "checkpoint", self.copy)
        report, page = self.audit("--key", self.key, "--against", checkpoint)
        self.assertTrue(report["clean"])
        # One segment of events without metadata, none of them in a batch or signed by itself; and nobody declared heads.
        self.assertEqual(self.named(report, "nothing_to_check"),
                         {"segment_seal", "metadata_hash", "rule_hash", "batch", "heads", "event_signature"})
        self.assertEqual(self.named(report, "held") | self.named(report, "nothing_to_check"), {law["law"] for law in report["laws"]})
        with open(os.path.join(SOURCE, "docs", "FORMAT.md"), encoding="utf-8") as file:
            table = file.read().split("| law | what does not hold")[1].split("\n\n")[0]
        named = set(re.findall(r"`([a-z_]+)`", "".join(row.split("|")[1] for row in table.splitlines()[2:])))
        self.assertEqual({law["law"] for law in report["laws"]}, named)
        self.assertTrue(report["against"][0]["held"])
        self.assertIn(report["report"]["root"], page)
        self.assertIn("Nothing was found wrong", page)
        self.assertEqual(sum(segment["events"] for segment in report["segments"]), report["report"]["events"])

    def test_the_picture_shows_each_segment_as_long_as_its_file_and_where_its_commits_are(self):
        report, page = self.audit("--key", self.key)
        self.assertEqual([segment["bytes"] for segment in report["segments"]], [os.path.getsize(path) for path in self.segments()])
        self.assertNotIn(" 0 B", page)
        bars = [bar for bar in self.bars if bar["fill"] == "var(--bar)"]
        self.assertEqual(len(bars), len(self.segments()))
        self.assertEqual(max(float(bar["width"]) for bar in bars), 790)
        self.assertTrue(all(float(bar["width"]) > 0 for bar in bars))
        self.assertGreater(len({bar["x"] for bar in self.bars if bar["fill"] == "var(--ink)"}), 0)

    def test_what_was_not_checked_is_said(self):
        report, page = self.audit()
        checks = {law["law"]: law["check"] for law in report["laws"]}
        self.assertEqual((checks["checkpoint_signature"], checks["forked"], checks["event_hash"]), ("not_checked", "not_checked", "held"))
        self.assertIn("No key was given", page)
        self.assertEqual(len(report["limits"]), 3)

    def test_a_law_holds_once_there_is_something_that_it_is_about(self):
        lines = "".join(event_line(n, meta={"by": "alice"}) for n in range(5))
        self.batpak("append", self.store, "--key-file", self.key_file, "--batch", "5", "--sign-events", stdin=lines)
        self.batpak("heads", self.store, "--key-file", self.key_file)
        checkpoint = self.keep("checkpoint", "checkpoint", self.store)
        report, _ = self.audit("--key", self.key, "--against", checkpoint)
        self.assertEqual(self.named(report, "nothing_to_check"), {"segment_seal", "rule_hash"})

    def test_no_law_holds_that_had_nothing_to_check(self):
        for segment in self.segments():
            os.remove(segment)
        report, page = self.audit("--key", self.key, code=1)
        self.assertEqual(self.named(report, "held"), {"unknown_origin"})
        self.assertEqual(self.named(report, "broken") - {"key_declaration"}, {"segment_set"})
        self.assertEqual(self.named(report, "not_checked"), {"rolled_back", "forked", "known_signature"})
        self.assertIn("event_hash", self.named(report, "nothing_to_check"))
        self.assertEqual((report["laws_held"], report["laws_not_checked"]), (1, 3))
        self.assertEqual(report["laws_with_nothing_to_check"], len(self.named(report, "nothing_to_check")))
        verdict = f"1 law holds, 3 were not checked, {report['laws_with_nothing_to_check']} had nothing to check"
        self.assertEqual(report["verdict"], verdict)
        self.assertIn(verdict, page)
        shown = self.batpak("audit", self.store, "--key", self.key, code=1).out
        self.assertIn(verdict, shown)
        self.assertRegex(shown, "nothing to check  event_hash ")
        self.assertNotRegex(shown, "holds +event_hash ")

    def test_no_signature_is_good_in_a_log_that_has_none(self):
        bare = self.path("bare")
        self.batpak("init", bare, "--origin", KEY_NAME, "--key-file", self.key_file)
        self.cut_to_genesis(bare)
        about_signatures = {"checkpoint_signature", "unsigned_commit", "event_signature", "key_declaration"}
        report = self.batpak("audit", bare, "--json", "--key", self.key).objects[0]
        self.assertEqual(about_signatures - self.named(report, "nothing_to_check"), set())
        report = self.batpak("audit", bare, "--json").objects[0]
        self.assertEqual(about_signatures - self.named(report, "not_checked"), set(), "no key was given")

    def test_a_finding_is_reported_with_its_place_and_ends_with_1(self):
        self.append('{"mark":"unlike all others"}', "--key-file", self.key_file)
        name, offset = self.flip(b"unlike all others")
        report, page = self.audit("--key", self.key, code=1)
        self.assertFalse(report["clean"])
        self.assertEqual((report["findings"][0]["path"], report["findings"][0]["offset"]), ("log/" + os.path.basename(name), offset))
        self.assertIn("1 finding", page)

    def test_names_in_the_log_cannot_write_into_the_page(self):
        shutil.rmtree(self.store)
        self.batpak("init", self.store, "--origin", "<script>alert(1)</script>")
        _, page = self.audit()
        self.assertIn("<script>alert(1)</script>", page)  # as text

    def test_for_people_it_lists_the_laws(self):
        shown = self.batpak("audit", self.store, "--key", self.key).out
        self.assertIn("every Merkle root stated in the log", shown)
        self.assertRegex(shown, "not checked +forked ")
        self.assertRegex(shown, "clean: [0-9]+ laws hold, 3 were not checked, 6 had nothing to check")


if __name__ == "__main__":
    main()
