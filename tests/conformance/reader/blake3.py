"""BLAKE3 with 32 bytes of output: hash and derive_key, after the paper "BLAKE3: one function, fast everywhere"."""

import functools
import struct

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
COLUMNS_AND_DIAGONALS = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                         (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))
CHUNK_START, CHUNK_END, PARENT, ROOT = 1, 2, 4, 8
DERIVE_KEY_CONTEXT, DERIVE_KEY_MATERIAL = 32, 64
BLOCK_BYTES = 64
CHUNK_BYTES = 1024
MASK = 0xFFFFFFFF


def _schedule():
    """For each round the words of the block in the order in which the round uses them."""
    order = tuple(range(16))
    for _ in range(7):
        yield order
        order = tuple(order[place] for place in PERMUTATION)


def _mixing(a, b, c, d, x, y):
    """Lines of Python for one G function of state words a, b, c, d and message words x, y."""
    for word, by_d, by_b in ((x, 16, 12), (y, 8, 7)):
        yield f"v{a} = v{a} + v{b} + m{word} & {MASK}"
        yield f"v{d} ^= v{a}"
        yield f"v{d} = v{d} >> {by_d} | v{d} << {32 - by_d} & {MASK}"
        yield f"v{c} = v{c} + v{d} & {MASK}"
        yield f"v{b} ^= v{c}"
        yield f"v{b} = v{b} >> {by_b} | v{b} << {32 - by_b} & {MASK}"


def _unrolled_compression():
    """The compression function without loops, which Python runs three times as fast."""
    lines = ["def compress(chaining, block, counter, length, flags):",
             "m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15 = block",
             "v0, v1, v2, v3, v4, v5, v6, v7 = chaining",
             f"v8, v9, v10, v11 = {IV[:4]}",
             f"v12, v13, v14, v15 = counter & {MASK}, counter >> 32, length, flags"]
    for order in _schedule():
        for step, state in enumerate(COLUMNS_AND_DIAGONALS):
            lines += _mixing(*state, order[2 * step], order[2 * step + 1])
    lines.append("return " + ", ".join(f"v{word} ^ v{word + 8}" for word in range(8)))
    space = {}
    exec("\n ".join(lines), space)  # pylint: disable=exec-used
    return space["compress"]


compress = _unrolled_compression()


def _words(block: bytes):
    return struct.unpack("<16I", block.ljust(BLOCK_BYTES, b"\0"))


def _chunk(key, content, counter, flags):
    """The chaining value of one chunk; its last block carries the extra flags that `flags` has above the mode's."""
    mode, last = flags
    chaining = key
    blocks = [content[at:at + BLOCK_BYTES] for at in range(0, len(content), BLOCK_BYTES)] or [b""]
    for place, block in enumerate(blocks):
        now = mode
        if place == 0:
            now |= CHUNK_START
        if place == len(blocks) - 1:
            now |= CHUNK_END | last
        chaining = compress(chaining, _words(block), counter, len(block), now)
    return chaining


def _node(key, content, first_chunk, mode, last):
    """The chaining value of the subtree over `content`, whose left side is the largest possible perfect tree."""
    if len(content) <= CHUNK_BYTES:
        return _chunk(key, content, first_chunk, (mode, last))
    chunks = (len(content) + CHUNK_BYTES - 1) // CHUNK_BYTES
    left_chunks = 1 << (chunks - 1).bit_length() - 1
    split = left_chunks * CHUNK_BYTES
    left = _node(key, content[:split], first_chunk, mode, 0)
    right = _node(key, content[split:], first_chunk + left_chunks, mode, 0)
    return compress(key, left + right, 0, BLOCK_BYTES, mode | PARENT | last)


@functools.lru_cache
def _context_key(context: str):
    return _node(IV, context.encode(), 0, DERIVE_KEY_CONTEXT, ROOT)


def hash32(content: bytes) -> bytes:
    return struct.pack("<8I", *_node(IV, content, 0, 0, ROOT))


@functools.lru_cache(maxsize=1 << 16)
def derive_key(context: str, material: bytes) -> bytes:
    """Remembered, because the tests read many stores that differ in one byte."""
    return struct.pack("<8I", *_node(_context_key(context), material, 0, DERIVE_KEY_MATERIAL, ROOT))
