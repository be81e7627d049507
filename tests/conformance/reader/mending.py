"""Parts of a log in which one byte was changed, as they were before."""

import dataclasses

from . import commit, content, segment, store_meta
from .crc32c import Change, changed_byte, mended
from .finding import Malformed, Newer


@dataclasses.dataclass(frozen=True)
class ChangedByte:
    law: str
    offset: int
    sequence: int | None


class Mending:
    """Mends, and remembers what it mended in one file."""

    def __init__(self):
        self.changes = []

    def _apply(self, whole, start, part, change, law, sequence=None):
        self.changes.append(ChangedByte(law, start + change.offset, sequence))
        return whole[:start] + mended(part, change) + whole[start + len(part):]

    def store_meta(self, raw: bytes) -> bytes:
        return self._head(raw, raw, store_meta.genesis_payload, "store_meta")

    def segment_header(self, raw: bytes) -> bytes:
        return self._head(raw, raw[:segment.HEADER_BYTES], segment.parse_header, "segment_set")

    def _head(self, raw, part, parse, law):
        change = changed_byte(part, 0, 4)
        if change is None:
            return raw
        try:
            parse(mended(part, change))
        except (Malformed, Newer):
            return raw
        return self._apply(raw, 0, part, change, law)

    def commit_header(self, raw: bytes, offset: int, number: int, salt: bytes):
        """The content, and the commit's header if one stands there when a byte of it is mended."""
        part = raw[offset:offset + commit.HEADER_BYTES]
        change = changed_byte(part, 0, 4, salt)
        header = commit.parse_header(mended(part, change), offset, number, salt) if change is not None else None
        if header is None:
            return raw, None
        return self._apply(raw, offset, part, change, "commit_whole", header.first_sequence), header

    def commit(self, raw: bytes, header: commit.CommitHeader, salt: bytes):
        """The content, and whether the commit is whole when a byte of it is mended."""
        part = raw[header.offset:header.offset + header.length]
        change = changed_byte(part, 4, 8, salt) if len(part) == header.length else None
        if change is None:
            return raw, False
        law, sequence = self._where(raw, header, part, change)
        return self._apply(raw, header.offset, part, change, law, sequence), True

    @staticmethod
    def _where(raw, header, part, change: Change):
        whole = raw[:header.offset] + mended(part, change)
        for place, placed in enumerate(content.of_commit(whole, header).frames):
            if placed.offset <= header.offset + change.offset < placed.offset + len(placed.raw):
                return "frame_crc", header.first_sequence + place
        return "commit_whole", header.first_sequence

    def frame(self, placed: content.PlacedFrame, sequence: int) -> content.PlacedFrame:
        change = changed_byte(placed.raw, 0, 4)
        if change is None:
            return placed
        self.changes.append(ChangedByte("frame_crc", placed.offset + change.offset, sequence))
        return content.PlacedFrame(placed.offset, mended(placed.raw, change), whole=True)
