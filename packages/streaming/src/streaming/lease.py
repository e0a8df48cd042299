"""What only one process may do, whichever log there is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from contracts.topics import TopicSpec
from streaming.broker_address import is_embedded, log_folder
from streaming.kafka.lease import KafkaLease
from streaming.service.state_lock import sole_user_of
from streaming.settings import ServiceSettings


class Lease(Protocol):
    """The right to be the one."""

    def look(self, seconds: float = 0.0) -> bool:
        """Return whether this process has it, as far as it has heard, and has had it since it looked last.

        Parameters
        ----------
        seconds
            To listen for.

        Returns
        -------
        bool
            Whether.
        """

    def require(self) -> None:
        """Return if this process has it now, or raise."""


class _Held:
    """A lock that is held as long as the process lives."""

    def look(self, seconds: float = 0.0) -> bool:
        return True

    def require(self) -> None: ...


@contextmanager
def lease(settings: ServiceSettings, service: str, spec: TopicSpec) -> Iterator[Lease]:
    """Take part in who of all processes of `service` over this log is the one, while the block runs.

    Parameters
    ----------
    settings
        Of the log.
    service
        Of which one process is to be at work.
    spec
        A topic that exists.

    Yields
    ------
    Lease
        To be looked at at least every few minutes, and required before each thing that only one may do.

    Raises
    ------
    ServiceError
        If another process has the log of files.
    """
    if is_embedded(settings.broker_address):
        with sole_user_of(log_folder(settings.broker_address), settings.group_for(service)):
            yield _Held()
        return
    place = KafkaLease(settings, service, spec)
    try:
        yield place
    finally:
        place.close()
