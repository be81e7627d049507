"""The reader, written from FORMAT.md alone, and the library say the same of stores, whole and damaged.

BATPAK_CONFORMANCE_FACTOR multiplies the number of damages; BATPAK_CONFORMANCE_SEED chooses others.
BATPAK_CONFORMANCE_SUMMARY names a file for a line of JSON for each figure.
"""

import base64
import os
import shutil
import signal
import tempfile
import unittest

import library
import stores
import summary
import trial
from agreement import Comparison, Layout, compare_opening, read
from reader.log import Log
from reader.note import VerifierKey, key_id
from reader.owner import has_owner
from reader.verify import Verifier

FACTOR = float(os.environ.get("BATPAK_CONFORMANCE_FACTOR", "1"))
SEED = int(os.environ.get("BATPAK_CONFORMANCE_SEED", "1"))


class AgreementTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.mkdtemp(prefix="batpak-conformance-")
        cls.addClassCleanup(shutil.rmtree, cls.place)
        cls.makers = stores.Makers(cls.place)
        cls.specimens = cls.makers.all()
        cls.by_name = {specimen.name: specimen for specimen in cls.specimens}

    def agree(self, sentences):
        self.assertEqual(sentences, [], f"{len(sentences)} disagreements; seed {SEED}:\n" + "\n".join(sentences[:20]))

    def try_all(self, kind, count, names, opening=False):
        """Tries damages of one kind on the specimens named."""
        other = self.by_name["plain"].directory
        said, tried = trial.run([(self.by_name[name], other, kind, int(count * FACTOR), SEED, opening) for name in names])
        summary.add(f"{kind}: damages tried", tried)
        summary.add(f"{kind}: told differently", len(said))
        self.agree(said)

    def test_of_every_store_as_it_was_left(self):
        self.assertGreater(len(self.specimens), 10)
        summary.add("stores", len(self.specimens))
        for specimen in self.specimens:
            with self.subTest(specimen.name):
                self.agree(Comparison(specimen.directory, Layout(specimen.directory), specimen.key).disagreements)
                self.assertGreater(len(read(specimen.directory, specimen.key).events), 1)

    # Witness: key_must_have_signed
    def test_of_a_key_that_does_not_speak_for_the_store(self):
        keys = [VerifierKey.parse(specimen.key).public_key for specimen in self.specimens if specimen.key]
        for specimen in self.specimens:
            with self.subTest(specimen.name):
                verifier = Verifier(Log(specimen.directory)).run()
                origin = verifier.genesis.origin
                stranger = next(key for key in keys if key not in verifier.declarations.keys.all)
                key = f"{origin}+{key_id(origin, stranger).hex()}+{base64.b64encode(bytes([1]) + stranger).decode()}"
                self.agree(Comparison(specimen.directory, Layout(specimen.directory), key).disagreements)
                self.assertIn("key_declaration", {finding.law for finding in read(specimen.directory, key).findings})

    # Witness: recovery_is_idempotent
    def test_of_what_opening_again_makes_of_every_store(self):
        for specimen in self.specimens:
            with self.subTest(specimen.name):
                directory = os.path.join(self.place, "opened")
                shutil.copytree(specimen.directory, directory)
                before = [event.hash for event in read(directory).events]
                key_file = specimen.key_file or self.key_file_beside(specimen.directory)
                self.agree(compare_opening(directory, key_file))
                self.agree(Comparison(directory, Layout(directory), specimen.key).disagreements)
                after = [event.hash for event in read(directory).events]
                self.assertEqual(after[:len(before)], before)
                self.assertGreater(len(after), len(before))
                shutil.rmtree(directory)

    @staticmethod
    def key_file_beside(directory):
        """The signing key that an example program made for itself."""
        keys = [os.path.join(folder, name) for folder in (os.path.dirname(directory),)
                for name in os.listdir(folder) if name.endswith(".key")]
        return keys[0] if keys else None

    # Witness: flipped_byte_is_found
    def test_of_a_changed_byte(self):
        self.try_all("flips", 60, ("plain", "signed", "signed_segments", "left", "heads", "restored"))

    # Witness: tail_is_not_damage
    # Witness: damage_is_not_a_tail
    # Witness: cut_is_kept_in_quarantine
    def test_of_cut_and_torn_files(self):
        self.try_all("tears", 45, ("plain", "segments", "left", "buffered", "killed"), opening=True)

    # Witness: chain_is_transitive
    def test_of_changes_with_mended_checksums(self):
        self.try_all("forgeries", 50, ("plain", "signed", "signed_segments", "heads", "revoked", "restored"))

    def test_of_names_that_no_event_may_have(self):
        self.try_all("names", 12, ("plain", "signed", "segments"))

    # Witness: nothing_opens_that_should_refuse
    def test_of_missing_doubled_foreign_and_stray_files(self):
        self.try_all("files", 40, ("signed", "segments"), opening=True)

    # Witness: readers_see_only_durable
    def test_beside_a_live_writer(self):
        with self.makers.writing("live", 20) as writer:
            directory = self.makers.path("live")
            self.assertTrue(has_owner(directory))
            library_says = library.verify(directory)
            reader_says = read(directory)
            writer.send_signal(signal.SIGKILL)
        self.assertEqual((library_says.code, library_says.findings), (0, []))
        self.assertEqual((reader_says.verdict, reader_says.findings), (0, ()))
        self.assertFalse(has_owner(directory))


if __name__ == "__main__":
    unittest.main()
