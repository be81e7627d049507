"""The reader's own parts against published vectors, and against the worked example of FORMAT.md."""

import hashlib
import os
import re
import tempfile
import unittest

from reader import crc32c, msgpack
from reader.blake3 import derive_key, hash32
from reader.finding import Malformed
from reader.heads import Heads
from reader.log import Log
from reader.note import VerifierKey, key_id
from reader.tree import EMPTY_ROOT, Tree
from reader.verify import Verifier

FORMAT = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "FORMAT.md")

# BLAKE3's official test vectors (test_vectors.json): length of the input, hash, derived key.
BLAKE3_CONTEXT = "BLAKE3 2019-12-27 16:29:52 test vectors context"
BLAKE3 = (
    (0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
     "2cc39783c223154fea8dfb7c1b1660f2ac2dcbd1c1de8277b0b0dd39b7e50d7d"),
    (1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213",
     "b3e2e340a117a499c6cf2398a19ee0d29cca2bb7404c73063382693bf66cb06c"),
    (63, "e9bc37a594daad83be9470df7f7b3798297c3d834ce80ba85d6e207627b7db7b",
     "b6451e30b953c206e34644c6803724e9d2725e0893039cfc49584f991f451af3"),
    (64, "4eed7141ea4a5cd4b788606bd23f46e212af9cacebacdc7d1f4c6dc7f2511b98",
     "a5c4a7053fa86b64746d4bb688d06ad1f02a18fce9afd3e818fefaa7126bf73e"),
    (65, "de1e5fa0be70df6d2be8fffd0e99ceaa8eb6e8c93a63f2d8d1c30ecb6b263dee",
     "51fd05c3c1cfbc8ed67d139ad76f5cf8236cd2acd26627a30c104dfd9d3ff8a8"),
    (1023, "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11",
     "74a16c1c3d44368a86e1ca6df64be6a2f64cce8f09220787450722d85725dea5"),
    (1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7",
     "7356cd7720d5b66b6d0697eb3177d9f8d73a4a5c5e968896eb6a689684302706"),
    (1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444",
     "effaa245f065fbf82ac186839a249707c3bddf6d3fdda22d1b95a3c970379bcb"),
    (2048, "e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a",
     "7b2945cb4fef70885cc5d78a87bf6f6207dd901ff239201351ffac04e1088a23"),
    (2049, "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030",
     "2ea477c5515cc3dd606512ee72bb3e0e758cfae7232826f35fb98ca1bcbdf273"),
    (3073, "7124b49501012f81cc7f11ca069ec9226cecb8a2c850cfe644e327d22d3e1cd3",
     "72613c9ec9ff7e40f8f5c173784c532ad852e827dba2bf85b2ab4b76f7079081"),
    (5121, "628bd2cb2004694adaab7bbd778a25df25c47b9d4155a55f8fbd79f2fe154cff",
     "b07f01e518e702f7ccb44a267e9e112d403a7b3f4883a47ffbed4b48339b3c34"),
    (8193, "bab6c09cb8ce8cf459261398d2e7aef35700bf488116ceb94a36d0f5f1b7bc3b",
     "af1e0346e389b17c23200270a64aa4e1ead98c61695d917de7d5b00491c9b0f1"),
    (31744, "62b6960e1a44bcc1eb1a611a8d6235b6b4b78f32e7abc4fb4c6cdcce94895c47",
     "39772aef80e0ebe60596361e45b061e8f417429d529171b6764468c22928e28e"),
)

# RFC 6962's tree over the leaves of Certificate Transparency's reference tests: the root of the first 1, 2, … of them.
LEAVES = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)

# Canonical, and each with something that could have been written in another way or not at all.
CANONICAL = ("c0", "7f", "cc80", "ce00010000", "e0", "d0df", "d1ff38", "cb7ff8000000000000", "ca7fc00000", "a161", "c40100",
             "82a178 0a a179 14", "83 05c0 cd012cc0 a161c0", "d6ff00000001", "d7ff 0000000400000000", "c70cff 00000001 ffffffffffffffff")
REFUSED = ("cc7f", "cd00ff", "d0e0", "d100ff", "cbfff8000000000000", "d90161", "c500 0100", "82a179 0a a178 14",
           "82a178c0a178c0", "81c0c0", "c1", "d4ff00", "d7ff 0000000000000001", "c70cff 00000000 0000000000000001", "a1ff", "c0c0", "92c0",
           "91" * 65 + "c0")


class VectorsTest(unittest.TestCase):
    def test_blake3_is_that_of_the_official_vectors(self):
        for length, hashed, derived in BLAKE3:
            content = bytes(place % 251 for place in range(length))
            self.assertEqual(hash32(content).hex(), hashed, length)
            self.assertEqual(derive_key(BLAKE3_CONTEXT, content).hex(), derived, length)

    def test_crc32c_has_the_check_value_and_those_of_rfc_3720(self):
        self.assertEqual(crc32c.crc32c(b"123456789"), 0xE3069283)
        self.assertEqual(crc32c.crc32c(bytes(32)), 0x8A9136AA)
        self.assertEqual(crc32c.crc32c(b"\xff" * 32), 0x62A8AB43)
        self.assertEqual(crc32c.crc32c(bytes(range(32))), 0x46DD794E)

    def test_a_crc_tells_which_one_byte_was_changed(self):
        content = bytes(place * 7 % 256 for place in range(300))
        part = crc32c.crc32c(b"salt" + content).to_bytes(4, "little") + content
        for offset in range(0, len(part), 13):
            changed = part[:offset] + bytes([part[offset] ^ (offset % 255 + 1)]) + part[offset + 1:]
            self.assertEqual(crc32c.changed_byte(changed, 0, 4, b"salt"), crc32c.Change(offset, part[offset]))
        self.assertIsNone(crc32c.changed_byte(part, 0, 4, b"salt"))

    # Witness: tree_root_is_rfc6962
    def test_the_tree_has_the_roots_of_rfc_6962(self):
        tree = Tree()
        self.assertEqual(tree.root(), EMPTY_ROOT)
        for leaf, root in zip(LEAVES, ROOTS):
            tree.add(bytes.fromhex(leaf))
            self.assertEqual(tree.root().hex(), root)
            self.assertEqual(len(tree.edge), tree.size.bit_count())

    # Witness: canonical_one_form
    def test_only_the_canonical_form_is_decoded(self):
        for text in CANONICAL:
            msgpack.decode(bytes.fromhex(text))
        for text in REFUSED:
            with self.assertRaises(Malformed, msg=text):
                msgpack.decode(bytes.fromhex(text))
        msgpack.decode(bytes.fromhex("91" * 64 + "c0"))

    def test_json_is_that_of_payloads(self):
        for text, expected in (("c403000102", {"$bytes": "AAEC"}), ("cf0020000000000001", {"$int": "9007199254740993"}),
                               ("ca3dcccccd", {"$float32": 0.1}), ("cb7ff8000000000000", {"$float64": "nan"}),
                               ("8201a161 a17802", {"$map": [[1, "a"], ["x", 2]]}),
                               ("c70cff1dcd6500fffffff1868b83ff", {"$time": "@-62167219201.500000000"}),
                               ("81a4246d617001", {"$map": [["$map", 1]]})):
            self.assertEqual(msgpack.to_json(msgpack.decode(bytes.fromhex(text))), expected)

    def test_the_worked_example_is_a_clean_store(self):
        with tempfile.TemporaryDirectory(prefix="batpak-conformance-") as directory:
            write_worked_example(directory)
            verifier = Verifier(Log(directory)).run()
        self.assertEqual(verifier.findings, [])
        self.assertEqual([event.as_json()["payload"]["origin"] for event in verifier.events], ["example.com/test-log"])
        self.assertEqual(verifier.tree.root().hex(), "d683af3db9085be188d38ae2481f1cc8ec23d5344b19ef6411481673382a15c8")

    def test_a_verifier_key_is_origin_id_and_key(self):
        public_key = bytes(range(32))
        key = VerifierKey("example.com/log", public_key)
        text = f"example.com/log+{key_id(key.origin, public_key).hex()}+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
        self.assertEqual(VerifierKey.parse(text), key)
        with self.assertRaises(ValueError):
            VerifierKey.parse(text.replace("example.com", "example.org"))


def write_worked_example(directory):
    """The store that FORMAT.md spells out byte for byte."""
    with open(FORMAT, encoding="utf-8") as file:
        example = file.read().split("## A worked example")[1].split("```")[1]
    files = {}
    content = None
    for line in example.splitlines():
        if line in ("store.meta", "log/00000000000000000000.seg"):
            content = files.setdefault(line, bytearray())
        elif match := re.fullmatch(r"(\d+) .*?([0-9a-f]{4,})", line):
            offset = int(match[1])
            content.extend(bytes(offset - len(content)))
            content[offset:] = bytes.fromhex(match[2])
    os.mkdir(os.path.join(directory, "log"))
    for name, written in files.items():
        with open(os.path.join(directory, name), "wb") as file:
            file.write(written)



class HeadsTest(unittest.TestCase):
    class Header:
        def __init__(self, entity, lane=0):
            self.entity, self.lane = entity, lane

    def setUp(self):
        self.heads = Heads()
        for sequence, entity in enumerate(("$batpak/store", "b", "a", "b", "ab")):
            self.heads.take(self.Header(entity), bytes([sequence]) * 32, sequence)

    def faults(self, size, root, streams, sequence=5):
        return list(self.heads.faults({"log_size": size, "root": root, "streams": streams}, sequence))

    def test_of_the_format(self):
        """The leaves of the first four events, as FORMAT.md has them: $batpak/store, a, b."""
        leaves = [b"batpakH1" + bytes(4) + bytes([len(entity), 0, 0, 0, events]) + bytes(7) + bytes([last]) * 32 + entity
                  for entity, events, last in ((b"$batpak/store", 1, 0), (b"a", 1, 2), (b"b", 2, 3))]
        first, second, third = (hashlib.sha256(b"\0" + leaf).digest() for leaf in leaves)
        root = hashlib.sha256(b"\1" + hashlib.sha256(b"\1" + first + second).digest() + third).digest()
        self.assertEqual(self.faults(4, root, 3), [])
        self.assertEqual(self.faults(5, root, 3)[0][0], "heads")
        self.assertEqual(self.faults(3, root, 3)[0][0], "heads")
        self.assertEqual(self.faults(4, bytes(32), 3)[0][0], "heads")
        self.assertEqual(self.faults(4, root, 4)[0][0], "heads")

    def test_that_cannot_be_checked_say_nothing(self):
        self.heads.lose()
        self.assertEqual(self.faults(4, bytes(32), 3), [])
        self.assertEqual(self.faults(6, bytes(32), 3)[0][0], "heads")
        self.assertEqual(self.faults(0, bytes(32), 3)[0][0], "heads")


if __name__ == "__main__":
    unittest.main()
