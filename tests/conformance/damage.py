"""What is done to a store before the reader and the library are asked about it. All of it follows from a seed."""

import dataclasses
import os
import random
import shutil
import struct
from collections.abc import Callable

from reader import content, frame
from reader.commit import HEADER_BYTES as COMMIT_HEADER_BYTES
from reader.crc32c import crc32c
from reader.segment import HEADER_BYTES as SEGMENT_HEADER_BYTES
from reader.segment import Walk, parse_header

FRAME_HEAD_BYTES = 8  # CRC and length


@dataclasses.dataclass(frozen=True)
class Damage:
    name: str
    apply: Callable  # of the directory
    level: str = "same"  # of the agreement that is asked for; see Comparison


def _read(directory, path):
    with open(os.path.join(directory, path), "rb") as file:
        return file.read()


def _write(directory, path, content):
    with open(os.path.join(directory, path), "wb") as file:
        file.write(content)


def flip(path, *offsets, by=0x41):
    def apply(directory):
        content = bytearray(_read(directory, path))
        for offset in offsets:
            content[offset] ^= by
        _write(directory, path, content)
    return Damage(f"flip {path} {','.join(map(str, offsets))} by {by:#04x}", apply, "all" if len(offsets) == 1 else "first")


def zero(path, start, end):
    def apply(directory):
        content = _read(directory, path)
        _write(directory, path, content[:start] + bytes(end - start) + content[end:])
    return Damage(f"zero {path} {start} to {end}", apply, "first")


def cut(path, size):
    return Damage(f"cut {path} to {size}", lambda directory: os.truncate(os.path.join(directory, path), size), "first")


def put(path, offset, content, what):
    def apply(directory):
        before = _read(directory, path)
        _write(directory, path, before[:offset].ljust(offset, b"\0") + content + before[offset + len(content):])
    return Damage(f"{what} in {path} at {offset}", apply, "first")


def remove(path):
    return Damage(f"remove {path}", lambda directory: os.remove(os.path.join(directory, path)))


def add(path, content=b"not of the log"):
    return Damage(f"add {path}", lambda directory: _write(directory, path, content))


def copy(source, target):
    """`source` is within the store, or a path of its own."""
    return Damage(f"copy {os.path.basename(source)} to {target}",
                  lambda directory: shutil.copyfile(os.path.join(directory, source), os.path.join(directory, target)))


def swap(one, other):
    def apply(directory):
        first, second = _read(directory, one), _read(directory, other)
        _write(directory, one, second)
        _write(directory, other, first)
    return Damage(f"swap {one} and {other}", apply)


def mend_commit(content: bytearray, offset: int, salt: bytes):
    """Writes the CRCs anew of the commit at `offset` and of its frames."""
    count, length = struct.unpack_from("<II", content, offset + 40)
    at = offset + COMMIT_HEADER_BYTES
    for _ in range(min(count, length)):
        size = struct.unpack_from("<I", content, at + 4)[0] if at + FRAME_HEAD_BYTES <= offset + length else 0
        if size < FRAME_HEAD_BYTES or at + size > offset + length:
            break
        struct.pack_into("<I", content, at, crc32c(bytes(content[at + 4:at + size])))
        at += size
    struct.pack_into("<I", content, offset + 4, crc32c(salt + content[offset + 8:offset + length]))
    struct.pack_into("<I", content, offset, crc32c(salt + content[offset + 4:offset + COMMIT_HEADER_BYTES]))


def forge(path, commit_offset, changes, chain, level="same"):
    """Changes bytes of a commit and mends its CRCs, with `chain` also the links of the commits behind it in its segment."""
    def apply(directory):
        before = _read(directory, path)
        header = parse_header(before)
        pieces = Walk(before, header.number, header.salt).pieces
        content = bytearray(before)
        for offset, byte in changes:
            content[offset] = byte
        mend_commit(content, commit_offset, header.salt)
        offsets = [piece.offset for piece in pieces if piece.offset >= commit_offset] if chain else []
        for one, following in zip(offsets, offsets[1:]):
            content[following + 80:following + 84] = content[one + 4:one + 8]
            mend_commit(content, following, header.salt)
        _write(directory, path, content)
    return Damage(f"forge {path} {changes} of the commit at {commit_offset}{' and its successors' if chain else ''}", apply, level)


def forge_segment_header(path, offset, byte):
    def apply(directory):
        content = bytearray(_read(directory, path))
        content[offset] = byte
        struct.pack_into("<I", content, 0, crc32c(bytes(content[4:SEGMENT_HEADER_BYTES])))
        _write(directory, path, content)
    return Damage(f"forge the header of {path} at {offset}", apply)


def forge_meta(offset, byte):
    def apply(directory):
        content = bytearray(_read(directory, "store.meta"))
        content[offset] = byte
        struct.pack_into("<I", content, 0, crc32c(bytes(content[4:])))
        _write(directory, "store.meta", content)
    return Damage(f"forge store.meta at {offset}", apply)


def one_byte_flips(directory, layout, count, seed):
    """In every part of the store at least one, the rest at random."""
    chance = random.Random(seed)
    flips = []
    for path, (starts, _) in layout.places.items():
        ends = starts[1:] + [len(_read(directory, path))]
        spans = [(start, end) for start, end in zip(starts, ends) if start < end]
        flips += [(path, chance.randrange(start, end)) for start, end in spans]
        flips += [(path, chance.randrange(*chance.choice(spans))) for _ in range(count)]
    flips += [("store.meta", chance.randrange(len(_read(directory, "store.meta")))) for _ in range(4)]
    chance.shuffle(flips)
    return [flip(path, offset, by=1 << chance.randrange(8)) for path, offset in flips[:count]]


def cuts_and_tears(directory, layout, count, seed):
    """What interrupted writes and lost sectors leave, and worse."""
    chance = random.Random(seed)
    last = layout.paths[-1]
    size = len(_read(directory, last))
    ends = [piece.end for path, piece in layout.commits if path == last]
    found = [cut(last, size) for size in (0, 1, 4095, 4096, 4097)]
    for end in ends[-4:]:
        found += [cut(last, end), cut(last, end - 1), cut(last, end - 8)]
    while len(found) < count:
        path = chance.choice(layout.paths + [last] * 2)
        size = len(_read(directory, path))
        offset = chance.randrange(size)
        sector = offset // 512 * 512
        found.append(chance.choice((
            lambda: cut(path, offset), lambda: zero(path, sector, min(sector + 512, size)), lambda: zero(path, offset, size),
            lambda: flip(path, offset, min(offset + chance.randrange(2, 200), size - 1)),
            lambda: put(path, offset, chance.randbytes(40), "noise"), lambda: put(path, size, chance.randbytes(60), "more"),
            lambda: put(path, size, bytes(5000), "zeros")))())
    return found[:count]


def forgeries(directory, layout, count, seed):
    """Changed fields with all CRCs mended, which only hashes, chains and signatures find.

    The upper bytes of stream versions are left out: the library's index takes room for as many events as they say.
    """
    chance = random.Random(seed)
    found = []
    for _ in range(count):
        path, piece = chance.choice(layout.commits)
        offset = chance.randrange(piece.offset + 8, piece.end)
        if layout.is_large_version(path, offset):
            continue
        byte = _read(directory, path)[offset] ^ 1 << chance.randrange(8)
        # Where to go on behind a commit whose parts do not fit together is nowhere laid down.
        level = "first" if (path, offset) in layout.lengths else "same"
        found.append(forge(path, piece.offset, ((offset, byte),), chance.random() < 0.7, level))
    return found


def names(directory, layout, count, seed):
    """Control characters and what is not UTF-8 in entities and scopes, with all CRCs mended."""
    chance = random.Random(seed)
    found = []
    for path, piece in layout.commits:
        raw = _read(directory, path)
        for placed in content.of_commit(raw, piece.header).frames:
            entity_bytes, scope_bytes = struct.unpack_from("<HH", placed.raw, frame.PREFIX_BYTES + 10)
            at = placed.raw.index(frame.parse(placed.raw).header.entity.encode(), frame.PREFIX_BYTES)
            offset = placed.offset + at + chance.randrange(entity_bytes + scope_bytes)
            found.append(forge(path, piece.offset, ((offset, chance.choice(b"\0\n\x1b\x1f\x7f\x80\xff")),), chain=True))
    chance.shuffle(found)
    return found[:count]


def files(layout, other):
    """Missing, doubled, foreign and stray files; `other` is the directory of another store."""
    paths = layout.paths
    foreign = sorted(os.listdir(os.path.join(other, "log")))[0]
    found = [remove("store.meta"), copy(os.path.join(other, "store.meta"), "store.meta"), add("store.meta", b""),
             add("log/notes.txt"), add("log/00000000000000000000.seg.tmp"), add("unrelated.txt"), add("live", b"no record"),
             copy(paths[0], "log/00000000000000009999.seg"), copy(os.path.join(other, "log", foreign), "log/00000000000000009999.seg"),
             copy(os.path.join(other, "log", foreign), paths[-1]), add("log/00000000000000009999.seg", b""),
             forge_meta(16, 2), forge_meta(30, 0x7A), forge_segment_header(paths[0], 16, 2), forge_segment_header(paths[-1], 24, 0x55),
             forge_segment_header(paths[-1], 40, 9), forge_segment_header(paths[-1], 300, 1)]
    if len(paths) > 2:
        found += [remove(paths[0]), remove(paths[1]), remove(paths[-1]), swap(paths[0], paths[1]), copy(paths[0], paths[1]),
                  forge_segment_header(paths[1], 72, 0x11), forge_segment_header(paths[1], 48, 3), cut(paths[0], 5000),
                  put(paths[0], 1 << 16, b"", "nothing")]
    return found
