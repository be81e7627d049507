"""store.meta: who the store is."""

import struct

from . import msgpack
from .crc32c import crc32c
from .declarations import Genesis
from .finding import Malformed, Newer
from .limits import STORE_META_BYTES_MAX

MAGIC = b"batpakM1"
HEAD_BYTES = 24
FORMAT_VERSION = 1


def genesis_payload(content: bytes) -> bytes:
    """The payload of the genesis event, which is all that store.meta holds."""
    if not HEAD_BYTES <= len(content) <= STORE_META_BYTES_MAX:
        raise Malformed("store.meta does not have a length that it can have")
    crc, length, magic, version, payload_bytes = struct.unpack_from("<II8sII", content)
    if length != len(content):
        raise Malformed("store.meta is not as long as it says", 4)
    if crc != crc32c(content[4:]):
        raise Malformed("store.meta's CRC does not match")
    if magic != MAGIC:
        raise Malformed("store.meta does not begin as one does", 8)
    if version > FORMAT_VERSION:
        raise Newer(f"store.meta is of format version {version}", 16)
    if version != FORMAT_VERSION:
        raise Malformed(f"store.meta is of format version {version}", 16)
    if payload_bytes != length - HEAD_BYTES:
        raise Malformed("the genesis payload does not fill store.meta", 20)
    payload = content[HEAD_BYTES:]
    if Genesis.of(msgpack.decode(payload)) is None:
        raise Malformed("what store.meta holds does not have the form of a genesis payload")
    return payload
