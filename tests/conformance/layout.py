"""What stood where in a store before anything was done to it: so that two findings can be told to be about the same place."""

import bisect

from reader import content, frame
from reader.log import Log
from reader.segment import HEADER_BYTES


class Layout:
    def __init__(self, directory):
        self.places = {}  # path -> (starts, names)
        self.commits = []  # (path, piece)
        self.paths = []
        self.versions = []  # (path, offset) of each event's stream version
        self.lengths = set()  # (path, offset) of each byte that says how long a commit or frame is, or how many frames there are
        for part in Log(directory).segments:
            self.paths.append(part.path)
            starts, names = [0, HEADER_BYTES], ["file", f"commit at {HEADER_BYTES}"]
            end = HEADER_BYTES
            for piece in part.pieces:
                self.commits.append((part.path, piece))
                self._mark(starts, names, end, f"commit at {piece.offset}")  # an idle mark's gap is part of it
                for placed in content.of_commit(part.content, piece.header).frames:
                    header_end = placed.offset + frame.PREFIX_BYTES + int.from_bytes(placed.raw[12:16], "little")
                    self.versions.append((part.path, header_end - 88))
                    self._mark(starts, names, placed.offset, f"frame at {placed.offset}")
                    self._mark(starts, names, placed.offset + len(placed.raw), f"commit at {piece.offset}")
                    self.lengths.update((part.path, placed.offset + byte) for byte in range(4, 8))
                self.lengths.update((part.path, piece.offset + byte) for byte in range(40, 48))
                end = piece.end
            self._mark(starts, names, end, "behind the last commit")
            self.places[part.path] = (starts, names)

    @staticmethod
    def _mark(starts, names, start, name):
        if starts and starts[-1] == start:
            names[-1] = name
        else:
            starts.append(start)
            names.append(name)

    def is_large_version(self, path, offset):
        """Whether `offset` is in the upper bytes of a stream version."""
        return any(known == path and version + 2 <= offset < version + 8 for known, version in self.versions)

    def commit_of(self, place):
        """The commit of a place that is a frame; other places as they are."""
        path, name = place
        if not name.startswith("frame at "):
            return place
        offset = int(name.rsplit(" ", 1)[-1])
        return path, next(f"commit at {piece.offset}" for known, piece in self.commits
                          if known == path and piece.offset <= offset < piece.end)

    def place(self, path, offset):
        """The part that `offset` lies in. A finding without an offset is about the file."""
        if path not in self.places or offset is None:
            return path, "file"
        starts, names = self.places[path]
        return path, names[bisect.bisect_right(starts, offset) - 1]
