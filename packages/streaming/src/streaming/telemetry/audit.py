"""The audit log: what a service did that somebody may ask about in a year."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from contracts.audit_event import AuditAction, AuditEvent
from contracts.clock import Clock, SystemClock
from contracts.message import Message
from contracts.model_event import ModelEvent
from contracts.pnl import Pnl
from contracts.risk_alert import RiskAlert
from contracts.symbol_subscription import SymbolSubscription

#: While the log is away so many events wait; beyond them the oldest go.
MAX_WAITING = 1_000
_MODEL_ACTIONS: dict[str, AuditAction] = {
    "registered": "model_registered",
    "promoted": "model_promoted",
    "refused": "model_refused",
    "rolled_back": "model_rolled_back",
    "nominated": "model_nominated",
    "withdrawn": "model_withdrawn",
    "switched": "model_served",
    "shadowed": "model_shadowed",
}

#: What an event says, besides when: action, subject, details, among them ``actor`` if it was not the service.
_Said = tuple[AuditAction, str, dict[str, str]]


def _of_model(event: ModelEvent) -> _Said:
    details = {"reason": event.reason, "alias": event.alias or "", "message_id": event.message_id}
    if event.by is not None:
        details["actor"] = event.by
    if event.pair is not None:
        details |= {"exchange": event.exchange or "", "pair": event.pair}
    return _MODEL_ACTIONS[event.event], f"{event.model_name}:{event.model_version}", details


def _of_alert(alert: RiskAlert) -> _Said:
    details = {"rule": alert.rule, "severity": alert.severity, "message": alert.message}
    return (
        "operator_command" if alert.rule == "OPERATOR" else "limit_hit",
        alert.account,
        {**details, "message_id": alert.message_id},
    )


def _of_subscription(request: SymbolSubscription) -> _Said:
    details = {
        "requester": request.requester,
        "wanted": str(request.wanted).lower(),
        "message_id": request.message_id,
    }
    return "subscription_changed", f"{request.exchange}:{request.pair}", details


#: Messages that are an auditable event in themselves: publishing one is enough.
_AUDITED: dict[type[Message], Callable[[Any], _Said]] = {
    ModelEvent: _of_model,
    RiskAlert: _of_alert,
    SymbolSubscription: _of_subscription,
}


class AuditLog:
    """Collects a process's audit events until a `Reporter` or producer writes them; never blocks, never fails.

    Parameters
    ----------
    service, instance
        Who acts, unless an event says otherwise.
    clock
        The wall clock: when it happened.
    """

    def __init__(self, service: str, instance: str = "0", clock: Clock | None = None) -> None:
        self._service = service
        self._actor = f"{service}/{instance}"
        self._clock = clock or SystemClock()
        self._waiting: deque[AuditEvent] = deque(maxlen=MAX_WAITING)
        self._trading_states: dict[str, str] = {}

    def record(self, action: AuditAction, subject: str, *, actor: str | None = None, **details: str) -> AuditEvent:
        """Put down that `action` was done to `subject`.

        Parameters
        ----------
        action
            What was done.
        subject
            What it was done to.
        actor
            A person, or whoever else it was; by default this service.
        details
            What else is known.

        Returns
        -------
        AuditEvent
            It waits until it is taken.
        """
        event = AuditEvent(
            service=self._service,
            actor=actor or self._actor,
            action=action,
            subject=subject,
            details=details,
            occurred_at_us=self._clock.now_us(),
        )
        self._waiting.append(event)
        return event

    def note(self, message: Message) -> None:
        """Put down what a message that is being published means, if it is something to be audited."""
        kind = type(message)
        if kind is Pnl:
            self._note_trading_state(message)  # type: ignore[arg-type]
        elif (said := _AUDITED.get(kind)) is not None:
            action, subject, details = said(message)
            self.record(action, subject, **details)

    def _note_trading_state(self, pnl: Pnl) -> None:
        before = self._trading_states.get(pnl.account, "ACTIVE")
        if pnl.trading_state != before:
            self._trading_states[pnl.account] = pnl.trading_state
            self.record("trading_state_changed", pnl.account, before=before, after=pnl.trading_state)

    def take(self) -> list[AuditEvent]:
        """Return what waits, which no longer does.

        Returns
        -------
        list[AuditEvent]
            In the order they were recorded.
        """
        return [self._waiting.popleft() for _ in range(len(self._waiting))]

    def put_back(self, events: list[AuditEvent]) -> None:
        """Let events wait that could not be written, before those that came since; beyond the limit the oldest go."""
        room = MAX_WAITING - len(self._waiting)
        self._waiting.extendleft(reversed(events[-room:] if room else []))
