"""The order of events: sequences, times, batches and streams."""

from .frame import Header

STORE_CATEGORY = 0
NOTHING = bytes(32)


class History:
    """Takes the headers of a log's events in their order and says what is wrong with each."""

    def __init__(self):
        self.last = None  # the event before, where it is known
        self.genesis_hash = None
        self.streams = {}  # (entity, lane) -> (sequence, version, hash)
        self.hashes = {}  # (entity, sequence) -> hash, for lanes that branch off
        self.lost = []  # (first, next) sequences of events that cannot be read
        self.batch = None  # (events that are still to come, next index, size)

    def lose(self, first: int, behind: int):
        """Passes over events that cannot be read."""
        self.lost.append((first, behind))
        self.last = None
        self.batch = None

    def _is_lost(self, sequence):
        return any(first <= sequence < behind for first, behind in self.lost)

    def faults(self, header: Header, event_hash: bytes, expected_sequence: int, batch_known: bool = True):
        """(law, message) for each thing that is not as it should be; takes the event in."""
        if header.sequence != expected_sequence:
            yield "sequence", f"the event says sequence {header.sequence} and stands at {expected_sequence}"
        yield from self._order(header)
        if batch_known:
            yield from self._batch(header)
        yield from self._stream(header, expected_sequence)
        if expected_sequence == 0:
            self.genesis_hash = event_hash
        self.streams[header.entity, header.lane] = (expected_sequence, header.stream_version, event_hash)
        self.hashes[header.entity, expected_sequence] = event_hash
        self.last = header

    def _order(self, header):
        if self.last is None:
            return
        if (header.time_us, header.time_counter) <= (self.last.time_us, self.last.time_counter):
            yield "time_order", "the event's time is not later than that of the event before it"
        if header.event_id <= self.last.event_id:
            yield "time_order", "the event's id is not larger than that of the event before it"

    def _batch(self, header):
        if header.kind >> 12 == STORE_CATEGORY:
            if (header.batch_index, header.batch_size) != (0, 1):
                yield "batch", "an event of the store's own is part of a batch"
            return
        if self.batch is None:
            if header.batch_index != 0:
                yield "batch", f"the batch begins with index {header.batch_index}"
        elif (header.batch_index, header.batch_size) != self.batch:
            expected, size = self.batch
            yield "batch", f"index {header.batch_index} of {header.batch_size} stands where {expected} of {size} should"
        following = (header.batch_index + 1, header.batch_size)
        self.batch = following if following[0] < following[1] else None

    def end_commit(self):
        """Says what is wrong with the batches of a commit that ends here."""
        if self.batch is not None:
            yield "batch", f"the commit ends within a batch, before index {self.batch[0]} of {self.batch[1]}"
        self.batch = None

    def _stream(self, header, sequence):
        if sequence == 0:
            if header.stream_version != 0:
                yield "stream_version", f"the genesis event has version {header.stream_version} of its stream"
            if (header.previous_sequence, header.previous_hash) != (0, NOTHING):
                yield "previous_event", "the genesis event names an event before it"
            return
        before = self.streams.get((header.entity, header.lane))
        if self._is_lost(header.previous_sequence):
            return  # neither the version nor the link can be checked
        version = 0 if before is None else before[1] + 1
        if header.stream_version != version:
            yield "stream_version", f"the event has version {header.stream_version} of its stream and should have {version}"
        if before is not None:
            named = (before[0], before[2])
        elif header.lane == 0:
            named = (0, self.genesis_hash)
        else:
            named = (header.previous_sequence, self.hashes.get((header.entity, header.previous_sequence)))
            if named[1] is None:
                yield "previous_event", "the first event of a lane names no event of its entity"
                return
        if header.previous_sequence != named[0]:
            yield "previous_event", f"the event names {header.previous_sequence} and not {named[0]} as the one before it"
        elif named[1] is not None and header.previous_hash != named[1]:
            yield "previous_event", "the previous hash is not the hash of the event before it"
