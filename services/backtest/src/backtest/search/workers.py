"""Tries on several cores: processes that are given a job once and asked for tries by their numbers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from threading import Thread
from typing import Protocol

from backtest.achieved import Achieved
from backtest.search.job import Job, Span
from backtest.search.space import Choice
from contracts.errors import TradestreamError

#: Of this process, if it is a worker.
_jobs: list[Job] = []


class Evaluate(Protocol):
    """Runs tries and yields what each came to, in their order, as soon as it is known."""

    def __call__(self, tries: Sequence[tuple[Choice, Span]]) -> Iterator[Achieved]: ...


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
        yield lambda tries: (job.achieved(*each) for each in tries)
        return
    # Not forked: a process with threads, as those that read tables have, may hang in its copy.
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _begin, (job,))
    try:
        yield lambda tries: _together(pool, tries)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _together(pool: ProcessPoolExecutor, tries: Sequence[tuple[Choice, Span]]) -> Iterator[Achieved]:
    try:
        yield from pool.map(_one, tries)
    except BrokenProcessPool:
        raise TradestreamError(
            "a worker has ended without a word (killed, or out of memory); "
            "what was tried is kept: the same command goes on"
        ) from None


def _begin(job: Job) -> None:
    _jobs[:] = [job]
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Whoever is killed leaves no workers behind, who would wait for tries for ever."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _one(asked: tuple[Choice, Span]) -> Achieved:
    [job] = _jobs
    return job.achieved(*asked)
