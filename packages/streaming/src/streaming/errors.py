"""The errors of this package that others catch or raise."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.errors import TradestreamError


class ServiceError(TradestreamError):
    """Raise it in a topology when no message can be processed: the service stops, nothing is dead-lettered."""


class NoAnswerError(ServiceError):
    """No broker answered in time."""


class SettingsError(TradestreamError):
    """The settings are wrong; the message names each environment variable."""


class PutOutError(ServiceError):
    """A process stood still for so long that its group went on without it: what it holds is others' by now."""


class RecoveryError(TradestreamError):
    """Offsets, state, changelog and input of a service do not belong together; going on would lose one in silence."""


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """Yield `error`, what it was raised from or while, and so on.

    Examples
    --------
    >>> error = ValueError("b")
    >>> error.__cause__ = KeyError("a")
    >>> list(causes_of(error))
    [ValueError('b'), KeyError('a')]
    """
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__
