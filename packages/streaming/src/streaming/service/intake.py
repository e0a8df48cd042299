"""What is known about the message being processed, beyond its decoded value."""

from __future__ import annotations

import time

INGESTED_AT_US = "ingested_at_us"
PRODUCED_AT_US = "produced_at_us"

Headers = list[tuple[str, bytes | None]] | None


class Intake:
    """Filled by the deserialisers: an application has one message in hand at a time.

    Attributes
    ----------
    raw
        The value's bytes; None for a deletion marker.
    headers
        As they came.
    ingested_at_us
        When the chain's first service took the data in, from the headers; None if they do not say.
    produced_at_us
        When the message was written, from the headers; None if they do not say.
    started_seconds
        On the performance counter.
    """

    __slots__ = ("headers", "ingested_at_us", "produced_at_us", "raw", "started_seconds")

    def __init__(self) -> None:
        self.raw: bytes | None = None
        self.headers: Headers = None
        self.ingested_at_us: bytes | None = None
        self.produced_at_us: bytes | None = None
        self.started_seconds = 0.0

    def begin(self, headers: Headers) -> None:
        """Take the next message in hand."""
        self.raw = None
        self.headers = headers
        self.ingested_at_us = self.produced_at_us = None
        self.started_seconds = time.perf_counter()
        for name, value in headers or ():
            if name == PRODUCED_AT_US:
                self.produced_at_us = value
            elif name == INGESTED_AT_US:
                self.ingested_at_us = value
                break
