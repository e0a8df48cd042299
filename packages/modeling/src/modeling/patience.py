"""A question that is not waited for longer than one can: who is asked may accept it and never answer."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

from modeling.registered import RegistryUnavailableError

Asked = TypeVar("Asked")


def within(seconds: float, ask: Callable[[], Asked], whom: str) -> Asked:
    """Return what `ask` returns.

    It runs in a thread of its own, which is left behind if it does not answer: what waits for a socket cannot be
    broken off.

    Raises
    ------
    RegistryUnavailableError
        If there is no answer within `seconds`.
    """
    answers: queue.SimpleQueue[Asked | Exception] = queue.SimpleQueue()

    def answer() -> None:
        try:
            answers.put(ask())
        except Exception as error:  # noqa: BLE001 - raised again where it was asked
            answers.put(error)

    threading.Thread(target=answer, name="patience", daemon=True).start()
    try:
        answered = answers.get(timeout=seconds)
    except queue.Empty:
        raise RegistryUnavailableError(f"{whom} did not answer within {seconds:g} s") from None
    if isinstance(answered, Exception):
        raise answered
    return answered
