"""The Merkle tree of RFC 6962 over event hashes."""

import hashlib

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(event_hash: bytes) -> bytes:
    return hashlib.sha256(b"\0" + event_hash).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


class Tree:
    """A growing tree, kept as its right edge: the roots of its perfect subtrees, largest first."""

    def __init__(self, size=0, edge=()):
        self.size = size
        self.edge = list(edge)

    def copy(self):
        return Tree(self.size, self.edge)

    def add(self, event_hash: bytes):
        self.add_leaf(leaf_hash(event_hash))

    def add_leaf(self, node: bytes):
        carry = self.size
        while carry & 1:
            node = node_hash(self.edge.pop(), node)
            carry >>= 1
        self.edge.append(node)
        self.size += 1

    def root(self) -> bytes:
        if not self.edge:
            return EMPTY_ROOT
        root = self.edge[-1]
        for left in reversed(self.edge[:-1]):
            root = node_hash(left, root)
        return root
