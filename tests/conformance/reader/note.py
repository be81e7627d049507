"""Checkpoints and keys: the text that is signed, and what verifies it (C2SP tlog-checkpoint, as in a signed note)."""

import base64
import dataclasses
import functools
import hashlib
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .frame import has_control_character
from .limits import ORIGIN_BYTES_MAX

ED25519 = 1  # the algorithm's byte in a key id and in a verifier's key
KEY_BYTES = 32
SIGNATURE_BYTES = 64


def key_id(origin: str, public_key: bytes) -> bytes:
    return hashlib.sha256(origin.encode() + b"\n" + bytes([ED25519]) + public_key).digest()[:4]


def checkpoint_text(origin: str, size: int, root: bytes) -> bytes:
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n".encode()


def _in_base64(text: str) -> bytes | None:
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return content if base64.b64encode(content).decode() == text else None


def _is_signature(line: str) -> bool:
    parts = line.split(" ")
    content = _in_base64(parts[-1])
    return len(parts) == 3 and parts[0] == "\u2014" and _is_key_name(parts[1]) and content is not None and len(content) > 4


def is_origin(name: str) -> bool:
    """Whether a log may be called so."""
    return _is_key_name(name) and len(name.encode()) <= ORIGIN_BYTES_MAX and not has_control_character(name)


def _is_key_name(name: str) -> bool:
    """Whether signed-note lets a key be called so."""
    return name != "" and not any(character.isspace() or character == "+" for character in name)


def is_checkpoint(text: str) -> bool:
    """Whether the text is a checkpoint as a note, with or without signatures."""
    body, separator, signatures = text.partition("\n\n")
    lines = body.split("\n")
    if not separator or len(lines) < 3 or lines[0] == "":
        return False
    if not re.fullmatch(r"0|[1-9][0-9]*", lines[1], re.ASCII) or int(lines[1]) >= 1 << 64:
        return False
    root = _in_base64(lines[2])
    if root is None or len(root) != 32 or any(ord(character) < 0x20 and character != "\n" for character in text):
        return False
    return signatures == "" or signatures.endswith("\n") and all(map(_is_signature, signatures[:-1].split("\n")))


def event_signature_text(origin: str, event_hash: bytes) -> bytes:
    return b"batpak event signature v1\n" + origin.encode() + b"\n" + event_hash


@dataclasses.dataclass(frozen=True)
class VerifierKey:
    """What a signed note calls a verifier's key: origin+key id+base64 of the algorithm's byte and the key."""

    origin: str
    public_key: bytes

    @staticmethod
    def parse(text: str) -> "VerifierKey":
        origin, hexadecimal, encoded = text.strip().split("+", 2)
        content = base64.b64decode(encoded, validate=True)
        if len(content) != 1 + KEY_BYTES or content[0] != ED25519:
            raise ValueError("this is not an Ed25519 key")
        key = VerifierKey(origin, content[1:])
        if bytes.fromhex(hexadecimal) != key.id:
            raise ValueError("the key's id is not that of its origin and bytes")
        return key

    @property
    def id(self) -> bytes:
        return key_id(self.origin, self.public_key)


@functools.lru_cache(maxsize=1 << 16)
def verifies(public_key: bytes, signature: bytes, text: bytes) -> bool:
    if len(signature) != SIGNATURE_BYTES:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True
