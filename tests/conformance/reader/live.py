"""The file `live`: what a live writer has made durable. Not truth."""

import dataclasses
import struct

from .commit import Place
from .crc32c import crc32c

MAGIC = b"batpakL1"
BYTES = 64


@dataclasses.dataclass(frozen=True)
class Live:
    store_id: bytes
    session: int
    durable_through: Place


def read_live(path: str) -> Live | None:
    """What it says; nothing where it is missing, is being rewritten, or is of no known form."""
    try:
        with open(path, "rb") as file:
            content = file.read(BYTES + 1)
    except OSError:
        return None
    if len(content) != BYTES:
        return None
    crc, length, magic, store_id, session, *durable_through = struct.unpack("<II8s16sQQQQ", content)
    if crc != crc32c(content[4:]) or length != BYTES or magic != MAGIC:
        return None
    return Live(store_id, session, Place(*durable_through))
