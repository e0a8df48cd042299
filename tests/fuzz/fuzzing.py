"""Feeds the parsers their inputs, in processes side by side, and counts what comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from random import Random

from tests.fuzz.targets import TARGETS, SilentError

CHUNK = 2_000
_SHOWN = 3


@dataclass
class Count:
    """What came of one parser's inputs; `failures` are the first few, as text."""

    inputs: int = 0
    accepted: int = 0
    refused: int = 0
    crashes: int = 0
    silent: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, other: Count) -> None:
        for name in ("inputs", "accepted", "refused", "crashes", "silent"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.failures = (self.failures + other.failures)[:_SHOWN]


def fuzz(name: str, seed: int, chunk: int, inputs: int) -> Count:
    """Feed `inputs` mutations to the parser `name`."""
    target, count = TARGETS[name], Count()
    rng = Random(f"{seed}:{name}:{chunk}")
    for _ in range(inputs):
        data = target.mutation(rng, target.seeds)
        count.inputs += 1
        try:
            if target.check(data):
                count.accepted += 1
            else:
                count.refused += 1
        except SilentError as error:
            count.silent += 1
            count.failures.append(f"silent: {error}\n    {data[:600]!r}")
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            count.crashes += 1
            count.failures.append(f"crash: {type(error).__name__}: {str(error)[:300]}\n    {data[:600]!r}")
    return count


def chunks(inputs: int) -> Iterator[tuple[str, int, int]]:
    """Return each parser's share of `inputs` in chunks."""
    whole = sum(target.share for target in TARGETS.values())
    for name, target in TARGETS.items():
        left = -(-inputs * target.share // whole)
        for chunk in range(-(-left // CHUNK)):
            yield name, chunk, min(CHUNK, left - chunk * CHUNK)


def run(inputs: int, seed: int, processes: int) -> dict[str, Count]:
    """Fuzz every parser."""
    counts = {name: Count() for name in TARGETS}
    # Not forked: Polars has threads, and what they hold would stay held in a fork.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        futures = [(name, pool.submit(fuzz, name, seed, chunk, size)) for name, chunk, size in chunks(inputs)]
        for name, future in futures:
            counts[name].add(future.result())
    return counts
