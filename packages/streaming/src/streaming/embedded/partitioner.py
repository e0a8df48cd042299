"""Kafka's murmur2 partitioner, so that a key lands in the same partition here, in librdkafka and in Java."""

from __future__ import annotations

import random
from functools import lru_cache

_SEED = 0x9747B28C
_M = 0x5BD1E995
_MASK = 0xFFFFFFFF


@lru_cache(maxsize=8192)
def murmur2(key: bytes) -> int:
    """Return Kafka's 32-bit murmur2 of `key`.

    Examples
    --------
    >>> hex(murmur2(b"kafka"))
    '0xd067cf64'
    """
    length = len(key)
    h = (_SEED ^ length) & _MASK
    whole = length & ~3
    for i in range(0, whole, 4):
        k = (int.from_bytes(key[i : i + 4], "little") * _M) & _MASK
        k ^= k >> 24
        h = ((h * _M) & _MASK) ^ ((k * _M) & _MASK)
    if tail := key[whole:]:
        h = ((h ^ int.from_bytes(tail, "little")) * _M) & _MASK
    h ^= h >> 13
    h = (h * _M) & _MASK
    return h ^ (h >> 15)


def partition_for(key: bytes | None, partitions: int, partitioner: str = "murmur2") -> int:
    """Return the partition of `key` among `partitions`, as librdkafka's `partitioner` setting says.

    Parameters
    ----------
    partitioner
        "murmur2" (the default of QuixStreams: a missing key hashes like an empty one) or "murmur2_random" (a missing
        key goes anywhere).
    """
    if partitions == 1:
        return 0
    if key is None:
        if partitioner == "murmur2_random":
            return random.randrange(partitions)
        key = b""
    return (murmur2(key) & 0x7FFFFFFF) % partitions
