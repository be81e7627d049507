"""An event as it was read, and the JSON that `batpak log --json --all` prints for it."""

import dataclasses

from . import msgpack
from .finding import Malformed
from .frame import Frame

CATEGORY_BITS = 12
MICROSECONDS = 1_000_000


@dataclasses.dataclass(frozen=True)
class Event:
    frame: Frame
    hash: bytes
    kind_name: str | None  # as declared
    durable: bool

    def as_json(self):
        header = self.frame.header
        members = {
            "sequence": header.sequence, "id": _uuid(header.event_id), "entity": header.entity, "scope": header.scope,
            "kind": self.kind_name or _kind_number(header.kind), "kind_number": _kind_number(header.kind),
            "payload_version": header.payload_version, "stream_version": header.stream_version, "lane": header.lane,
            "time": _time(header.time_us, header.time_counter), "wall_time": _time(header.wall_us)}
        if header.correlation is not None:
            members["correlation"] = header.correlation.hex()
        if header.causation is not None:
            members["causation"] = _uuid(header.causation)
        if header.idempotency_key is not None:
            members["idempotency_key"] = header.idempotency_key.hex()
        members |= {
            "batch_index": header.batch_index, "batch_size": header.batch_size,
            "previous_sequence": header.previous_sequence, "previous_hash": header.previous_hash.hex(),
            "event_hash": self.hash.hex(), "content_hash": header.content_hash.hex()}
        if self.frame.signature is not None:
            members["signature"] = self.frame.signature.hex()
        if header.salvaged_from is not None:
            sequence, event_hash = header.salvaged_from
            members["salvaged_from"] = {"sequence": sequence, "event_hash": event_hash.hex()}
        members["durable"] = self.durable
        members["metadata"] = _value(self.frame.metadata.content) if self.frame.metadata else {}
        members["payload"] = _value(self.frame.payload.content)
        return members


def _value(content):
    """The JSON of a value; None where it is not canonical, which the verifier has said."""
    try:
        return msgpack.to_json(msgpack.decode(content))
    except Malformed:
        return None


def _uuid(event_id):
    digits = event_id.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _kind_number(kind):
    return f"{kind >> CATEGORY_BITS:x}:{kind & (1 << CATEGORY_BITS) - 1:03x}"


def _time(microseconds, counter=0):
    """Of microseconds, always with six digits of a fraction; a counter other than 0 follows."""
    seconds, fraction = divmod(microseconds, MICROSECONDS)
    text = msgpack.time_text(msgpack.Time(seconds, 0)).removesuffix("Z")
    return f"{text}.{fraction:06}Z" + (f"+{counter}" if counter else "")
