"""Whether the reader and the library say the same of a store."""

import dataclasses
import json
import os
import shutil
import tempfile

import library
from layout import Layout
from reader.finding import Refusal
from reader.log import Log
from reader.note import VerifierKey
from reader.verify import Verifier

FINE, FINDING, REFUSED = 0, 1, 3

# What the library may say in addition of what lies behind the first fault: that it can no longer be checked, or that it
# does not fit to what was lost. The reader is silent about what it cannot check.
CONSEQUENCES = {"tree_root", "declaration", "key_declaration", "sequence", "stream_version", "previous_event", "commit_link",
                "checkpoint_signature", "unsigned_commit", "event_signature", "frame_crc", "commit_whole", "batch", "time_order",
                "segment_set", "segment_seal", "durable_through"}


@dataclasses.dataclass(frozen=True)
class Specimen:
    """A store to take copies of."""

    name: str
    directory: str
    key: str | None = None  # its verifier's key
    key_file: str | None = None


@dataclasses.dataclass(frozen=True)
class Read:
    verdict: int
    findings: tuple
    events: tuple
    log: Log | None
    refusal: Refusal | None


def read(directory, key=None):
    try:
        log = Log(directory)
        verifier = Verifier(log, VerifierKey.parse(key) if key else None).run()
    except Refusal as refusal:
        return Read(REFUSED, (), (), None, refusal)
    return Read(FINDING if verifier.findings else FINE, tuple(verifier.findings), tuple(verifier.events), log, None)


def comparable(event):
    """An event's JSON without what FORMAT.md leaves open: the names of the store's own kinds, and times beyond all years."""
    event = {name: value for name, value in event.items() if name not in ("time", "wall_time") or not value.startswith("@")}
    if event["kind_number"].startswith("0:"):
        event = {**event, "kind": event["kind_number"]}
    return json.dumps(event, sort_keys=True)


def _named(findings, layout):
    return {(law, layout.place(path, offset)) for law, path, offset in findings}


def _order(place, layout):
    path, name = place
    number = name.rsplit(" ", 1)[-1]
    rank = int(number) if number.isdigit() else -1 if name == "file" else 1 << 62
    return (layout.paths.index(path) if path in layout.paths else -1, rank)


class Comparison:
    """Asks both about one directory. `disagreements` are sentences; none means that they agree.

    How much the findings have to agree is a level: `all` of them; `same`: the library finds what the reader finds, and
    otherwise only what follows from it; `first`: both begin at the same place, and with a law in common.
    """

    def __init__(self, directory, layout: Layout, key=None, level="same"):
        self.disagreements = []
        self.layout = layout
        self.mine = read(directory, key)
        self.theirs = library.verify(directory, key)
        self.listed = library.log(directory)
        self._verdict()
        if self.mine.verdict == FINDING and self.theirs.code == FINDING:
            self._findings(level)
        self._events()

    def _say(self, sentence):
        self.disagreements.append(sentence)

    def _verdict(self):
        mine, theirs = self.mine, self.theirs
        if library.TIMED_OUT in (theirs.code, self.listed.code):
            self._say("the library does not come to an end")
        if mine.verdict == REFUSED:
            if theirs.code == FINE:
                self._say(f"the reader refuses ({mine.refusal}) and the library verifies")
        elif mine.verdict != theirs.code:
            self._say(f"the reader's verdict is {mine.verdict} {self._mine_text()}, the library's {theirs.code} {self._theirs_text()}")

    def _mine_text(self):
        return [(finding.law, finding.path, finding.offset, finding.message) for finding in self.mine.findings[:4]]

    def _theirs_text(self):
        found = [(finding["law"], finding.get("path"), finding.get("offset"), finding["message"]) for finding in self.theirs.findings[:4]]
        return found or self.theirs.error

    def _findings(self, level):
        mine = _named(((finding.law, finding.path, finding.offset) for finding in self.mine.findings), self.layout)
        theirs = _named(((finding["law"], finding.get("path"), finding.get("offset")) for finding in self.theirs.findings), self.layout)
        if level == "first":
            self._begins(mine, theirs)
            return
        first = _order(self.layout.commit_of(self._first(mine)), self.layout)
        places = {place for _, place in mine}
        added = {(law, place) for law, place in theirs - mine
                 if law not in CONSEQUENCES and place not in places or _order(self.layout.commit_of(place), self.layout) < first}
        if level == "all":
            added = theirs - mine
        if mine - theirs and not self.theirs.report.get("findings_omitted"):
            self._say(f"only the reader finds {sorted(mine - theirs)[:4]}; library {self._theirs_text()}, reader {self._mine_text()}")
        if added:
            self._say(f"only the library finds {sorted(added)[:4]}: {self._theirs_text()}, reader {self._mine_text()}")

    def _first(self, named):
        return min((place for _, place in named), key=lambda place: _order(place, self.layout))

    def _begins(self, mine, theirs):
        """Of a commit in which more than one byte was changed, what can still be told of its frames is nowhere laid down."""
        mine, theirs = ({(law, self.layout.commit_of(place)) for law, place in named} for named in (mine, theirs))
        first, other = self._first(mine), self._first(theirs)
        if first != other or not {law for law, place in mine if place == first} & {law for law, place in theirs if place == first}:
            self._say(f"the reader begins at {first}, the library at {other}; library {self._theirs_text()}, reader {self._mine_text()}")

    def _events(self):
        mine = {}
        for event in self.mine.events:
            mine.setdefault(event.frame.header.sequence, []).append(event)  # a forged one may state the sequence of another
        shown = [comparable(event) for event in self.listed.events]
        if self.mine.verdict == FINE:
            known = [comparable(event.as_json()) for event in self.mine.events]
            if shown != known:
                differing = next((pair for pair in zip(shown, known) if pair[0] != pair[1]), (len(shown), len(known)))
                self._say(f"the events differ: the library has {differing[0]}, the reader {differing[1]}; {self.listed.error}")
        for event in self.listed.events if self.mine.verdict == FINDING else ():
            known = mine.get(event["sequence"], [])
            if not known and not event["durable"]:
                continue  # of the tail, which the reader leaves where it is
            event = {name: value for name, value in event.items() if not name.endswith("_error")}
            if comparable(event) not in (comparable(self._left_open(one.as_json(), event)) for one in known):
                self._say(f"the library shows event {event['sequence']} and the reader {[one.as_json() for one in known]}: {event}")
                break

    @staticmethod
    def _left_open(known, event):
        """What a damaged store's event may be shown as: a declaration or a flag may be what was lost."""
        open_members = {name: event[name] for name in ("durable", "kind", "event_hash") if name in event}
        known = {**known, **open_members}
        for member in ("payload", "metadata"):
            if known[member] is None and member in event:
                known[member] = event[member]
            elif member not in event:  # what the library cannot decode it leaves out, and says so
                del known[member]
        return known


def compare_opening(directory, key_file=None):
    """Opens the store for writing, which may change it, and compares with what FORMAT.md says of it. Gives sentences."""
    try:
        log = Log(directory)
    except Refusal as refusal:
        log, expected = None, refusal
    known = read(directory).findings  # what is wrong elsewhere than at the end may be a reason too
    before = {path: _content(directory, path) for path in _truth(directory)}
    code, error = library.append(directory, key_file)
    if log is None or log.refusal_on_opening is not None:
        expected = expected if log is None else log.refusal_on_opening
        if code != REFUSED:
            return [f"opens for writing, and the reader refuses: {expected}"]
        if {path: _content(directory, path) for path in _truth(directory)} != before:
            return [f"was refused ({error}) and changed"]
        return []
    if code == REFUSED:
        return [] if known else [f"is refused ({error}), and the reader sees no reason"]
    return _quarantine(directory, log, before)


def _quarantine(directory, log, before):
    if log.tail is None:
        return []
    part = log.segments[log.tail.segment]
    cut_off = before[part.path][log.tail.offset:].rstrip(b"\0")
    folder = os.path.join(directory, "quarantine")
    kept = {name: _content(directory, f"quarantine/{name}") for name in (os.listdir(folder) if os.path.isdir(folder) else ())}
    name = next((name for name in kept if name.startswith(f"{part.name}.{log.tail.offset}.")), None)
    if name is None:
        return [f"nothing of the tail at {log.tail.offset} is in quarantine: {sorted(kept)}"]
    return [] if kept[name].rstrip(b"\0") == cut_off else [f"what is in quarantine is not what stood at {log.tail.offset}"]


def _truth(directory):
    log = os.path.join(directory, "log")
    return ["store.meta"] + [f"log/{name}" for name in sorted(os.listdir(log)) if name.endswith(".seg")]


def _content(directory, path):
    path = os.path.join(directory, path)
    if not os.path.exists(path):
        return None
    with open(path, "rb") as file:
        return file.read()


class Bench:
    """Copies of one specimen, damaged one after the other."""

    def __init__(self, specimen: Specimen):
        self.specimen = specimen
        self.layout = Layout(specimen.directory)

    def try_damage(self, damage, opening=False):
        """Sentences about what the two do not agree on."""
        with tempfile.TemporaryDirectory(prefix="batpak-conformance-") as place:
            directory = os.path.join(place, "store")
            shutil.copytree(self.specimen.directory, directory)
            damage.apply(directory)
            said = Comparison(directory, self.layout, self.specimen.key, damage.level).disagreements
            if opening:
                said = said + compare_opening(directory, self.specimen.key_file)
        return [f"{self.specimen.name}, {damage.name}: {sentence}" for sentence in said]
