"""The chain of commits: which commit follows which."""

from . import commit
from .commit import CommitHeader, Place
from .segment import HEADER_BYTES


class Chain:
    """Takes the commits of a log in their order and says what keeps one from following the one before it."""

    def __init__(self):
        self.crc = 0  # of the last commit; None behind bytes that could not be read
        self.session = 0
        self.durable_through = Place(0, HEADER_BYTES, 0)
        self.next = Place(0, HEADER_BYTES, 0)
        self.ends = {(0, HEADER_BYTES): 0}  # (segment, offset) of each commit's end: the number of events before it
        self.unread = []  # (first, last) places between which ends are not known

    def faults(self, header: CommitHeader):
        """(law, message) for each thing that is not as it should be behind what was taken so far."""
        if header.first_sequence != self.next.sequence and (self.crc is not None or
                                                            header.first_sequence < self.next.sequence):
            yield "commit_link", f"the commit begins with sequence {header.first_sequence} and not {self.next.sequence}"
        if self.crc is not None and header.previous_crc != self.crc:
            yield "commit_link", "the commit does not follow the one before it: the previous CRC is another"
        if header.session < self.session:
            yield "commit_link", f"the session falls from {self.session} to {header.session}"
        through = header.durable_through
        if not self._is_end(through):
            yield "durable_through", "the durable-through names no end of an earlier commit"
        elif through < self.durable_through:
            yield "durable_through", "the durable-through falls"
        elif header.type == commit.IDLE_MARK and self.crc is not None and through != self.next:
            yield "durable_through", "the idle mark does not cover all that is before it"

    def _is_end(self, place):
        if self.ends.get((place.segment, place.offset)) == place.sequence:
            return True
        return any(first < place <= last for first, last in self.unread)

    def take(self, header: CommitHeader, events: int | None = None):
        """`events` where they were counted and are not as many as the header says."""
        self.session = max(self.session, header.session)
        if self._is_end(header.durable_through):
            self.durable_through = max(self.durable_through, header.durable_through)
        first = header.first_sequence if self.crc is None else self.next.sequence
        self.crc = header.commit_crc
        self.next = Place(header.segment, header.end.offset, first + (header.count if events is None else events))
        self.ends[(header.segment, header.end.offset)] = self.next.sequence

    def take_unread(self, start: Place, end: Place):
        """Passes over bytes in which commits were that cannot be read."""
        self.crc = None
        self.unread.append((start, end))
        self.next = end

    def doubt(self, start: Place, end: int):
        """What was taken last is not whole: it ends somewhere from `start` to the offset `end`."""
        self.crc = None
        self.unread.append((start, Place(start.segment, end, self.next.sequence)))

    def enter_segment(self, number: int, first_sequence: int):
        self.ends[(number, HEADER_BYTES)] = first_sequence
        self.next = Place(number, HEADER_BYTES, first_sequence)
