"""What a verifier says about one place that is not as FORMAT.md has it."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Finding:
    law: str  # a name of FORMAT.md's table of laws
    path: str  # within the store's directory
    offset: int | None
    message: str
    sequence: int | None = None

    def as_json(self):
        members = {"type": "finding", "law": self.law, "message": self.message, "path": self.path}
        if self.offset is not None:
            members["offset"] = self.offset
        if self.sequence is not None:
            members["sequence"] = self.sequence
        return members


class Refusal(Exception):
    """The store cannot be read at all; `kind` is `newer_format`, `damaged` or `no_store`."""

    def __init__(self, kind, path, offset, message):
        super().__init__(f"{kind}: {message} ({path}" + (f" at {offset})" if offset is not None else ")"))
        self.kind, self.path, self.offset, self.message = kind, path, offset, message


class Malformed(Exception):
    """Bytes do not have the form that FORMAT.md gives them; `offset` is within these bytes."""

    def __init__(self, message, offset=0):
        super().__init__(message)
        self.message, self.offset = message, offset


class Newer(Exception):
    """Bytes are whole, and say that a newer version wrote them."""

    def __init__(self, message, offset=0):
        super().__init__(message)
        self.message, self.offset = message, offset
