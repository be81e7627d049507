"""What a commit contains: its frames and its end, also where some of it is broken."""

import dataclasses

from . import commit, frame
from .finding import Malformed

FRAME_ALIGNMENT = 8
FRAME_TYPE = b"\1\0"


@dataclasses.dataclass(frozen=True)
class PlacedFrame:
    """Bytes that are a frame, or where one should be; `whole` says that the frame's CRC matches."""

    offset: int
    raw: bytes
    whole: bool


@dataclasses.dataclass(frozen=True)
class Content:
    frames: list
    end: commit.CommitEnd | None
    fault: Malformed | None  # what is wrong with its form; its offset is in the segment


def _whole_at(content, offset, end):
    length = frame.length_at(content, offset, end)
    if length is None:
        return None
    raw = content[offset:offset + length]
    return raw if frame.crc_matches(raw) else None


def _behind_broken(content, offset, end):
    """Where the frame at `offset`, which is broken, ends: where its length says, if a frame stands there, or at the next one."""
    length = frame.length_at(content, offset, end)
    if length is not None and (offset + length == end or _whole_at(content, offset + length, end)):
        return offset + length
    for at in range(offset + FRAME_ALIGNMENT, end, FRAME_ALIGNMENT):
        if content[at + 8:at + 10] == FRAME_TYPE and _whole_at(content, at, end):
            return at
    return length + offset if length is not None else end


def _frames(content, start, end, count):
    found = []
    at = start
    while at < end and len(found) < count:
        raw = _whole_at(content, at, end)
        if raw is not None:
            found.append(PlacedFrame(at, raw, whole=True))
            at += len(raw)
        else:
            behind = _behind_broken(content, at, end)
            found.append(PlacedFrame(at, content[at:behind], whole=False))
            at = behind
    return found, at


def of_commit(content: bytes, header: commit.CommitHeader) -> Content:
    """Of the commit with this header, whole or not."""
    end = min(header.offset + header.length, len(content))
    body = header.offset + commit.HEADER_BYTES
    if header.type == commit.SEAL:
        frames, at = [], body + commit.SEAL_BYTES
    elif header.type == commit.IDLE_MARK:
        frames, at = [], body
    else:
        stop = _end_from_behind(content, body, end, header.length)
        frames, at = _frames(content, body, stop, header.count)
    try:
        tail = commit.parse_end(content, at, end, header.length)
    except Malformed as fault:
        return Content(frames, None, fault)
    if len(frames) != header.count:
        return Content(frames, tail, Malformed("the commit has fewer frames than its header counts", header.offset))
    return Content(frames, tail, None)


def _end_from_behind(content, body, end, length):
    """Where the frames stop, looked for from the commit's end, so that a broken frame does not hide it."""
    least = commit.END_FIXED_BYTES + commit.END_LAST_BYTES
    most = least + commit.SIGNATURES_MAX * (4 + commit.SIGNATURE_BYTES_MAX + 0xFFFF)
    for at in range(end - least, max(body, end - most) - 1, -FRAME_ALIGNMENT):
        try:
            commit.parse_end(content, at, end, length)
            return at
        except Malformed:
            continue
    return end


def of_bytes(content: bytes, start: int, end: int) -> list[PlacedFrame]:
    """The whole frames in bytes that begin no commit: what is left of commits whose headers are broken."""
    found = []
    at = start
    while at < end:
        raw = _whole_at(content, at, end) if content[at + 8:at + 10] == FRAME_TYPE else None
        if raw is not None:
            found.append(PlacedFrame(at, raw, whole=True))
        at += len(raw) if raw is not None else FRAME_ALIGNMENT
    return found
