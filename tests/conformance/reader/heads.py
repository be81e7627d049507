"""Declarations of heads: the tree over the last events of all streams."""

import hashlib
import struct

from .tree import Tree

BEHIND_MAX = 1 << 20
MAGIC = b"batpakH1"


def _leaf(entity: bytes, lane: int, events: int, event_hash: bytes) -> bytes:
    return MAGIC + struct.pack("<IIQ", lane, len(entity), events) + event_hash + entity


class Heads:
    """Takes the events of a log in their order, and says what is wrong with each declaration of heads."""

    def __init__(self):
        self.streams = {}  # (entity's bytes, lane) -> [(sequence, hash)]
        self.known = True  # every event so far, and its hash

    def lose(self):
        self.known = False

    def take(self, header, event_hash: bytes, sequence: int):
        self.streams.setdefault((header.entity.encode(), header.lane), []).append((sequence, event_hash))

    def _tree(self, size):
        tree = Tree()
        for (entity, lane), events in sorted(self.streams.items(), key=lambda stream: stream[0]):
            count = len(events)
            while count and events[count - 1][0] >= size:
                count -= 1
            if count:
                tree.add_leaf(hashlib.sha256(b"\0" + _leaf(entity, lane, count, events[count - 1][1])).digest())
        return tree

    def faults(self, value, sequence: int):
        """What is wrong with the declaration at `sequence`, which has the form of one and is not taken in yet."""
        size = value.get("log_size")
        if not 1 <= size <= sequence or sequence - size > BEHIND_MAX or not 1 <= value.get("streams") <= size:
            yield "heads", f"heads of {size} events in {value.get('streams')} streams are declared where event {sequence} stands"
            return
        if not self.known:
            return
        tree = self._tree(size)
        if tree.size != value.get("streams"):
            yield "heads", f"{value.get('streams')} streams are declared, and there are {tree.size}"
        elif tree.root() != value.get("root"):
            yield "heads", "the declared root is not that of the streams"
