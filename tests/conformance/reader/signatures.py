"""The signatures of a log: stored checkpoints and signed events."""

import dataclasses

from . import note
from .commit import CommitEnd, Place
from .keys import Keys


@dataclasses.dataclass(frozen=True)
class StoredCheckpoint:
    path: str
    commit_offset: int
    size: int
    signatures: tuple  # of StoredSignature


@dataclasses.dataclass(frozen=True)
class SignedEvent:
    path: str
    offset: int
    sequence: int
    event_hash: bytes
    signature: bytes  # key id and signature


class Signatures:
    """Collects what was signed while the log is read, and checks it at its end, when the keys are known.

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
        self.checkpoint_keys = set()  # that signed a checkpoint which verified
        self.event_keys = set()
        self.verified_sizes = []

    def take_commit(self, path: str, offset: int, end: CommitEnd, size: int, root: bytes | None, has_events: bool):
        self.roots[size] = root
        if has_events:
            self.commits.append((path, offset, size))
        if end.signatures:
            self.checkpoints.append(StoredCheckpoint(path, offset, end.signed_size, tuple(end.signatures)))

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

    def faults(self, origin: str, keys: Keys):
        """What is not signed by the keys that must sign it."""
        verified = stored_size = 0
        for stored in self.checkpoints:
            if stored.size <= stored_size:
                continue  # which has been said
            if self.roots.get(stored.size) is None:
                stored_size = stored.size
                continue
            signers = keys.signers(stored.size, stored_size)
            fault = self._checkpoint_fault(stored, origin, signers)
            stored_size = stored.size
            if fault is None:
                self.checkpoint_keys.update(signers)
                self.verified_sizes.append(stored.size)
                self.checkpoints_verified += 1
                verified = stored.size
            else:
                law, message = fault
                yield law, stored.path, stored.commit_offset, message, None
        yield from self._unsigned(verified)
        for event in self.events:
            key = keys.at(event.sequence)
            if key is None or event.signature[:4] != note.key_id(origin, key):
                message = "the event is signed by another key than the one in force"
                yield "key_declaration", event.path, event.offset, message, event.sequence
            elif note.verifies(key, event.signature[4:], note.event_signature_text(origin, event.event_hash)):
                self.events_verified += 1
                if keys.is_in_office(event.sequence, self.verified_sizes):
                    self.event_keys.add(key)
            else:
                yield "event_signature", event.path, event.offset, "the event's signature does not verify", event.sequence

    def _checkpoint_fault(self, stored, origin, signers):
        text = note.checkpoint_text(origin, stored.size, self.roots[stored.size])
        missing = list(signers)
        for signature in stored.signatures:
            if signature.name not in ("", origin):
                continue  # a witness's
            key = next((key for key in missing if note.key_id(origin, key) == signature.key_id), None)
            if key is None:
                return "key_declaration", "the stored checkpoint is signed by a key that is not in force there"
            missing.remove(key)
            if not note.verifies(key, signature.signature, text):
                return "checkpoint_signature", f"the checkpoint of {stored.size} events does not verify"
        if missing or not signers:
            return "key_declaration", "a key did not sign the stored checkpoint that has to"
        return None

    def _unsigned(self, verified):
        """Commits that a stored checkpoint covers, and none that verifies."""
        stored = max((checkpoint.size for checkpoint in self.checkpoints if self.roots.get(checkpoint.size)), default=0)
        for path, offset, size in self.commits:
            if verified < size <= stored:
                yield "unsigned_commit", path, offset, "no stored checkpoint that verifies covers the commit", verified
                return
