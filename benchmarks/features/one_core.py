"""A function in a new process on one core, so that one measurement leaves nothing behind for the next."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def on_one_core(function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Return what `function` does; it and its arguments have to be picklable."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_pin) as pool:
        return pool.submit(function, *arguments, **named).result()


def _pin() -> None:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
