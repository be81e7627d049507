"""The store's own events: the genesis event, declarations of types, of the key and of heads, records of salvage and restores."""

import dataclasses

from .frame import Header, has_control_character
from .limits import KIND_NAME_BYTES_MAX
from .keys import Keys
from .msgpack import Map
from .note import is_checkpoint, is_origin

CATEGORY_BITS = 12
GENESIS, TYPE, KEY, SALVAGE, HEADS, KEY_ROTATION, KEY_REVOCATION, RESTORE = 1, 2, 3, 4, 5, 6, 7, 8
ENTITIES = {GENESIS: "$batpak/store", TYPE: "$batpak/types", KEY: "$batpak/keys", SALVAGE: "$batpak/salvage", HEADS: "$batpak/heads",
            KEY_ROTATION: "$batpak/keys", KEY_REVOCATION: "$batpak/keys", RESTORE: "$batpak/restores"}
PREFIX = "$batpak/"
SCOPE = "$batpak"
OTHER_VERSION = "an event of the store's own has another payload version than 1"
KEY_BYTES = 32
SIGNATURE_BYTES = 64
ID_BYTES = 16
ROOT_BYTES = 32


def _is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _is_integer64(value):
    return _is_integer(value) and -1 << 63 <= value < 1 << 63


def _is_size(value):
    return _is_integer(value) and 0 <= value < 1 << 64


def _is_bytes(count):
    return lambda value: isinstance(value, bytes) and len(value) == count


def _is_bytes_or_nil(count):
    return lambda value: value is None or _is_bytes(count)(value)


def _is_string(value):
    return isinstance(value, str)


def _has_form(value, form):
    """Whether `value` is a map with exactly these keys, each value being what its key's test accepts."""
    return isinstance(value, Map) and value.keys == sorted(form) and all(form[key](item) for key, item in value.entries)


def _list_of(form):
    return lambda value: isinstance(value, tuple) and all(_has_form(item, form) for item in value)


FORMS = {
    GENESIS: {
        "created": _is_integer64, "format": lambda value: _is_integer(value) and value == 1,
        "key": _is_bytes_or_nil(KEY_BYTES), "origin": lambda value: _is_string(value) and is_origin(value),
        "recovery_key_hash": _is_bytes_or_nil(KEY_BYTES), "store_id": _is_bytes(ID_BYTES)},
    TYPE: {
        "declares": lambda value: _is_integer(value) and 0 <= value <= 0xFFFF,
        "fields": _list_of({"name": _is_string, "type": _is_string}), "name": _is_string,
        "version": lambda value: _is_integer(value) and 0 <= value <= 0xFFFF},
    KEY: {"key": _is_bytes(KEY_BYTES), "recovery_key_hash": _is_bytes_or_nil(KEY_BYTES)},
    SALVAGE: {
        "events_lost": _is_size,
        "lost": _list_of({"first_sequence": _is_size, "next_sequence": _is_size, "reason": _is_string}),
        "source_origin": _is_string, "source_store_id": _is_bytes(ID_BYTES)},
    HEADS: {"log_size": _is_size, "root": _is_bytes(ROOT_BYTES), "streams": _is_size},
    KEY_ROTATION: {"key": _is_bytes(KEY_BYTES), "previous_key": _is_bytes(KEY_BYTES)},
    KEY_REVOCATION: {
        "from": _is_size, "key": _is_bytes(KEY_BYTES), "recovery_key": _is_bytes(KEY_BYTES), "revoked_key": _is_bytes(KEY_BYTES),
        "signature": _is_bytes(SIGNATURE_BYTES)},
    RESTORE: {"given_up": lambda value: _is_string(value) and is_checkpoint(value)},
}


@dataclasses.dataclass(frozen=True)
class Genesis:
    origin: str
    store_id: bytes
    key: bytes | None

    @staticmethod
    def of(value) -> "Genesis | None":
        """What a genesis payload says, where it has the form of one."""
        if not _has_form(value, FORMS[GENESIS]):
            return None
        return Genesis(value.get("origin"), value.get("store_id"), value.get("key"))


LOST_NAME = "batpak.lost."  # begins the name of a kind whose own was lost


class Declarations:
    """What has been declared so far."""

    def __init__(self):
        self.types = set()  # (kind, version)
        self.names = {}  # kind -> name
        self.kinds = {}  # name -> kind
        self.origin = ""
        self.keys = Keys()
        self.incomplete = False  # a declaration may have been in what cannot be read

    @staticmethod
    def has_form(header: Header, value) -> bool:
        """Whether the payload of an event of the store's own has the fields of its kind."""
        form = FORMS.get(header.kind)
        return form is None or value is not None and _has_form(value, form)

    def faults(self, header: Header, value, sequence: int):
        """(law, message) for each thing that is not as it should be; `value` is the payload, None where it is not known."""
        if header.kind >> CATEGORY_BITS == 0:
            yield from self._own(header, value, sequence)
            return
        if header.entity.startswith(PREFIX):
            yield "declaration", f"an event of kind {header.kind:#06x} stands in an entity of the store's own"
        if (header.kind, header.payload_version) not in self.types and not self.incomplete:
            self.types.add((header.kind, header.payload_version))  # once is enough
            yield "declaration", f"nothing declares version {header.payload_version} of kind {header.kind:#06x}"

    def _own(self, header, value, sequence):
        entity = ENTITIES.get(header.kind)
        if entity is None:
            yield "declaration", f"the store has no kind {header.kind:#06x}"
            return
        if header.payload_version != 1:
            yield "declaration", OTHER_VERSION
        if (header.entity, header.scope, header.lane) != (entity, SCOPE, 0):
            yield "declaration", f"an event of kind {header.kind:#06x} stands elsewhere than in {entity}"
        if (header.kind == GENESIS) != (sequence == 0):
            yield "declaration", "the genesis event is the first one and no other"
        if value is None:
            self.incomplete = True
            return
        if not _has_form(value, FORMS[header.kind]):
            if header.kind == HEADS:
                yield "heads", "the declaration of heads has not the form of one"
                return
            about_keys = header.kind in (KEY, KEY_ROTATION, KEY_REVOCATION)
            yield "key_declaration" if about_keys else "declaration", "the payload does not have the fields of its kind"
            self.incomplete = True
            return
        if header.kind == TYPE:
            yield from self._declare_type(value)
        fault = self._change_keys(header.kind, value, sequence)
        if fault is not None:
            yield "key_declaration", fault

    def _change_keys(self, kind, value, sequence):
        if kind == GENESIS:
            if sequence != 0:
                return None
            self.origin = value.get("origin")
        if kind == KEY_ROTATION:
            return self.keys.rotate(value.get("key"), value.get("previous_key"), sequence)
        if kind == KEY_REVOCATION:
            return self.keys.revoke(value, sequence, self.origin)
        if kind in (GENESIS, KEY) and value.get("key") is not None:
            return self.keys.declare(value.get("key"), value.get("recovery_key_hash"), sequence)
        return None

    def _declare_type(self, value):
        kind, name = value.get("declares"), value.get("name")
        fields = [field.get("name").encode() for field in value.get("fields")]
        if kind >> CATEGORY_BITS == 0:
            yield "declaration", "a kind of the store's own is declared"
        if not 1 <= len(name.encode()) <= KIND_NAME_BYTES_MAX or has_control_character(name):
            yield "declaration", f"kind {kind:#06x} is declared under what can be no name"
        if fields != sorted(set(fields)):
            yield "declaration", "the declared fields are not in the order of their names"
        if self.names.get(kind, "").startswith(LOST_NAME):
            self.names[kind] = name
        if self.names.setdefault(kind, name) != name:
            yield "declaration", f"kind {kind:#06x} is called {name} and was called {self.names[kind]}"
        if self.kinds.setdefault(name, kind) != kind:
            yield "declaration", f"{name} is kind {kind:#06x} and was kind {self.kinds[name]:#06x}"
        self.types.add((kind, value.get("version")))
