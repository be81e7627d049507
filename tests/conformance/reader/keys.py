"""The keys of a log: what it declares, how one follows the other, and who must sign what."""

import dataclasses
import hashlib

from . import note

KEY, ROTATION, REVOCATION = "key", "rotation", "revocation"


@dataclasses.dataclass
class Span:
    sequence: int  # of the event that declares the key
    key: bytes
    revoked_from: int | None = None
    revoked_at: int | None = None  # sequence of the first revocation that concerns it
    rotated: bool = False  # declared by a rotation


def recovery_key_hash(key: bytes) -> bytes:
    return hashlib.sha256(b"batpak recovery key v1\n" + key).digest()


def revocation_text(origin: str, revoked_key: bytes, first: int, successor: bytes) -> bytes:
    return b"batpak key revocation v1\n" + origin.encode() + b"\n" + revoked_key + first.to_bytes(8, "little") + successor


class Keys:
    def __init__(self):
        self.spans = []
        self.recovery_key_hash = None

    @property
    def all(self):
        return [span.key for span in self.spans]

    def declare(self, key: bytes, recovery_hash: bytes | None, sequence: int):
        """Each of the three gives what is wrong with the change, which then does not take place; None where nothing is."""
        if self.spans:
            return "a key is declared where there is one already"
        self.recovery_key_hash = recovery_hash
        self.spans.append(Span(sequence, key))
        return None

    def rotate(self, key: bytes, previous_key: bytes, sequence: int):
        if not self.spans or previous_key != self.spans[-1].key:
            return "the key that is changed is not the one in force"
        if key in self.all:
            return "the new key was declared before"
        self.spans.append(Span(sequence, key, rotated=True))
        return None

    def revoke(self, value, sequence: int, origin: str):
        revoked_key, successor, first = value.get("revoked_key"), value.get("key"), value.get("from")
        if revoked_key not in self.all:
            return "the key that is revoked was never declared"
        if successor == revoked_key or successor != self.spans[-1].key and successor in self.all:
            return "the successor is neither new nor the key in force"
        if not 0 <= first <= sequence:
            return "the key is revoked from a place behind the revocation"
        recovery_key = value.get("recovery_key")
        if recovery_key_hash(recovery_key) != self.recovery_key_hash:
            return "the recovery key is not the one that was named"
        if not note.verifies(recovery_key, value.get("signature"), revocation_text(origin, revoked_key, first, successor)):
            return "the recovery key's signature does not verify"
        for span in self.spans[self.all.index(revoked_key):]:
            if span.key != successor:
                span.revoked_from = first if span.revoked_from is None else min(span.revoked_from, first)
                span.revoked_at = sequence if span.revoked_at is None else span.revoked_at
        self.spans.append(Span(sequence, successor))
        return None

    def _place_at(self, sequence):
        """The number of the span that the event of the sequence belongs to; -1 before the first."""
        return sum(span.sequence <= sequence for span in self.spans) - 1

    def at(self, sequence: int) -> bytes | None:
        """The key in force for the event."""
        place = self._place_at(sequence)
        return self.spans[place].key if place >= 0 else None

    def is_in_office(self, sequence: int, verified_sizes: list) -> bool:
        """Whether the key in force for the event did not come by a rotation that no verified checkpoint covers."""
        span = self.spans[self._place_at(sequence)]
        return not span.rotated or any(size > span.sequence for size in verified_sizes)

    def signers(self, size: int, stored: int) -> list:
        """Whose signatures the checkpoint of a size needs, if the one stored before it is of `stored` events."""
        first, last = max(0, self._place_at(stored - 1)), self._place_at(size - 1)
        needed = [span.key for span in self.spans[first:last + 1] if span.revoked_at is None or span.revoked_at >= size]
        return list(dict.fromkeys(needed))
