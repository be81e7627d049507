"""A log as it is read: the segments in their order, the commits that follow each other, and where the log ends."""

import dataclasses
import os
import re

from . import commit, msgpack, segment, store_meta
from .chain import Chain
from .commit import Place
from .declarations import Genesis
from .finding import Malformed, Newer, Refusal
from .limits import SEGMENT_BYTES_MAX
from .live import read_live
from .owner import has_owner
from .segment import HEADER_BYTES, Piece, SegmentHeader, Walk

SEGMENT_NAME = re.compile(r"\d{20}\.seg")
TEMPORARY = ".tmp"
NUMBER_OFFSET = 40  # in a segment's header


@dataclasses.dataclass
class Segment:
    path: str  # within the store
    name: str
    content: bytes
    header: SegmentHeader | None
    fault: Malformed | None  # why there is no header
    pieces: list[Piece]

    @property
    def has_whole_commit(self):
        return any(piece.whole for piece in self.pieces)

    @property
    def seal(self):
        """The seal's piece, where one is the last commit."""
        last = next((piece for piece in reversed(self.pieces) if not piece.stray), None)
        return last if last is not None and last.whole and last.header.type == commit.SEAL else None


@dataclasses.dataclass
class Tail:
    """Where the torn tail begins, which is a place in the last segment or the one before it."""

    segment: int  # index in the log's list
    offset: int
    sequence: int


class Log:
    """The segments of a store's directory and its stray files.

    `tail` is where a torn tail begins. `broken` is the first place that is damage. `durable_end` is what durable-throughs
    and `live` cover.
    """

    def __init__(self, directory: str):
        self.directory = directory
        self.has_owner = has_owner(directory)
        self.meta_raw = self._meta_raw()
        self.meta, self.meta_fault = self._meta()
        self.store_id = self._store_id()
        self.stray_files = []
        # Before the segments: what a live owner has made durable by then is in those that can be listed now.
        self.live = read_live(os.path.join(directory, "live"))
        self.segments = [self._segment(name) for name in self._names()]
        if not self.segments:
            raise Refusal("damaged" if self.meta is not None else "no_store", "log", None, "there is no segment")
        self.tail = None
        self.broken = None
        self.interrupted_rotation = False
        self.durable_end = Place(0, HEADER_BYTES, 0)
        self._find_end()

    @property
    def refusal_on_opening(self) -> Refusal | None:
        """Why the log must not be opened for writing, as far as its end tells."""
        last = self._last_with_commits()
        if self.meta is None:
            return Refusal("damaged", "store.meta", self.meta_fault.offset, self.meta_fault.message)
        for index, part in enumerate(self.segments[:last + 1]):
            if part.header is not None and part.header.number != index:
                return Refusal("damaged", part.path, NUMBER_OFFSET, f"segment {part.header.number} stands in the place of {index}")
        if self.broken is not None and self.broken.segment >= last:
            return Refusal("damaged", self.segments[self.broken.segment].path, self.broken.offset, "what was durable is broken")
        if not self.segments[0].has_whole_commit:
            return Refusal("damaged", self.segments[0].path, HEADER_BYTES, "there is no genesis event")
        return None

    def _bytes(self, path):
        try:
            with open(os.path.join(self.directory, path), "rb") as file:
                return file.read()
        except OSError as error:
            raise Refusal("no_store", path, None, error.strerror) from error

    def _meta_raw(self):
        if not os.path.isdir(self.directory):
            raise Refusal("no_store", "", None, "there is no such directory")
        if not os.path.exists(os.path.join(self.directory, "store.meta")):
            raise Refusal("no_store", "store.meta", None, "there is no store.meta")
        return self._bytes("store.meta")

    def _meta(self):
        try:
            return store_meta.genesis_payload(self.meta_raw), None
        except Newer as newer:
            raise Refusal("newer_format", "store.meta", newer.offset, newer.message) from newer
        except Malformed as fault:
            return None, fault

    def _store_id(self):
        """As store.meta has it, where that can be read."""
        if self.meta is None:
            return None
        try:
            genesis = Genesis.of(msgpack.decode(self.meta))
        except Malformed:
            return None
        return genesis.store_id if genesis is not None else None

    def _names(self):
        log = os.path.join(self.directory, "log")
        names = []
        for name in sorted(os.listdir(log) if os.path.isdir(log) else ()):
            if SEGMENT_NAME.fullmatch(name) and os.path.isfile(os.path.join(log, name)):
                names.append(name)
            elif not name.endswith(TEMPORARY):
                self.stray_files.append(f"log/{name}")
        return names

    def _segment(self, name):
        path = f"log/{name}"
        size = os.path.getsize(os.path.join(self.directory, path))
        if size > SEGMENT_BYTES_MAX:
            fault = Malformed(f"the segment has {size} bytes, and none has more than {SEGMENT_BYTES_MAX}", 0)
            return Segment(path, name, b"", None, fault, [])
        content = self._bytes(path)
        try:
            header, fault = segment.parse_header(content), None
            pieces = Walk(content, header.number, header.salt).pieces
        except Newer as newer:
            raise Refusal("newer_format", path, newer.offset, newer.message) from newer
        except Malformed as malformed:
            header, fault, pieces = None, malformed, []
        return Segment(path, name, content, header, fault, pieces)

    def _last_with_commits(self):
        """The index of the last segment that holds a whole commit."""
        last = len(self.segments) - 1
        while last > 0 and not self.segments[last].has_whole_commit:
            last -= 1
        return last

    def _find_end(self):
        """Finds where the commits stop to be whole and to follow each other, and tells a torn tail from damage."""
        chain = Chain()
        last = self._last_with_commits()
        for index, part in enumerate(self.segments):
            if part.header is None:
                if index <= last:
                    self.broken = self.broken or Tail(index, 0, chain.next.sequence)
                continue
            if part.header.number != index:
                self.broken = self.broken or Tail(index, NUMBER_OFFSET, chain.next.sequence)
                continue
            chain.enter_segment(part.header.number, part.header.first_sequence)
            self._walk(index, part, chain, is_last=index >= last)
        for place in [chain.durable_through] + ([self.live.durable_through] if self.live else []):
            if chain.ends.get((place.segment, place.offset)) == place.sequence:
                self.durable_end = max(self.durable_end, place)
        self.interrupted_rotation = last < len(self.segments) - 1 and self.segments[last].seal is None

    def _walk(self, index, part, chain, is_last):
        for place, piece in enumerate(part.pieces):
            follows = piece.whole and not any(chain.faults(piece.header))
            if follows:
                chain.take(piece.header)
                continue
            start = Place(part.header.number, piece.offset, chain.next.sequence)
            if is_last and not piece.unknown and not self._is_damage(index, start, part.pieces[place + 1:]):
                if self.tail is None:
                    self.tail = Tail(index, piece.offset, start.sequence)
                return
            self.broken = self.broken or Tail(index, piece.offset, start.sequence)
            if piece.whole:
                chain.take(piece.header)
            elif not piece.stray:
                following = next((other.header for other in part.pieces[place + 1:] if other.header), None)
                sequence = following.first_sequence if following else start.sequence
                chain.take_unread(start, Place(part.header.number, piece.end, max(sequence, start.sequence)))

    def _is_damage(self, index, start, later):
        for piece in later:
            through = piece.header.durable_through if piece.header else None
            if through and (through.segment, through.offset) > (start.segment, start.offset):
                return True
        following = self.segments[index + 1].header if index + 1 < len(self.segments) else None
        return following is not None and following.first_sequence > start.sequence
