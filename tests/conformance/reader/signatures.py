"""The signatures of a log: stored checkpoints and signed events."""

import dataclasses

from . import note
from .commit import CommitEnd, Place, StoredSignature
from .note import VerifierKey


@dataclasses.dataclass(frozen=True)
class StoredCheckpoint:
    path: str
    commit_offset: int
    size: int
    signature: StoredSignature


@dataclasses.dataclass(frozen=True)
class SignedEvent:
    path: str
    offset: int
    sequence: int
    event_hash: bytes
    signature: bytes  # key id and signature


class Signatures:
    """Collects what was signed while the log is read, and checks it at its end, when the key is known.

    Faults are (law, path, offset, message, sequence).
    """

    def __init__(self):
        self.roots = {}  # tree size at the end of a commit -> root, computed; None where it could not be
        self.commits = []  # (path, offset, tree size at the end) of each commit with events
        self.checkpoints = []
        self.events = []
        self.size = 0  # of the last stored checkpoint
        self.checkpoints_verified = 0
        self.events_verified = 0

    def take_commit(self, path: str, offset: int, end: CommitEnd, size: int, root: bytes | None, has_events: bool):
        self.roots[size] = root
        if has_events:
            self.commits.append((path, offset, size))
        self.checkpoints += [StoredCheckpoint(path, offset, end.signed_size, signature) for signature in end.signatures]

    def take_event(self, event: SignedEvent):
        self.events.append(event)

    def size_fault(self, size: int, through: Place, something_unread: bool):
        """A checkpoint is of the end of an earlier commit, one that was durable, and each is larger than the one before."""
        if size in self.roots and self.size < size <= through.sequence:
            self.size = size
            return None
        if something_unread and size not in self.roots:
            return None
        return f"the stored checkpoint is of {size} events, and no commit that was durable and not yet signed ends there"

    def faults(self, origin: str, key: VerifierKey):
        """What does not verify with the key."""
        key_id = note.key_id(origin, key.public_key)
        verified = 0
        for stored in self.checkpoints:
            if stored.signature.name not in ("", origin):
                continue  # a witness's
            root = self.roots.get(stored.size)
            if stored.signature.key_id != key_id:
                yield "key_declaration", stored.path, stored.commit_offset, "the stored checkpoint is signed with another key", None
            elif root is None:
                continue
            elif note.verifies(key.public_key, stored.signature.signature, note.checkpoint_text(origin, stored.size, root)):
                self.checkpoints_verified += 1
                verified = max(verified, stored.size)
            else:
                message = f"the checkpoint of {stored.size} events does not verify"
                yield "checkpoint_signature", stored.path, stored.signature.offset, message, None
        yield from self._unsigned(verified)
        for event in self.events:
            if event.signature[:4] != key_id:
                yield "key_declaration", event.path, event.offset, "the event is signed with another key", event.sequence
            elif note.verifies(key.public_key, event.signature[4:], note.event_signature_text(origin, event.event_hash)):
                self.events_verified += 1
            else:
                yield "event_signature", event.path, event.offset, "the event's signature does not verify", event.sequence

    def _unsigned(self, verified):
        """Commits that a stored checkpoint covers, and none that verifies."""
        stored = max((checkpoint.size for checkpoint in self.checkpoints if self.roots.get(checkpoint.size)), default=0)
        for path, offset, size in self.commits:
            if verified < size <= stored:
                yield "unsigned_commit", path, offset, "no stored checkpoint that verifies covers the commit", verified
                return
