"""Who did what, and when: the lines an auditor asks for years later."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from contracts.message import Message
from contracts.units import US_PER_MS

AuditAction = Literal[
    "service_started",
    "service_stopped",
    "model_registered",
    "model_promoted",
    "model_refused",
    "model_rolled_back",
    "model_nominated",
    "model_withdrawn",
    "model_served",
    "model_shadowed",
    "subscription_changed",
    "trading_state_changed",
    "limit_hit",
    "dead_letter_replayed",
    "operator_command",
    "strategy_setting",
    "forward_test_started",
    "forward_test_stopped",
]


class AuditEvent(Message):
    """Something that somebody or something decided.

    Attributes
    ----------
    service
        Who wrote it down.
    actor
        Who did it: a service and its instance (``execution/0``), or a person.
    action
        What was done.
    subject
        What it was done to: a model and version, an account, a pair, a topic, the service itself.
    details
        What else is known, as text; the id of the message it follows from, where there is one.
    occurred_at_us
        Wall clock.
    """

    schema_name: ClassVar[str] = "audit_event"

    service: str = Field(min_length=1)
    actor: str = Field(min_length=1)
    action: AuditAction
    subject: str
    details: dict[str, str]
    occurred_at_us: int

    @property
    def key(self) -> str:
        return self.service

    @property
    def event_time_ms(self) -> int:
        return self.occurred_at_us // US_PER_MS

    @property
    def message_id(self) -> str:
        return f"{self.actor}:{self.action}:{self.subject}:{self.occurred_at_us}"
