"""Bad directories, locks, damage: exit codes, and errors that name the file and the way out."""

import json
import os
import shutil
import subprocess
import unittest

from command import BATPAK, CommandTest, event_line, main


class Usage(CommandTest):
    def test_arguments_that_are_not_acceptable_end_with_2_and_one_line(self):
        for arguments in ([], ["frob"], ["log"], ["log", "a", "b"], ["log", "a", "--limit", "x"], ["log", "a", "--nope"],
                          ["key"], ["key", "frob"], ["get", "a"], ["append"], ["import", "a", "b", "--batch", "0"]):
            with self.subTest(arguments=arguments):
                answer = self.batpak(*arguments, code=2)
                self.assertEqual(len(answer.err.splitlines()), 1)
                self.assertIn("--help", answer.err)
                self.assertEqual(answer.out, "")

    def test_help_is_everywhere_and_has_examples(self):
        self.assertIn("Examples:", self.batpak("--help").out)
        for command in ("init", "append", "import", "get", "log", "history", "verify", "salvage", "types", "stat", "key"):
            self.assertIn("Examples:", self.batpak(command, "--help").out)
            self.assertIn(command, self.batpak("--help").out)
        self.assertIn("Examples:", self.batpak("key", "new", "--help").out)

    def test_the_version_is_printed(self):
        self.assertRegex(self.batpak("--version").out, r"^batpak \d+\.\d+\.\d+\n$")


class Files(CommandTest):
    def test_a_file_that_is_not_there_is_no_finding(self):
        self.init()
        absent = self.path("absent")
        event = ["--entity", "e", "--scope", "s", "--kind", "k", "1"]
        for arguments in (["verify", self.store, "--against", absent], ["import", self.store, absent],
                          ["append", self.store, *event, "--key-file", absent],
                          ["receipt", "verify", absent, "--key", "00" * 32],
                          ["audit", self.store, "--html", absent + "/report.html"]):
            with self.subTest(command=arguments[0]):
                answer = self.batpak(*arguments, code=3)
                self.assertIn(absent, answer.err)

    def test_a_key_that_is_neither_a_file_nor_a_key_is_said_to_be_so(self):
        self.init()
        answer = self.batpak("verify", self.store, "--key", self.path("typo.pub"), code=2)
        self.assertIn("no such file", answer.err)
        self.assertIn(self.path("typo.pub"), answer.err)

    def test_import_takes_no_standard_input_and_says_what_does(self):
        self.init()
        self.assertIn("batpak append", self.batpak("import", self.store, "-", code=2).err)


class Directories(CommandTest):
    def commands(self, directory):
        return (["append", directory, "--entity", "e", "--scope", "s", "--kind", "k", "1"], ["log", directory], ["stat", directory],
                ["get", directory, "0"], ["history", directory, "e"], ["types", directory], ["verify", directory])

    def assert_refused(self, directory, code):
        for arguments in self.commands(directory):
            with self.subTest(command=arguments[0]):
                answer = self.batpak(*arguments, code=3)
                self.assertRegex(answer.err, code)
                self.assertEqual(len(answer.err.splitlines()), 1)
                self.assertIn(directory, answer.err)

    def test_a_path_that_is_not_there(self):
        self.assert_refused(self.path("absent"), "not_a_store|no_such_directory")

    def test_a_directory_that_is_no_store(self):
        os.mkdir(self.path("empty"))
        self.assert_refused(self.path("empty"), "not_a_store")

    def test_a_file(self):
        self.assert_refused(self.write("file", "x"), "not_a_directory")

    @unittest.skipIf(os.geteuid() == 0 and shutil.which("setpriv") is None, "root may do everything, and there is no setpriv")
    def test_a_store_that_may_not_be_read(self):
        self.init()
        os.chmod(self.store, 0)
        os.chmod(self.place, 0o755)
        self.addCleanup(os.chmod, self.store, 0o700)
        unprivileged = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
        answer = subprocess.run([*unprivileged, BATPAK, "log", self.store], capture_output=True)
        if answer.returncode == 127 or b"setpriv" in answer.stderr or b"Permission denied" in answer.stderr[:20]:
            self.skipTest("the command cannot be run by an unprivileged user here")
        self.assertEqual(answer.returncode, 3, answer.stderr)
        self.assertIn(b"permission_denied", answer.stderr)

    def test_a_newer_format(self):
        self.init()
        with open(os.path.join(self.store, "store.meta"), "r+b") as file:
            content = bytearray(file.read())
            self.assertGreater(len(content), 16)
        # Only that a store.meta which does not hold its sum is refused; the format's own tests cover versions.
        content[12] ^= 0xFF
        with open(os.path.join(self.store, "store.meta"), "wb") as file:
            file.write(content)
        self.append(code=3)
        self.batpak("verify", self.store, code=1)


class Locks(CommandTest):
    def test_a_second_writer_is_refused_with_the_pid_of_the_first(self):
        self.init()
        writer = self.start("append", self.store, "--json")
        writer.stdin.write(event_line(1).encode())
        writer.stdin.flush()
        self.line_from(writer)
        answer = self.append(code=3)
        self.assertIn("locked", answer.err)
        self.assertRegex(answer.err, rf"\b{writer.pid}\b")
        self.assertIn("log", answer.err)
        self.batpak("import", self.store, self.write("lines", event_line(2)), code=3)
        self.assertEqual(len(self.log()), 1)
        self.batpak("verify", self.store)
        self.batpak("stat", self.store)
        writer.communicate(timeout=60)
        self.append()

    def test_a_killed_writer_leaves_no_lock_and_loses_nothing(self):
        self.init()
        writer = self.start("append", self.store, "--json")
        for n in range(20):
            writer.stdin.write(event_line(n).encode())
            writer.stdin.flush()
            self.line_from(writer)
        writer.kill()
        writer.communicate()
        self.append('{"number":20}')
        self.assertEqual([event["payload"]["number"] for event in self.log("--from", "0")], list(range(21)))
        self.batpak("verify", self.store)


class Damage(CommandTest):
    def setUp(self):
        super().setUp()
        self.init()
        for n in range(20):
            self.append(f'{{"needle":"needle-{n:03}"}}', entity=f"order:{n % 4}")

    def test_a_clean_store_is_said_to_be_clean_and_signatures_not_checked(self):
        shown = self.batpak("verify", self.store).out
        self.assertTrue(shown.startswith("clean"))
        report = self.batpak("verify", self.store, "--json", "--threads", "1").objects[-1]
        self.assertEqual((report["type"], report["clean"], report["findings"]), ("report", True, 0))
        self.assertIn(report["signatures"], ("not_checked", "no_signatures"))
        self.assertEqual(report["tail"], "clean")

    def test_a_flipped_byte_is_found_with_law_file_offset_and_sequence(self):
        wanted = next(event for event in self.log() if event["payload"]["needle"] == "needle-007")
        segment, offset = self.flip(b"needle-007", into=3)
        answer = self.batpak("verify", self.store, "--json", code=1)
        findings = [line for line in answer.objects if line["type"] == "finding"]
        self.assertEqual(answer.objects[-1]["findings"], len(findings))
        named = [finding for finding in findings if finding.get("sequence") == wanted["sequence"]]
        self.assertTrue(named, findings)
        self.assertTrue(all(finding["path"] == f"log/{segment}" for finding in findings))
        self.assertTrue(any(0 <= offset - finding["offset"] < 4096 for finding in named), findings)
        shown = self.batpak("verify", self.store, code=1).out
        self.assertIn(str(named[0]["offset"]), shown)
        self.assertIn(segment, shown)

    def test_asking_for_a_damaged_event_is_a_finding_and_not_a_failure(self):
        wanted = next(e for e in self.batpak("log", self.store, "--json").objects if e["payload"] == {"needle": "needle-007"})
        self.flip(b"needle-007")
        answer = self.batpak("get", self.store, str(wanted["sequence"]), code=1)
        self.assertIn("corrupt", answer.err)

    def test_damage_refuses_writing_serves_the_rest_and_can_be_salvaged(self):
        self.flip(b"needle-007")
        refused = self.append(code=None)
        if refused.code != 0:  # rot that hides no head does not have to refuse
            self.assertEqual(refused.code, 3)
            self.assertIn("salvage", refused.err)
        answer = self.batpak("log", self.store, "--json", code=None)
        self.assertEqual(answer.code, 1)
        self.assertNotEqual(answer.err, "")
        needles = {event["payload"]["needle"] for event in answer.objects if "needle" in event["payload"]}
        self.assertNotIn("needle-007", needles)
        self.assertIn("needle-019", needles)
        new = self.path("salvaged")
        report = self.batpak("salvage", self.store, new, "--json", code=1).objects[0]
        self.assertEqual((report["events_lost"], len(report["damage"])), (1, 1))
        self.batpak("verify", new)
        copied = {event["payload"].get("needle") for event in self.batpak("log", new, "--json").objects}
        self.assertEqual(needles - copied, set())
        self.assertNotIn("needle-007", copied)
        self.batpak("append", new, "--entity", "order:1", "--scope", "shop", "--kind", "order.paid", "1")

    def test_salvaging_what_is_whole_is_fine_and_never_overwrites(self):
        new = self.path("copy")
        self.assertIn("0 lost", self.batpak("salvage", self.store, new).out)
        self.batpak("salvage", self.store, new, code=3)

    def test_a_torn_tail_is_cut_off_with_a_remark_and_kept_in_quarantine(self):
        writer = self.start("append", self.store, "--json")
        writer.stdin.write(event_line(1).encode())
        writer.stdin.flush()
        offset = json.loads(self.line_from(writer))["sequence"]
        writer.kill()
        writer.communicate()
        self.assertGreater(offset, 0)
        with open(self.segments()[-1], "r+b") as file:
            end = len(file.read().rstrip(b"\0"))
            file.seek((end + 7) // 8 * 8)
            file.write(b"torn" * 100)
        self.assertEqual(self.batpak("verify", self.store, code=1).code, 1)
        answer = self.append()
        self.assertIn("quarantine", answer.err)
        self.batpak("verify", self.store)


if __name__ == "__main__":
    main()
