"""A frame: one event as it stands on disk."""

import dataclasses
import struct

from .blake3 import derive_key
from .crc32c import crc32c
from .finding import Malformed, Newer
from .limits import (COMMIT_BYTES_MAX, EXTENSIONS_BYTES_MAX, METADATA_BYTES_MAX, NAME_BYTES_MAX,
                     PAYLOAD_BYTES_MAX, RULE_BYTES_MAX)

FRAME_TYPE = 1
PREFIX_BYTES = 48  # before the header
HEADER_FIXED_BYTES = 64
HEADER_CHAIN_BYTES = 96  # at the header's end
SALT_BYTES = 16
SIGNATURE_BYTES = 68  # key id and Ed25519 signature

PAYLOAD_ERASED, METADATA_ERASED, SIGNED = 1, 2, 4
STATES_KNOWN = PAYLOAD_ERASED | METADATA_ERASED | SIGNED
CORRELATION, CAUSATION, IDEMPOTENCY_KEY, METADATA, RULE, EXTENSIONS = 1, 2, 4, 8, 16, 32
PRESENCE_KNOWN = 63

EXTENSION_IGNORABLE = 0x8000
SALVAGED_FROM = 0x8001
SALVAGED_FROM_BYTES = 40
HASHED_BLOCK_BYTES = 64


def padded(count: int, multiple: int = 8) -> int:
    return (count + multiple - 1) // multiple * multiple


def hash_padded(context: str, content: bytes) -> bytes:
    """The content is padded with zeros to whole blocks, so that there is one way to hash each section."""
    return derive_key(context, content.ljust(padded(len(content), HASHED_BLOCK_BYTES), b"\0"))


@dataclasses.dataclass(frozen=True)
class Section:
    """Length, perhaps a salt, and bytes, with where it stands in the frame."""

    offset: int
    raw: bytes  # as it stands, which is what is hashed
    content: bytes
    salt: bytes = b""

    @property
    def is_zero(self):
        return not any(self.salt) and not any(self.content)


@dataclasses.dataclass(frozen=True)
class Header:
    raw: bytes
    presence: int
    kind: int
    payload_version: int
    lane: int
    batch_index: int
    batch_size: int
    content_hash: bytes
    correlation: bytes | None
    causation: bytes | None
    idempotency_key: bytes | None
    metadata_hash: bytes | None
    rule_hash: bytes | None
    entity: str
    scope: str
    extensions: tuple  # of (type, bytes)
    sequence: int
    stream_version: int
    time_us: int
    wall_us: int
    time_counter: int
    event_id: bytes
    previous_sequence: int
    previous_hash: bytes

    @property
    def salvaged_from(self) -> tuple[int, bytes] | None:
        """The sequence and hash of the event that this is a copy of: of several copies one after the other, the newest."""
        records = [content for kind, content in self.extensions if kind == SALVAGED_FROM]
        return (struct.unpack_from("<Q", records[-1])[0], records[-1][8:]) if records else None

    @property
    def hash(self) -> bytes:
        """The event hash, computed."""
        return hash_padded("batpak event v1", self.raw)


@dataclasses.dataclass(frozen=True)
class Frame:
    raw: bytes
    state: int
    stored_hash: bytes
    header: Header
    metadata: Section | None
    rule: Section | None
    payload: Section
    signature: bytes | None  # key id and signature

    @property
    def content_hash(self):
        return hash_padded("batpak content v1", self.payload.raw)

    @property
    def metadata_hash(self):
        return hash_padded("batpak metadata v1", self.metadata.raw)

    @property
    def rule_hash(self):
        return hash_padded("batpak rule v1", self.rule.raw)


def length_at(content: bytes, offset: int, end: int) -> int | None:
    """How long the frame at `offset` says it is, where that is a length that a frame before `end` can have."""
    if offset + PREFIX_BYTES > end:
        return None
    length = struct.unpack_from("<I", content, offset + 4)[0]
    least = PREFIX_BYTES + HEADER_FIXED_BYTES + HEADER_CHAIN_BYTES
    if length % 8 or not least <= length <= min(end - offset, COMMIT_BYTES_MAX):
        return None
    return length


def crc_matches(frame: bytes) -> bool:
    return struct.unpack_from("<I", frame)[0] == crc32c(frame[4:])


def has_control_character(name: str) -> bool:
    return any(character < " " or "\x7f" <= character <= "\x9f" for character in name)


def _name(content, what, offset):
    if not 1 <= len(content) <= NAME_BYTES_MAX:
        raise Malformed(f"the {what} is not 1 to {NAME_BYTES_MAX} bytes long", offset)
    try:
        name = content.decode()
    except UnicodeDecodeError as error:
        raise Malformed(f"the {what} is not UTF-8", offset) from error
    if has_control_character(name):
        raise Malformed(f"the {what} holds a control character", offset)
    return name


def _extensions(content, offset):
    records = []
    at = 0
    while at < len(content):
        if len(content) - at < 4:
            raise Malformed("an extension ends early", offset + at)
        kind, count = struct.unpack_from("<HH", content, at)
        if count > len(content) - at - 4:
            raise Malformed("an extension ends early", offset + at)
        if not kind & EXTENSION_IGNORABLE:
            raise Newer(f"an extension is of the unknown type 0x{kind:04x}", offset + at)
        if kind == SALVAGED_FROM and count != SALVAGED_FROM_BYTES:
            raise Malformed("where an event was salvaged from takes 40 bytes", offset + at)
        records.append((kind, content[at + 4:at + 4 + count]))
        at += 4 + count
    return tuple(records)


def parse_header(raw: bytes) -> Header:
    """A header of exactly these bytes; offsets of what is wrong are within them."""
    (presence, kind, payload_version, encoding, entity_bytes, scope_bytes, extension_bytes, lane, batch_index, batch_size,
     zero, content_hash) = struct.unpack_from("<IHHHHHHIIII32s", raw)
    if presence & ~PRESENCE_KNOWN:
        raise Newer("the header's presence has unknown bits")
    if encoding != 0:
        raise Newer(f"the payload encoding is {encoding}", 8)
    if zero:
        raise Malformed("bytes 28 to 32 of the header are not zero", 28)
    if (extension_bytes != 0) != bool(presence & EXTENSIONS) or extension_bytes > EXTENSIONS_BYTES_MAX:
        raise Malformed("the extensions' length and their presence bit do not fit", 14)
    if batch_index >= batch_size:
        raise Malformed("the index in the batch is not below its size", 20)
    at = HEADER_FIXED_BYTES
    optional = []
    for bit, count in ((CORRELATION, 16), (CAUSATION, 16), (IDEMPOTENCY_KEY, 32), (METADATA, 32), (RULE, 32)):
        optional.append(raw[at:at + count] if presence & bit else None)
        at += count if presence & bit else 0
    if padded(at + entity_bytes + scope_bytes + extension_bytes) + HEADER_CHAIN_BYTES != len(raw):
        raise Malformed("the header is not as long as its fields", 10)
    entity = _name(raw[at:at + entity_bytes], "entity", at)
    at += entity_bytes
    scope = _name(raw[at:at + scope_bytes], "scope", at)
    at += scope_bytes
    extensions = _extensions(raw[at:at + extension_bytes], at)
    at += extension_bytes
    if any(raw[at:-HEADER_CHAIN_BYTES]):
        raise Malformed("the header's padding is not zero", at)
    (sequence, stream_version, time_us, wall_us, time_counter, zero, event_id, previous_sequence,
     previous_hash) = struct.unpack_from("<QQqqII16sQ32s", raw, len(raw) - HEADER_CHAIN_BYTES)
    if zero:
        raise Malformed("the 4 bytes behind the time's counter are not zero", len(raw) - 60)
    return Header(raw, presence, kind, payload_version, lane, batch_index, batch_size, content_hash, *optional, entity, scope,
                  extensions, sequence, stream_version, time_us, wall_us, time_counter, event_id, previous_sequence,
                  previous_hash)


class _Body:
    """What follows the header, section by section."""

    def __init__(self, raw, at):
        self.raw, self.at = raw, at

    def section(self, what, salt_bytes, bytes_max):
        start = self.at
        if len(self.raw) - start < 8 + salt_bytes:
            raise Malformed(f"the {what} section lies past the frame's end", start)
        count = struct.unpack_from("<Q", self.raw, start)[0]
        if not 1 <= count <= bytes_max:
            raise Malformed(f"the {what} is not 1 to {bytes_max} bytes long", start)
        if count > len(self.raw) - start - 8 - salt_bytes:
            raise Malformed(f"the {what} lies past the frame's end", start)
        content = start + 8 + salt_bytes
        self.at = content + count
        return Section(start, self.raw[start:self.at], self.raw[content:self.at], self.raw[start + 8:content])


def parse(raw: bytes) -> Frame:
    """A frame of exactly these bytes. Checks its form and no hash; offsets of what is wrong are within it."""
    frame_type, state, header_bytes = struct.unpack_from("<HHI", raw, 8)
    if frame_type != FRAME_TYPE:
        raise Newer(f"the frame type is {frame_type}", 8)
    if state & ~STATES_KNOWN:
        raise Newer("the frame's state has unknown bits", 10)
    if not HEADER_FIXED_BYTES + HEADER_CHAIN_BYTES <= header_bytes <= len(raw) - PREFIX_BYTES:
        raise Malformed("the header lies past the frame's end", 12)
    try:
        header = parse_header(raw[PREFIX_BYTES:PREFIX_BYTES + header_bytes])
    except (Malformed, Newer) as error:
        error.offset += PREFIX_BYTES
        raise
    body = _Body(raw, PREFIX_BYTES + header_bytes)
    metadata = body.section("metadata", SALT_BYTES, METADATA_BYTES_MAX) if header.metadata_hash is not None else None
    rule = body.section("rule", 0, RULE_BYTES_MAX) if header.rule_hash is not None else None
    payload = body.section("payload", SALT_BYTES, PAYLOAD_BYTES_MAX)
    if state & METADATA_ERASED and metadata is None:
        raise Malformed("metadata is erased that was never there", 10)
    signature = None
    if state & SIGNED:
        signature = raw[body.at:body.at + SIGNATURE_BYTES]
        if len(signature) != SIGNATURE_BYTES:
            raise Malformed("the event signature lies past the frame's end", body.at)
        body.at += SIGNATURE_BYTES
    if padded(body.at) != len(raw):
        raise Malformed("the frame is not as long as its parts", 4)
    if any(raw[body.at:]):
        raise Malformed("the frame's padding is not zero", body.at)
    for erased, section in ((state & METADATA_ERASED, metadata), (state & PAYLOAD_ERASED, payload)):
        if erased and not section.is_zero:
            raise Malformed("what is erased is not zero", section.offset)
    return Frame(raw, state, raw[16:48], header, metadata, rule, payload, signature)
