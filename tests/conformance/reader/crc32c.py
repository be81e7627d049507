"""CRC-32C (Castagnoli): reflected polynomial 0x82F63B78, initial value and final xor 0xFFFFFFFF.

It also tells which one byte was changed, where no more than one was. A wrong byte shifts the CRC by an amount that depends
on its place and on what was added to it, and no two of them give the same shift within the lengths of this format.
"""

import dataclasses
import functools
import struct

POLYNOMIAL = 0x82F63B78


def _table_entry(byte):
    for _ in range(8):
        byte = byte >> 1 ^ (POLYNOMIAL if byte & 1 else 0)
    return byte


TABLE = [_table_entry(byte) for byte in range(256)]


@functools.lru_cache(maxsize=1 << 16)
def crc32c(content: bytes) -> int:
    """Of all of `content`. Remembered, because the tests read many stores that differ in one byte."""
    crc = 0xFFFFFFFF
    table = TABLE
    for byte in content:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


CRC_BYTES = 4
_BY_TOP_BYTE = {entry >> 24: index for index, entry in enumerate(TABLE)}
_BY_ENTRY = {entry: index for index, entry in enumerate(TABLE)}


@dataclasses.dataclass(frozen=True)
class Change:
    offset: int  # of the byte, in the part
    byte: int  # what it was before it was changed


def _place_of(shift, count):
    """How many of `count` covered bytes follow the changed one, and what was added to it by xor."""
    for following in range(count):
        if shift in _BY_ENTRY:
            return following, _BY_ENTRY[shift]
        index = _BY_TOP_BYTE[shift >> 24]
        shift = ((shift ^ TABLE[index]) << 8 | index) & 0xFFFFFFFF
    return None


def changed_byte(part: bytes, crc_at: int, covered_from: int, salt: bytes = b"") -> Change | None:
    """The one byte of `part` by which its CRC, at `crc_at`, does not match `salt` and the bytes from `covered_from` on."""
    if len(part) < covered_from:
        return None
    stored = struct.unpack_from("<I", part, crc_at)[0]
    shift = stored ^ crc32c(salt + part[covered_from:])
    if shift == 0:
        return None
    in_crc = [byte for byte in range(CRC_BYTES) if shift >> 8 * byte & 0xFF]
    if len(in_crc) == 1:
        return Change(crc_at + in_crc[0], part[crc_at + in_crc[0]] ^ shift >> 8 * in_crc[0])
    found = _place_of(shift, len(part) - covered_from)
    if found is None:
        return None
    following, added = found
    return Change(len(part) - 1 - following, part[len(part) - 1 - following] ^ added)


def mended(part: bytes, change: Change) -> bytes:
    return part[:change.offset] + bytes([change.byte]) + part[change.offset + 1:]
