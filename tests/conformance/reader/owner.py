"""Whether a store has a live owner: somebody who holds the open-file-description lock on LOCK."""

import fcntl
import os
import struct

FLOCK = "hhqqi4x"  # struct flock of 64-bit Linux: type, whence, start, length, pid


def has_owner(directory: str) -> bool:
    try:
        with open(os.path.join(directory, "LOCK"), "rb") as file:
            asked = struct.pack(FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
            answer = fcntl.fcntl(file, fcntl.F_OFD_GETLK, asked)
    except OSError:
        return False
    return struct.unpack(FLOCK, answer)[0] != fcntl.F_UNLCK
