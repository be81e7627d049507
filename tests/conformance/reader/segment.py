"""A segment: its header, and the pieces that its bytes fall into."""

import dataclasses
import re
import struct

from . import commit
from .crc32c import crc32c
from .finding import Malformed, Newer
from .frame import padded

MAGIC = b"batpakS1"
HEADER_BYTES = 4096
FORMAT_VERSION = 1
FIXED_BYTES = 72
IDLE_MARK_ALIGNMENT = 4096
COMMIT_ALIGNMENT = 8


@dataclasses.dataclass(frozen=True)
class SegmentHeader:
    store_id: bytes
    number: int
    first_sequence: int
    salt: bytes
    edge: tuple


def parse_header(raw: bytes) -> SegmentHeader:
    if len(raw) < HEADER_BYTES:
        raise Malformed("the file ends within the segment header", len(raw))
    raw = raw[:HEADER_BYTES]
    crc, length, magic, version, edge_count, store_id, number, first_sequence, salt = struct.unpack_from("<II8sII16sQQ16s", raw)
    if crc != crc32c(raw[4:]):
        raise Malformed("the segment header's CRC does not match")
    if length != HEADER_BYTES:
        raise Malformed("the segment header is not 4096 bytes long", 4)
    if magic != MAGIC:
        raise Malformed("the segment does not begin as one does", 8)
    if version > FORMAT_VERSION:
        raise Newer(f"the segment is of format version {version}", 16)
    if version != FORMAT_VERSION:
        raise Malformed(f"the segment is of format version {version}", 16)
    if edge_count != first_sequence.bit_count():
        raise Malformed("the right edge does not have one root for each bit of the first sequence", 20)
    edge_end = FIXED_BYTES + 32 * edge_count
    if any(raw[edge_end:]):
        raise Malformed("the segment header's padding is not zero", edge_end)
    edge = tuple(raw[at:at + 32] for at in range(FIXED_BYTES, edge_end, 32))
    return SegmentHeader(store_id, number, first_sequence, salt, edge)


@dataclasses.dataclass
class Piece:
    """A stretch of the segment: a commit, or bytes where one should be.

    A commit that is not whole has a header; what is whole in a form that no commit has is `unknown` and has none. Bytes without a header are what lies between intact commits; `stray` is such a
    stretch in which no commit was: the gap before an idle mark that is not zero, or what follows the last commit.
    """

    offset: int
    end: int
    header: commit.CommitHeader | None = None
    whole: bool = False
    stray: bool = False
    unknown: bool = False


_NONZERO = re.compile(rb"[^\0]")


def first_nonzero(content: bytes, start: int, end: int) -> int | None:
    found = _NONZERO.search(content, start, end)
    return found.start() if found else None


class Walk:
    """Goes through a segment from 4096 to the zeros that end it, and on behind what is broken.

    With `Mending`, parts in which one byte was changed are read as they were before, and `mending.changes` names the bytes.
    `content` is then as it was before too.
    """

    def __init__(self, content: bytes, number: int, salt: bytes, mending: "Mending | None" = None):
        self.content, self.number, self.salt, self.mending = content, number, salt, mending
        self.pieces = []
        self._run()

    def _run(self):
        offset = HEADER_BYTES
        while (piece := self._piece(offset)) is not None:
            self.pieces.append(piece)
            offset = piece.end

    def _piece(self, offset):
        header = self._header(offset)
        if header is not None and self._is_whole(header):
            return Piece(offset, offset + header.length, header, whole=True)
        if header is None:
            mark = self._behind_gap(offset)
            if mark is not None:
                return Piece(mark.offset, mark.offset + mark.length, mark, whole=True)
            if first_nonzero(self.content, offset, len(self.content)) is None:
                return None
            unknown = self._unknown(offset)
            if unknown is not None:
                return unknown
        following = self._next_header(offset + COMMIT_ALIGNMENT)
        end = following.offset if following is not None else len(self.content)
        if header is not None and offset + header.length < end:
            end = offset + header.length
        return Piece(offset, end, header, stray=header is None and self._is_stray(offset, following))

    def _header(self, offset):
        header = commit.header_at(self.content, offset, self.number, self.salt)
        if header is None and self.mending is not None:
            self.content, header = self.mending.commit_header(self.content, offset, self.number, self.salt)
        return header

    def _is_whole(self, header):
        whole = commit.is_whole(self.content, header, self.salt)
        if not whole and self.mending is not None:
            self.content, whole = self.mending.commit(self.content, header, self.salt)
        return whole

    def _behind_gap(self, offset):
        """The header of the whole idle mark that a gap of zeros from `offset` leads to."""
        place = padded(offset, IDLE_MARK_ALIGNMENT)
        if first_nonzero(self.content, offset, place) is not None:
            return None
        mark = self._header(place)
        if mark is None or mark.type != commit.IDLE_MARK or not self._is_whole(mark):
            return None
        return mark

    def _unknown(self, offset):
        """What is whole in no known form, here or behind a gap of zeros."""
        mark = padded(offset, IDLE_MARK_ALIGNMENT)
        for place in (offset, mark) if first_nonzero(self.content, offset, mark) is None else (offset,):
            length = commit.unknown_length(self.content, place, self.number, self.salt)
            if length is not None:
                following = self._next_header(place + COMMIT_ALIGNMENT)
                return Piece(place, following.offset if following is not None else len(self.content), unknown=True)
        return None

    def _is_stray(self, offset, following):
        """Whether nothing but a gap was between `offset` and the intact header that follows: an idle mark of the last commit."""
        if following is None:
            return bool(self.pieces) and self.pieces[-1].whole and self.pieces[-1].header.type == commit.SEAL
        if first_nonzero(self.content, offset, following.offset) is None:
            return False
        before = self.pieces[-1].header if self.pieces else None
        return (following.type == commit.IDLE_MARK and before is not None and following.previous_crc == before.commit_crc and
                following.offset == padded(offset, IDLE_MARK_ALIGNMENT))

    def _next_header(self, start):
        """The first intact commit header at or behind `start`."""
        at = self.content.find(commit.MAGIC, start + 8)
        while at >= 0:
            offset = at - 8
            if offset % COMMIT_ALIGNMENT == 0:
                header = commit.header_at(self.content, offset, self.number, self.salt)
                if header is not None:
                    return header
            at = self.content.find(commit.MAGIC, at + 1)
        return None
