"""Several pairs of one venue at once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any


async def side_by_side(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run all; the first error ends the others.

    Parameters
    ----------
    work
        What is to be run.

    Raises
    ------
    Exception
        The first that one of them raises.
    """
    tasks = [asyncio.create_task(each) for each in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
