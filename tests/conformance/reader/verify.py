"""The verifier: trusts no stored hash, CRC or index, and goes on after each fault."""

import dataclasses
import itertools

from . import commit, content, frame, msgpack, segment, store_meta
from .chain import Chain
from .commit import Place
from .declarations import HEADS, Declarations, Genesis
from .event import Event
from .finding import Finding, Malformed, Newer, Refusal
from .heads import Heads
from .history import History
from .log import Log, Segment
from .mending import Mending
from .note import VerifierKey
from .segment import HEADER_BYTES, first_nonzero
from .signatures import SignedEvent, Signatures
from .tree import Tree

NO_GENESIS = "the log has no genesis event"
CANDIDATES_MAX = 6  # broken frames in one commit whose two possible hashes are tried against the root


class Verifier:
    """Verifies one log. `findings` and `events` are there when `run` has returned."""

    def __init__(self, log: Log, key: VerifierKey | None = None):
        self.log = log
        self.key = key
        self.meta = log.meta
        self.store_id = log.store_id
        self.parts, self.changes, self.numbers = [], [], []
        for part in log.segments:
            self._mend(part)
        self.tail = self._tail()
        self.findings = []
        self.events = []
        self.chain = Chain()
        self.tree = Tree()  # None behind events that cannot be read
        self.history = History()
        self.heads = Heads()
        self.declarations = Declarations()
        self.genesis = None
        self.declared_at = (self.parts[0].path, HEADER_BYTES)  # where the key is declared, or could have been
        self.has_form = True  # of the last commit
        self.signatures = Signatures()
        self.commits = 0

    def run(self):
        for path in self.log.stray_files:
            self._find("stray_file", path, None, "there are no such files in log/")
        self._store_meta()
        for index, part in enumerate(self.parts):
            self._segment(index, part)
        if not self.findings and self.genesis is None:
            self._find("commit_whole", self.parts[0].path, HEADER_BYTES, NO_GENESIS, 0)
        self._signatures()
        self.findings.sort(key=lambda finding: (finding.path, finding.offset or 0))
        return self

    def _store_meta(self):
        fault = self.log.meta_fault
        if fault is None:
            return
        mending = Mending()
        raw = mending.store_meta(self.log.meta_raw)
        for change in mending.changes:
            self._find(change.law, "store.meta", change.offset, "a byte of store.meta was changed")
            self.meta = store_meta.genesis_payload(raw)
            self.store_id = Genesis.of(msgpack.decode(self.meta)).store_id
        if not mending.changes:
            self._find("store_meta", "store.meta", fault.offset, fault.message)

    def _mend(self, part: Segment):
        """Adds the segment as it was before single bytes were changed, those bytes, and its number."""
        expected = self.numbers[-1] + 1 if self.numbers else 0
        mending = Mending()
        raw = mending.segment_header(part.content) if part.header is None else part.content
        try:
            header = segment.parse_header(raw)
        except Malformed:
            self._add(part, mending.changes, expected)
            return
        for number in (header.number, expected):  # a segment with another number in its header may be the right one
            trying = Mending()
            walk = segment.Walk(raw, number, header.salt, trying)
            if any(piece.whole for piece in walk.pieces):
                break
        mended = Segment(part.path, part.name, walk.content, header, None, walk.pieces)
        self._add(mended, mending.changes + trying.changes, number)

    def _add(self, part, changes, number):
        self.parts.append(part)
        self.changes.append(changes)
        self.numbers.append(number)

    def _find(self, law, path, offset, message, sequence=None):
        self.findings.append(Finding(law, path, offset, message, sequence))

    # Segments

    def _segment(self, index: int, part: Segment):
        last = index == len(self.parts) - 1
        if part.fault is not None:
            self._find("segment_set", part.path, part.fault.offset, part.fault.message)
            self._skip()
            return
        self._changes(index, part)
        self._belongs(index, part)
        if part.header.first_sequence < self.chain.next.sequence:
            self._skip()
            return
        self._seal_before(index, part)
        self._begin(part)
        for place, piece in enumerate(part.pieces):
            if self._is_tail(index, piece):
                if not self.log.has_owner:  # otherwise it is in flight
                    self._find("unfinished", part.path, self.tail.offset, "a write was under way when the process stopped",
                               self.tail.sequence)
                return
            self._piece(part, piece, part.pieces[place + 1:])
        if not last and (part.seal is None or self._is_changed(index, part.seal)):
            end = part.pieces[-1].end if part.pieces else HEADER_BYTES
            self._find("segment_seal", part.path, end, "the segment does not end in a whole seal")

    def _is_tail(self, index, piece):
        """Whether the torn tail begins here."""
        return self.tail is not None and index == self.tail.segment and piece.end > self.tail.offset

    def _tail(self):
        """The log's tail; none where what is wrong has a name of its own.

        Bytes in the gap before an intact idle mark are no unfinished write, and a whole commit that does not follow is none.
        """
        tail = self.log.tail
        if tail is None:
            return None
        first = next((piece for piece in self.log.segments[tail.segment].pieces if piece.offset == tail.offset), None)
        return None if first is None or first.stray or first.whole else tail

    def _changes(self, index, part):
        for change in self.changes[index]:
            self._find(change.law, part.path, change.offset, "a byte was changed", change.sequence)

    def _is_changed(self, index, piece):
        """Whether a byte of the commit was changed."""
        return any(piece.offset <= change.offset < piece.end for change in self.changes[index])

    def _skip(self):
        """Passes over a segment that cannot be read here: nothing is known of what it holds."""
        self.tree = None
        self.chain.crc = None
        self.declarations.incomplete = True

    def _belongs(self, index, part):
        """Whether the segment is of this store and stands in its place."""
        header = part.header
        if self.store_id is not None and header.store_id != self.store_id:
            self._find("segment_set", part.path, 24, "the segment is of another store")
        if part.name != f"{header.first_sequence:020}.seg":
            self._find("segment_set", part.path, 48, f"the segment's first sequence is {header.first_sequence}")
        expected = self.numbers[index - 1] + 1 if index else 0
        if header.number != expected:
            self._find("segment_set", part.path, 40, f"the segment's number is {header.number} and should be {expected}")

    def _seal_before(self, index, part):
        before = self.parts[index - 1] if index else None
        if before is None or before.seal is None:
            return
        seal = commit.parse_seal(before.content, before.seal.header)
        if (seal.next_segment, seal.next_first_sequence) != (self.numbers[index], part.header.first_sequence):
            self._find("segment_seal", before.path, before.seal.end, "the seal names another segment than the next one")
        elif seal.next_salt != part.header.salt:
            self._find("segment_seal", part.path, 56, "the seal before names another salt")

    def _begin(self, part):
        """The right edge, and where sequences go on."""
        header = part.header
        if header.first_sequence > self.chain.next.sequence:
            self._lose(header.first_sequence, Place(header.number, HEADER_BYTES, header.first_sequence))
        edge = Tree(header.first_sequence, header.edge)
        if self.tree is None:
            self.tree = edge
        elif self.tree.size == edge.size and self.tree.edge != edge.edge:
            self._find("tree_root", part.path, 72, "the right edge is not that of the events before the segment")
        self.chain.enter_segment(header.number, header.first_sequence)

    def _lose(self, behind, place):
        """Passes over what cannot be read, up to the event `behind`."""
        if behind > self.chain.next.sequence:
            self._lose_events(self.chain.next.sequence, behind)
        self.chain.take_unread(self.chain.next, place)

    # Commits

    def _piece(self, part, piece, later):
        if piece.stray:
            offset = first_nonzero(part.content, piece.offset, piece.end)
            self._find("stray_bytes", part.path, offset, "bytes stand where there should be none")
            return
        if piece.header is None:
            self._headless(part, piece, later)
            return
        self.commits += 1
        for law, message in self.chain.faults(piece.header):
            self._find(law, part.path, piece.offset, message, piece.header.first_sequence)
        if self.chain.crc is None and piece.header.first_sequence > self.chain.next.sequence:
            self._lose(piece.header.first_sequence, piece.header.start)
        events = self._commit(part, piece, self.chain.next.sequence)
        self.chain.take(piece.header, events)
        if not piece.whole or not self.has_form:
            end = later[0].offset if later else len(part.content)
            self.chain.doubt(piece.header.start, end)  # its CRC or its length may be what was changed

    def _headless(self, part, piece, later):
        """Bytes that begin no commit: a commit whose header is broken, or what follows the last commit."""
        start = self.chain.next.sequence
        self._find("commit_whole", part.path, piece.offset, "no commit stands where one should", start)
        following = next((other.header for other in later if other.header), None)
        behind = max(start, following.first_sequence) if following is not None else start
        frames = content.of_bytes(part.content, piece.offset, piece.end)
        self._frames(part, piece.offset, frames, range(start, behind), None, False)
        self.chain.take_unread(self.chain.next, Place(self.numbers[self.parts.index(part)], piece.end, behind))

    def _commit(self, part, piece, first):
        header = piece.header
        inside = content.of_commit(part.content, header)
        if header.offset + header.length > len(part.content):
            self._find("commit_whole", part.path, piece.offset, "the file ends within the commit", first)
            readable = content.of_bytes(part.content, piece.offset, piece.end)
            self._frames(part, piece.offset, readable, range(first, first + header.count), None, False)
            self.has_form = False
            return header.count
        if not piece.whole:
            self._find("commit_whole", part.path, piece.offset, "the commit's CRC does not match", header.first_sequence)
        elif inside.fault is not None:
            self._find("commit_whole", part.path, inside.fault.offset, inside.fault.message, header.first_sequence)
        self.has_form = inside.fault is None
        events = len(inside.frames) if piece.whole else header.count
        if piece.whole and not self._lengths_add_up(inside.frames):
            self._find("commit_whole", part.path, piece.offset, "a frame's length is impossible", first)
            self.has_form = False
            readable = content.of_bytes(part.content, piece.offset, piece.end)
            self._frames(part, piece.offset, readable, range(first, first + events), inside.end, False)
        else:
            self._frames(part, piece.offset, inside.frames, range(first, first + events), inside.end, piece.whole)
        if inside.end is not None:
            self._end(part, piece, inside.end, first + events)
        if header.type == commit.SEAL and self.has_form:
            self._seal(part, piece)
        return events

    @staticmethod
    def _lengths_add_up(frames):
        """A whole commit whose frames do not follow each other by their lengths was never written so."""
        return all(placed.whole or frame.length_at(placed.raw, 0, len(placed.raw)) == len(placed.raw) for placed in frames)

    def _lose_events(self, first, behind):
        self.history.lose(first, behind)
        self.heads.lose()
        self.declarations.incomplete = True
        self.tree = None

    def _end(self, part, piece, end, size):
        if end.tree_size != size and piece.whole:
            self._find("tree_root", part.path, end.offset, f"the tree's size is {end.tree_size} and should be {size}", size)
        root = self.tree.root() if self.tree is not None else None
        if root is not None and end.root != root and piece.whole:
            self._find("tree_root", part.path, end.offset + 8, "the root is not that of the events", size)
        if end.signed_size:
            fault = self.signatures.size_fault(end.signed_size, piece.header.durable_through, bool(self.chain.unread))
            if fault is not None:
                self._find("checkpoint_signature", part.path, piece.offset, fault)
            self._signed_early(part.path, piece.offset, piece.header.first_sequence)
        else:
            fault = None
        # What a broken commit says that was signed may be what broke; what cannot be a checkpoint covers nothing.
        believed = end if piece.whole and fault is None else dataclasses.replace(end, signatures=())
        self.signatures.take_commit(part.path, piece.offset, believed, size, root, piece.header.count > 0)

    def _seal(self, part, piece):
        seal = commit.parse_seal(part.content, piece.header)
        # A live owner trims the file only after it has sealed it.
        untrimmed = len(part.content) != piece.end and part.pieces[-1] is piece and not self.log.has_owner
        if seal.file_bytes != piece.end or untrimmed:
            self._find("segment_seal", part.path, piece.end, "the file does not end where its seal does")
        if part is self.parts[-1] and seal.next_segment != part.header.number + 1:  # otherwise _seal_before compares
            self._find("segment_seal", part.path, piece.end, "the seal does not name what comes next")
        # A live owner may have made it since the segments were listed.
        if part is self.parts[-1] and not self.log.has_owner:
            self._find("segment_set", part.path, None, "the segment that the seal names is missing")

    # Events

    def _frames(self, part, offset, frames, sequences, end, whole):
        """The events of a commit, which have these sequences. Where it is not whole, some may be missing."""
        frames = [self._mended_frame(part, placed, sequences[min(place, len(sequences) - 1)] if sequences else None)
                  for place, placed in enumerate(frames)]
        numbered = list(zip(sequences, frames)) if whole else list(_by_own_sequence(frames, sequences))
        events = [self._frame(part, placed, sequence) for sequence, placed in numbered]
        if len(numbered) < len(sequences):
            self.tree = None
        self._grow(events, end)
        expected = sequences.start
        for (sequence, placed), event in zip(numbered, events):
            if sequence > expected:
                self._lose_events(expected, sequence)
            self._take(part, placed, event, sequence)
            expected = sequence + 1
        if expected < sequences.stop:
            self._lose_events(expected, sequences.stop)
        for law, message in self.history.end_commit():
            self._find(law, part.path, offset, message, sequences.start)

    def _mended_frame(self, part, placed, sequence):
        if placed.whole:
            return placed
        mending = Mending()
        placed = mending.frame(placed, sequence)
        for change in mending.changes:
            self._find(change.law, part.path, change.offset, "a byte was changed", sequence)
        return placed

    def _frame(self, part, placed, sequence):
        """The frame, and the hashes that the event may have; no frame where it has not the form of one."""
        if not placed.whole:
            self._find("frame_crc", part.path, placed.offset, "the frame's CRC does not match", sequence)
        try:
            read = frame.parse(placed.raw)
        except (Newer, Malformed) as error:
            if placed.whole and isinstance(error, Newer):
                raise Refusal("newer_format", part.path, placed.offset + error.offset, error.message) from error
            if placed.whole:
                self._find("frame_form", part.path, placed.offset + error.offset, error.message, sequence)
            stored = placed.raw[16:48]
            return None, [stored]
        computed = read.header.hash
        if placed.whole:
            for law, message in _hash_faults(read, computed):
                self._find(law, part.path, placed.offset, message, sequence)
        elif computed != read.stored_hash:
            return None, [computed, read.stored_hash]
        return read, list(dict.fromkeys((computed, read.stored_hash)))

    def _grow(self, events, end):
        """Puts the events into the tree; of a broken frame's two possible hashes the one that gives the root."""
        if self.tree is None:
            return
        if end is None and any(read is None for read, _ in events):
            self.tree = None  # nothing says which of its hashes a broken frame had
            return
        hashes = [candidates for _, candidates in events]
        if sum(len(candidates) > 1 for candidates in hashes) > CANDIDATES_MAX or end is None:
            hashes = [candidates[:1] for candidates in hashes]
        for chosen in itertools.product(*hashes):
            tree = self.tree.copy()
            for event_hash in chosen:
                tree.add(event_hash)
            if end is None or tree.root() == end.root:
                break
        else:
            if any(read is None for read, _ in events):
                self.tree = None
                return
            chosen = [candidates[0] for candidates in hashes]
            tree = self.tree.copy()
            for event_hash in chosen:
                tree.add(event_hash)
        self.tree = tree
        for (_, candidates), event_hash in zip(events, chosen):
            candidates[:] = [event_hash]

    def _take(self, part, placed, event, sequence):
        read, candidates = event
        if read is None:
            self.history.lose(sequence, sequence + 1)
            self.heads.lose()
            self.declarations.incomplete = True
            return
        event_hash = candidates[0]
        if read.header.hash != read.stored_hash:
            self.heads.lose()
        for law, message in self.history.faults(read.header, event_hash, sequence):
            self._find(law, part.path, placed.offset, message, sequence)
            if law in ("stream_version", "previous_event"):
                self.heads.lose()
        value = self._values(part, placed, read, sequence)
        if sequence == 0:
            value = self._genesis(part, placed, read, value)
        if read.content_hash != read.header.content_hash and not Declarations.has_form(read.header, value):
            value = None  # the payload was changed, which has been said
        for law, message in self.declarations.faults(read.header, value, sequence):
            self._find(law, part.path, placed.offset, message, sequence)
        if read.header.kind == HEADS and value is not None and Declarations.has_form(read.header, value):
            for law, message in self.heads.faults(value, sequence):
                self._find(law, part.path, placed.offset, message, sequence)
        self.heads.take(read.header, event_hash, sequence)
        if sequence in (0, *(span.sequence for span in self.declarations.keys.spans[:1])):
            self.declared_at = (part.path, placed.offset)
        if read.signature is not None:
            self._signed_early(part.path, placed.offset, sequence)
            self.signatures.take_event(SignedEvent(part.path, placed.offset, sequence, event_hash, read.signature))
        if placed.whole:
            durable = (part.header.number, placed.offset) < (self.log.durable_end.segment, self.log.durable_end.offset)
            if durable or not self.log.has_owner:
                self.events.append(Event(read, event_hash, self.declarations.names.get(read.header.kind), durable))

    def _values(self, part, placed, read, sequence):
        """The payload's value; says where payload or metadata are not canonical or erased."""
        if not placed.whole and read.content_hash != read.header.content_hash:
            return None
        if read.state & (frame.PAYLOAD_ERASED | frame.METADATA_ERASED):
            self._find("erased", part.path, placed.offset, "something of the event is erased", sequence)
        if read.metadata is not None and not read.state & frame.METADATA_ERASED:
            try:
                metadata = msgpack.decode(read.metadata.content)
                if not isinstance(metadata, msgpack.Map) or not all(isinstance(key, str) for key in metadata.keys):
                    raise Malformed("the metadata is no map with string keys")
            except Malformed as fault:
                self._find("encoding", part.path, placed.offset, f"the metadata: {fault.message}", sequence)
        if read.state & frame.PAYLOAD_ERASED:
            return None
        try:
            return msgpack.decode(read.payload.content)
        except Malformed as fault:
            self._find("encoding", part.path, placed.offset, f"the payload: {fault.message}", sequence)
            return None

    def _genesis(self, part, placed, read, value):
        """The genesis event is what store.meta says; where they differ, store.meta has the say in what else is checked. Gives
        what it says, or what the event says where its content hash holds."""
        self.genesis = Genesis.of(value)
        if self.meta is None:
            return value
        said = msgpack.decode(self.meta)
        if read.payload.content != self.meta:
            self._find("store_meta", part.path, placed.offset, "store.meta does not hold the genesis event's payload", 0)
        if Genesis.of(said) is None:
            return value
        self.genesis = Genesis.of(said)
        return said if read.content_hash != read.header.content_hash else value

    def _signatures(self):
        if self.key is None:
            return
        named = Genesis.of(msgpack.decode(self.meta)).origin if self.meta else self.genesis and self.genesis.origin
        if named != self.key.origin:
            self._find("unknown_origin", "store.meta", None, "the log has another name than the key")
        keys = self.declarations.keys
        if not keys.spans and self.genesis is not None and self.genesis.key is not None:
            keys.declare(self.genesis.key, None, 0)
        if not keys.spans:
            if not self.declarations.incomplete and self.genesis is not None:
                self._find("key_declaration", *self.declared_at, "a key is given and none is declared")
        elif self.key.public_key not in keys.all:
            self._find("key_declaration", *self.declared_at, "the key given is none of those declared")
        if self.genesis is not None:
            for fault in self.signatures.faults(self.genesis.origin, keys):
                self._find(*fault)
        signed = self.signatures.checkpoint_keys
        others = (signed | self.signatures.event_keys) - {self.key.public_key}
        if self.key.public_key in keys.all and self.key.public_key not in signed and others:
            self._find("key_declaration", *self.declared_at, "the key given has signed no checkpoint, and others have signed")

    def _signed_early(self, path, offset, sequence):
        """Nothing is signed before the key is declared."""
        if not self.declarations.keys.spans and not self.declarations.incomplete:
            self._find("key_declaration", path, offset, "something is signed before a key is declared", sequence)


def _by_own_sequence(frames, sequences):
    """Frames of a commit that is not whole, each with the sequence it says it has, or is left for it."""
    expected = sequences.start
    for placed in frames:
        sequence = expected
        if placed.whole:
            try:
                sequence = frame.parse(placed.raw).header.sequence
            except (Malformed, Newer):
                pass
        if expected <= sequence < sequences.stop:
            yield sequence, placed
            expected = sequence + 1


def _hash_faults(read, computed):
    if computed != read.stored_hash:
        yield "event_hash", "the event hash is not the hash of the header"
    if not read.state & frame.PAYLOAD_ERASED and read.content_hash != read.header.content_hash:
        yield "content_hash", "the content hash is not the hash of the payload"
    if read.metadata is not None and not read.state & frame.METADATA_ERASED and read.metadata_hash != read.header.metadata_hash:
        yield "metadata_hash", "the metadata hash is not the hash of the metadata"
    if read.rule is not None and read.rule_hash != read.header.rule_hash:
        yield "rule_hash", "the rule hash is not the hash of the rule"
