"""Tries on several cores: processes that are given a job once and asked for tries by their numbers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import groupby
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from threading import Thread
from typing import Protocol

from backtest.achieved import Achieved
from backtest.search.job import Job
from backtest.search.tries import Try, TryMaker
from contracts.errors import TradestreamError

#: Of this process, if it is a worker.
_made: list[TryMaker] = []


class Evaluate(Protocol):
    """Runs tries and yields what each came to, in their order, as soon as it is known."""

    def __call__(self, tries: Sequence[Try]) -> Iterator[Achieved]: ...


@contextmanager
def evaluator(job: Job, workers: int) -> Iterator[Evaluate]:
    """Yield what runs tries, in this process or in `workers` others.

    Parameters
    ----------
    job
        What all of them share.
    workers
        Processes; with 1 it is this one.

    Yields
    ------
    Evaluate
        The same results, however many there are.
    """
    if workers == 1:
        yield TryMaker(job)
        return
    # Not forked: a process with threads, as those that read tables have, may hang in its copy.
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _begin, (job,))
    try:
        yield lambda tries: _together(pool, _parts(job, workers, tries))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _parts(job: Job, workers: int, tries: Sequence[Try]) -> Iterator[Sequence[Try]]:
    """Yield tries as they are handed out: those of the engine one by one, of the kernel a worker's share at once."""
    share = -(-len(tries) // workers)
    for refusal, group in groupby(tries, lambda each: job.refusal(each[0])):
        every, size = list(group), 1 if refusal else share
        yield from (every[begin : begin + size] for begin in range(0, len(every), size))


def _together(pool: ProcessPoolExecutor, parts: Iterator[Sequence[Try]]) -> Iterator[Achieved]:
    try:
        for made in pool.map(_some, parts):
            yield from made
    except BrokenProcessPool:
        raise TradestreamError(
            "a worker has ended without a word (killed, or out of memory); "
            "what was tried is kept: the same command goes on"
        ) from None


def _begin(job: Job) -> None:
    _made[:] = [TryMaker(job)]
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Whoever is killed leaves no workers behind, who would wait for tries for ever."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _some(asked: Sequence[Try]) -> list[Achieved]:
    [make] = _made
    return list(make(asked))
