"""A commit: what became durable and visible together."""

import dataclasses
import struct

from . import frame
from .crc32c import crc32c
from .finding import Malformed, Newer
from .limits import COMMIT_BYTES_MAX, SIGNATURE_BYTES_MAX, SIGNATURE_BYTES_MIN, SIGNATURES_MAX

MAGIC = b"bpkC"
HEADER_BYTES = 88
SEAL_BYTES = 40
END_FIXED_BYTES = 56  # of the end, before the signatures
END_LAST_BYTES = 8  # zero and the length again
COMMIT_BYTES_MIN = HEADER_BYTES + END_FIXED_BYTES + END_LAST_BYTES
EVENTS, IDLE_MARK, SEAL = 1, 2, 3


@dataclasses.dataclass(frozen=True, order=True)
class Place:
    """The end of a commit, or the start of a segment's commits; later places are greater."""

    segment: int
    offset: int
    sequence: int


@dataclasses.dataclass(frozen=True)
class CommitHeader:
    commit_crc: int
    type: int
    segment: int
    offset: int
    first_sequence: int
    count: int
    length: int
    session: int
    durable_through: Place
    previous_crc: int

    @property
    def end(self) -> Place:
        return Place(self.segment, self.offset + self.length, self.first_sequence + self.count)

    @property
    def start(self) -> Place:
        return Place(self.segment, self.offset, self.first_sequence)


@dataclasses.dataclass(frozen=True)
class StoredSignature:
    offset: int
    name: str
    key_id: bytes
    signature: bytes


@dataclasses.dataclass(frozen=True)
class CommitEnd:
    offset: int
    tree_size: int
    root: bytes
    signed_size: int
    signatures: tuple


@dataclasses.dataclass(frozen=True)
class SealBody:
    file_bytes: int
    next_segment: int
    next_first_sequence: int
    next_salt: bytes


def header_at(content: bytes, offset: int, segment: int, salt: bytes) -> CommitHeader | None:
    """The header of a commit that stands at `offset` of segment `segment`, if one does."""
    return parse_header(content[offset:offset + HEADER_BYTES], offset, segment, salt)


def parse_header(raw: bytes, offset: int, segment: int, salt: bytes) -> CommitHeader | None:
    if len(raw) < HEADER_BYTES or raw[8:12] != MAGIC:
        return None
    (header_crc, commit_crc, _, kind, number, stands_at, first_sequence, count, length, session, *durable_through,
     previous_crc, zero) = struct.unpack("<II4sIQQQIIQQQQII", raw)
    if header_crc != crc32c(salt + raw[4:]) or number != segment or stands_at != offset:
        return None
    header = CommitHeader(commit_crc, kind, number, stands_at, first_sequence, count, length, session,
                          Place(*durable_through), previous_crc)
    if kind > SEAL:
        raise Newer(f"the commit type is {kind}", offset + 12)
    return header if zero == 0 and _counts(header) else None


def _counts(header):
    """Whether type, number of events and length are ones that a commit can have."""
    right = header.count >= 1 if header.type == EVENTS else header.type != 0 and header.count == 0
    return right and header.length % 8 == 0 and COMMIT_BYTES_MIN <= header.length <= COMMIT_BYTES_MAX


def unknown_length(content: bytes, offset: int, segment: int, salt: bytes) -> int | None:
    """The length of what stands at `offset` with both CRCs right, as no torn write has them, and in a form that no commit has."""
    raw = content[offset:offset + HEADER_BYTES]
    if len(raw) < HEADER_BYTES or raw[8:12] != MAGIC or header_at(content, offset, segment, salt) is not None:
        return None
    header_crc, commit_crc, _, _, number, stands_at, _, _, length = struct.unpack_from("<II4sIQQQII", raw)
    if header_crc != crc32c(salt + raw[4:]) or (number, stands_at) != (segment, offset):
        return None
    whole = content[offset:offset + length]
    return length if HEADER_BYTES <= length == len(whole) and commit_crc == crc32c(salt + whole[8:]) else None


def is_whole(content: bytes, header: CommitHeader, salt: bytes) -> bool:
    raw = content[header.offset:header.offset + header.length]
    return len(raw) == header.length and header.commit_crc == crc32c(salt + raw[8:])


def _signatures(raw, offset):
    signatures = []
    at = 0
    while at < len(raw):
        if len(raw) - at < 4:
            raise Malformed("a signature ends early", offset + at)
        name_bytes, signature_bytes = struct.unpack_from("<HH", raw, at)
        if not SIGNATURE_BYTES_MIN <= signature_bytes <= SIGNATURE_BYTES_MAX:
            raise Malformed("a signature has a length that none can have", offset + at)
        if 4 + name_bytes + signature_bytes > len(raw) - at:
            raise Malformed("a signature ends early", offset + at)
        name = raw[at + 4:at + 4 + name_bytes]
        signature = raw[at + 4 + name_bytes:at + 4 + name_bytes + signature_bytes]
        try:
            signatures.append(StoredSignature(offset + at, name.decode(), signature[:4], signature[4:]))
        except UnicodeDecodeError as error:
            raise Malformed("the name in a signature is not UTF-8", offset + at) from error
        at += 4 + name_bytes + signature_bytes
    if len(signatures) > SIGNATURES_MAX:
        raise Malformed("there are too many signatures", offset)
    return tuple(signatures)


def parse_end(content: bytes, offset: int, end: int, length: int) -> CommitEnd:
    """The end of a commit of `length` bytes, from `offset`, where its body ends, to `end`, where it does."""
    if end - offset < END_FIXED_BYTES + END_LAST_BYTES:
        raise Malformed("the commit's body lies past its end", offset)
    tree_size, root, signed_size, signature_bytes, zero = struct.unpack_from("<Q32sQII", content, offset)
    if zero:
        raise Malformed("the 4 bytes behind L are not zero", offset + 52)
    at = offset + END_FIXED_BYTES
    if frame.padded(at + signature_bytes) + END_LAST_BYTES != end:
        raise Malformed("the commit is not as long as its parts", offset + 48)
    if (signed_size == 0) != (signature_bytes == 0):
        raise Malformed("the signed size and the signatures do not fit", offset + 40)
    signatures = _signatures(content[at:at + signature_bytes], at)
    if any(content[at + signature_bytes:end - 4]):
        raise Malformed("the padding of the commit's end is not zero", at + signature_bytes)
    if struct.unpack_from("<I", content, end - 4)[0] != length:
        raise Malformed("the length at the commit's end is another", end - 4)
    return CommitEnd(offset, tree_size, root, signed_size, signatures)


def parse_seal(content: bytes, header: CommitHeader) -> SealBody:
    return SealBody(*struct.unpack_from("<QQQ16s", content, header.offset + HEADER_BYTES))
