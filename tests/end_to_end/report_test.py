"""The file of `audit --html`: it replaces an earlier report and nothing else, and is there whole or as it was."""

import os
import resource
import shutil
import stat
import subprocess
import unittest

from command import BATPAK, KEY_NAME, CommandTest, SignedStoreTest, main

UNPRIVILEGED = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def content_of(path):
    with open(path, "rb") as file:
        return file.read()


class Place(SignedStoreTest):
    def audit(self, page, *options, code=0):
        return self.batpak("audit", self.store, "--html", page, *options, code=code)

    def assert_stays(self, path, sentence, *options):
        before = content_of(path)
        answer = self.audit(path, *options, code=2)
        self.assertIn(sentence, answer.err)
        self.assertIn("an earlier report to replace", answer.err)
        self.assertEqual(len(answer.err.splitlines()), 1)
        self.assertEqual(answer.out, "", "it is refused before the audit")
        self.assertEqual(content_of(path), before)

    def test_what_is_no_report_stays_as_it_is_and_is_named(self):
        kept = self.write("kept", self.batpak("checkpoint", self.store).out)
        receipt = self.write("receipt", self.batpak("prove", "inclusion", self.store, "3").out)
        chain = self.write("chain", self.batpak("key", "chain", self.store).out)
        witness = self.path("witness")
        self.append("1", "--key-file", self.key_file, "--witness", witness, "--witness-create")
        for path, sentence in ((self.key_file, "a private key stands there"), (witness, "a witness file stands there"),
                               (kept, "no report of an audit stands there"), (receipt, "a receipt stands there"),
                               (chain, "a chain of keys stands there"), (self.write("empty", ""), "an empty file stands there"),
                               (self.write("page", "<!doctype html>\n<html>"), "no report of an audit stands there")):
            self.assert_stays(path, sentence)
        self.assert_stays(witness, "a witness file stands there", "--against", witness)
        os.symlink(self.key_file, self.path("link"))
        self.assert_stays(self.path("link"), "a private key stands there")

    def test_an_earlier_report_is_replaced_and_keeps_its_mode_and_links_to_it(self):
        page, link = self.path("report.html"), self.path("link.html")
        os.symlink("report.html", link)
        self.audit(link)
        first = content_of(page)
        self.assertTrue(first.startswith(b"<!doctype html>"))
        os.chmod(page, 0o600)
        self.append("1", "--key-file", self.key_file)
        self.audit(link)
        self.assertTrue(os.path.islink(link))
        self.assertNotEqual(content_of(page), first)
        self.assertEqual(stat.S_IMODE(os.stat(page).st_mode), 0o600)
        self.assertEqual([name for name in os.listdir(self.place) if name.startswith(".")], [])

    def test_what_is_no_regular_file_is_refused(self):
        pipe = self.path("pipe")
        os.mkfifo(pipe)
        for path in (pipe, "/dev/null", "/dev/stdout"):
            self.assertIn("not a regular file", self.audit(path, code=2).err)

    def test_none_is_written_into_another_store(self):
        other = self.path("other")
        self.batpak("init", other)
        os.symlink(other, self.path("way"))
        meta = os.path.join(other, "store.meta")
        before, names = content_of(meta), sorted(os.listdir(other))
        for path in (meta, os.path.join(other, "report.html"), os.path.join(other, "log", "report.html"),
                     self.path("way/report.html")):
            answer = self.audit(path, code=2)
            self.assertIn("into the directory of a store, " + os.path.realpath(other), answer.err)
        self.assertEqual((content_of(meta), sorted(os.listdir(other))), (before, names))
        self.batpak("verify", other)


class Failing(CommandTest):
    def setUp(self):
        super().setUp()
        self.init("--origin", KEY_NAME)
        self.reports = self.path("reports")
        os.mkdir(self.reports)
        self.page = os.path.join(self.reports, "report.html")
        self.batpak("audit", self.store, "--html", self.page)
        self.first = content_of(self.page)

    def assert_untouched(self):
        self.assertEqual(os.listdir(self.reports), ["report.html"])
        self.assertEqual(content_of(self.page), self.first)

    # The limit stands in for a device without room: the write gets so far and no further.
    def test_a_report_that_does_not_fit_leaves_the_earlier_one_and_is_told_on_standard_output(self):
        self.assertGreater(len(self.first), 4096)
        done = subprocess.run([BATPAK, "audit", self.store, "--html", self.page], capture_output=True, text=True,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)))
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("no_space", done.stderr)
        self.assertIn(self.page, done.stderr)
        self.assertIn("clean: ", done.stdout)
        self.assertNotIn("the report is in", done.stdout)
        self.assert_untouched()

    def on_device(self, script):
        """Runs a script in a place of its own for mounts; $1 is the command, $2 the store, $3 the directory of reports."""
        given = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
        if shutil.which("unshare") is None or subprocess.run([*given, "true"], capture_output=True).returncode != 0:
            self.skipTest("nothing can be mounted here")
        done = subprocess.run([*given, "sh", "-c", script, "sh", BATPAK, self.store, self.reports], capture_output=True, text=True)
        if done.returncode == 77:
            self.skipTest("nothing can be mounted here")
        return done

    def test_a_full_device_is_said_to_be_full(self):
        done = self.on_device('mount -t tmpfs -o size=40k none "$3" 2> /dev/null || exit 77\n'
                              '"$1" audit "$2" --html "$3/report.html" > /dev/null && cp "$3/report.html" "$2.copy" || exit 1\n'
                              'head -c 1000000 /dev/zero > "$3/filling" 2> /dev/null\n'
                              '"$1" audit "$2" --html "$3/report.html" > /dev/null; code=$?\n'
                              'cmp "$3/report.html" "$2.copy" && ls -A "$3" && exit $code')
        self.assertEqual((done.returncode, done.stdout), (3, "filling\nreport.html\n"), done.stderr)
        self.assertIn("no_space", done.stderr)

    def test_a_device_that_is_only_read_is_said_to_be_that(self):
        done = self.on_device('mount --bind "$3" "$3" 2> /dev/null && mount -o remount,ro,bind "$3" 2> /dev/null || exit 77\n'
                              '"$1" audit "$2" --html "$3/new.html"; [ $? = 3 ] || exit 1\n'
                              '"$1" audit "$2" --html "$3/report.html"')
        self.assertEqual((done.returncode, done.stdout), (3, ""), "it is refused before the audit")
        self.assertEqual(done.stderr.count("read_only"), 2, done.stderr)
        self.assert_untouched()

    @unittest.skipIf(os.geteuid() == 0 and shutil.which("setpriv") is None, "root may do everything, and there is no setpriv")
    def test_a_place_that_may_not_be_written_is_said_to_be_that(self):
        unprivileged = UNPRIVILEGED if os.geteuid() == 0 else []
        for path, mode in ((self.place, 0o755), (self.store, 0o755), (os.path.join(self.store, "log"), 0o755),
                           (self.reports, 0o555), (self.page, 0o444)):
            os.chmod(path, mode)
        self.addCleanup(os.chmod, self.reports, 0o700)
        for page in (self.page, os.path.join(self.reports, "new.html")):
            done = subprocess.run([*unprivileged, BATPAK, "audit", self.store, "--html", page], capture_output=True, text=True)
            if done.returncode == 127 or "setpriv" in done.stderr:
                self.skipTest("the command cannot be run by an unprivileged user here")
            self.assertEqual((done.returncode, done.stdout), (3, ""), done.stderr)
            self.assertIn("permission_denied", done.stderr)
        self.assert_untouched()


if __name__ == "__main__":
    main()
