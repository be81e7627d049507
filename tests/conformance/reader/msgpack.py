"""MessagePack in the canonical form of PAYLOADS.md, and the JSON that stands for it.

`decode` takes nothing else: whatever could have been written in another way, it refuses.
"""

import base64
import dataclasses
import math
import struct

from .finding import Malformed
from .limits import VALUES_WITHIN_MAX

NAN32 = bytes.fromhex("ca7fc00000")
NAN64 = bytes.fromhex("cb7ff8000000000000")
TIMESTAMP = 0xFF  # extension type -1
NANOSECONDS_MAX = 999_999_999


@dataclasses.dataclass(frozen=True)
class Float32:
    value: float


@dataclasses.dataclass(frozen=True)
class Time:
    seconds: int  # since 1970-01-01T00:00:00Z
    nanoseconds: int  # after that second


@dataclasses.dataclass(frozen=True)
class Map:
    entries: tuple  # of (key, value), in the order of the bytes

    def get(self, key, otherwise=None):
        for known, value in self.entries:
            if known == key and isinstance(known, type(key)):
                return value
        return otherwise

    @property
    def keys(self):
        return [key for key, _ in self.entries]


class _Decoder:
    def __init__(self, content: bytes):
        self.content = content
        self.at = 0

    def take(self, count: int) -> bytes:
        if count > len(self.content) - self.at:
            raise Malformed("a value ends early", self.at)
        taken = self.content[self.at:self.at + count]
        self.at += count
        return taken

    def number(self, form: str):
        return struct.unpack(">" + form, self.take(struct.calcsize(form)))[0]

    def length(self, form: str, above: int) -> int:
        """A length or count that is only written so when it does not fit into less: more than `above`."""
        start = self.at - 1
        count = self.number(form)
        if count <= above:
            raise Malformed("a length is written longer than it needs to be", start)
        return count

    def value(self, within: int):
        start = self.at
        head = self.take(1)[0]
        if head <= 0x7F:
            return head
        if head >= 0xE0:
            return head - 0x100
        if head <= 0x8F:
            return self.map(head & 0x0F, within)
        if head <= 0x9F:
            return self.array(head & 0x0F, within)
        if head <= 0xBF:
            return self.string(head & 0x1F)
        if head == 0xC0:
            return None
        if head in (0xC2, 0xC3):
            return head == 0xC3
        if head in (0xC4, 0xC5, 0xC6):
            return self.take(self.length("BHI"[head - 0xC4], (-1, 0xFF, 0xFFFF)[head - 0xC4]))
        if head in (0xCA, 0xCB):
            return self.real(head, start)
        if 0xCC <= head <= 0xD3:
            return self.integer(head, start)
        if head in (0xC7, 0xD6, 0xD7):
            return self.time(head, start)
        if head in (0xD9, 0xDA, 0xDB):
            return self.string(self.length("BHI"[head - 0xD9], (31, 0xFF, 0xFFFF)[head - 0xD9]))
        if head in (0xDC, 0xDD):
            return self.array(self.length("HI"[head - 0xDC], (15, 0xFFFF)[head - 0xDC]), within)
        if head in (0xDE, 0xDF):
            return self.map(self.length("HI"[head - 0xDE], (15, 0xFFFF)[head - 0xDE]), within)
        raise Malformed(f"a value begins with 0x{head:02x}", start)

    def integer(self, head, start):
        if head <= 0xCF:
            number = self.number("BHIQ"[head - 0xCC])
            shortest = number > (0x7F, 0xFF, 0xFFFF, 0xFFFFFFFF)[head - 0xCC]
        else:
            number = self.number("bhiq"[head - 0xD0])
            shortest = number < (-32, -(1 << 7), -(1 << 15), -(1 << 31))[head - 0xD0]
        if not shortest:
            raise Malformed("an integer is written longer than it needs to be", start)
        return number

    def real(self, head, start):
        number = self.number("f" if head == 0xCA else "d")
        if math.isnan(number) and self.content[start:self.at] not in (NAN32, NAN64):
            raise Malformed("a NaN is not the one that stands for all", start)
        return Float32(number) if head == 0xCA else number

    def string(self, count):
        start = self.at
        try:
            return self.take(count).decode()
        except UnicodeDecodeError as error:
            raise Malformed("a string is not UTF-8", start + error.start) from error

    def time(self, head, start):
        size = {0xC7: 12, 0xD6: 4, 0xD7: 8}[head]
        if head == 0xC7 and self.number("B") != 12:
            raise Malformed("an extension is no time", start)
        if self.number("B") != TIMESTAMP:
            raise Malformed("an extension is no time", start)
        if size == 4:
            return Time(self.number("I"), 0)
        if size == 8:
            both = self.number("Q")
            time = Time(both & (1 << 34) - 1, both >> 34)
            shortest = time.nanoseconds != 0 or time.seconds >= 1 << 32
        else:
            nanoseconds = self.number("I")
            time = Time(self.number("q"), nanoseconds)
            shortest = not 0 <= time.seconds < 1 << 34
        if time.nanoseconds > NANOSECONDS_MAX:
            raise Malformed("a time has a second's worth of nanoseconds", start)
        if not shortest:
            raise Malformed("a time is written longer than it needs to be", start)
        return time

    def within(self, within):
        if within == VALUES_WITHIN_MAX:
            raise Malformed("values lie too deep within each other", self.at - 1)
        return within + 1

    def array(self, count, within):
        inner = self.within(within)
        return tuple(self.value(inner) for _ in range(count))

    def map(self, count, within):
        inner = self.within(within)
        entries = []
        before = None
        for _ in range(count):
            start = self.at
            key = self.value(inner)
            if isinstance(key, str):
                order = (1, key.encode())
            elif isinstance(key, int) and not isinstance(key, bool):
                order = (0, self.content[start:self.at])
            else:
                raise Malformed("a key is neither a string nor an integer", start)
            if before is not None and order <= before:
                raise Malformed("the keys of a map are not in order, or one is there twice", start)
            before = order
            entries.append((key, self.value(inner)))
        return Map(tuple(entries))


def decode(content: bytes):
    """The one value that `content` is."""
    decoder = _Decoder(content)
    value = decoder.value(0)
    if decoder.at != len(content):
        raise Malformed("bytes follow the value", decoder.at)
    return value


JSON_FORMS = ("$bytes", "$time", "$int", "$float32", "$float64", "$map")
JSON_INTEGER_MAX = 1 << 53


def _special(number):
    if math.isnan(number):
        return "nan"
    if math.isinf(number):
        return "inf" if number > 0 else "-inf"
    return None


def _shortest32(number):
    """The decimal number of fewest digits that gives the same 32-bit float."""
    for digits in range(1, 10):
        text = f"{number:.{digits}g}"
        try:
            if struct.pack(">f", float(text)) == struct.pack(">f", number):
                return float(text)
        except OverflowError:  # rounded up beyond the largest of 32 bits
            continue
    return number


def _days_to_date(days):
    """Year, month, day of a day counted from 1970-01-01, for any year (Richards' algorithm over eras of 400 years)."""
    days += 719_468
    era, day_of_era = divmod(days, 146_097)
    year_of_era = (day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_from_march = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month_from_march + 2) // 5 + 1
    month = month_from_march + (3 if month_from_march < 10 else -9)
    return year_of_era + era * 400 + (month <= 2), month, day


def time_text(time):
    days, second = divmod(time.seconds, 86_400)
    year, month, day = _days_to_date(days)
    fraction = f".{time.nanoseconds:09}" if time.nanoseconds else ""
    if not 0 <= year <= 9999:
        return f"@{time.seconds}{fraction}"
    return f"{year:04}-{month:02}-{day:02}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}{fraction}Z"


def to_json(value):
    """What Python's json module writes as PAYLOADS.md's JSON for `value`."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return value if abs(value) <= JSON_INTEGER_MAX else {"$int": str(value)}
    if isinstance(value, float):
        special = _special(value)
        return value if special is None else {"$float64": special}
    if isinstance(value, Float32):
        special = _special(value.value)
        return {"$float32": _shortest32(value.value) if special is None else special}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, Time):
        return {"$time": time_text(value)}
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    keys = value.keys
    if any(not isinstance(key, str) for key in keys) or len(keys) == 1 and keys[0] in JSON_FORMS:
        return {"$map": [[to_json(key), to_json(item)] for key, item in value.entries]}
    return {key: to_json(item) for key, item in value.entries}
