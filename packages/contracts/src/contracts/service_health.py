"""How a service is, as it says itself: what a dashboard and an operator look at first."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from contracts.message import Message
from contracts.units import US_PER_MS

ServiceState = Literal[
    "starting", "recovering", "catching-up", "ready", "degraded", "dead-feed", "log-away", "not-live", "stopping"
]


class ServiceHealth(Message):
    """One process's state, written when it changes and every minute.

    Attributes
    ----------
    service
        Whose process.
    instance
        Tells replicas of a service apart.
    version
        Of the service's package.
    state
        `catching-up`: works, and more waits than should. `degraded`: works, and has just set something aside.
        `dead-feed`: its source is silent, which a quiet market is not. `log-away`: it waits for Kafka. `not-live`: a
        restart is called for.
    reasons
        Why, in words; one at least.
    last_event_ms
        Event time of the newest message it has seen, None before the first.
    assigned_partitions
        Of its input, as ``topic[partition]``.
    reported_at_us
        Wall clock.
    """

    schema_name: ClassVar[str] = "service_health"

    service: str = Field(min_length=1)
    instance: str = Field(min_length=1)
    version: str
    state: ServiceState
    reasons: list[str]
    last_event_ms: int | None
    assigned_partitions: list[str]
    reported_at_us: int

    @property
    def key(self) -> str:
        return self.service

    @property
    def event_time_ms(self) -> int:
        return self.reported_at_us // US_PER_MS

    @property
    def message_id(self) -> str:
        return f"{self.service}:{self.instance}:{self.reported_at_us}"
