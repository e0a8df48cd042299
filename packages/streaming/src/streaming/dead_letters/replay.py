"""Read the dead letters, and send them back to where they came from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from contracts.audit_event import AuditAction, AuditEvent
from contracts.clock import Clock, SystemClock
from contracts.errors import BadMessageError
from contracts.topics import AUDIT_LOG, TOPICS, TopicSpec
from contracts.units import US_PER_MS
from streaming.clients import end_offsets, read_dead_letters, read_topic
from streaming.dead_letters.dead_letter import REPLAY_OF, DeadLetter
from streaming.errors import ServiceError
from streaming.kafka.grants import services as all_services
from streaming.producer import open_producer
from streaming.settings import ServiceSettings

_ACTION: AuditAction = "dead_letter_replayed"


@dataclass(frozen=True)
class Choice:
    """Which letters are meant; what is not given does not matter.

    Parameters
    ----------
    service, reason
        Who set it aside, and why: the letter's own word.
    ids
        ``<service>:<offset>``.
    """

    service: str | None = None
    ids: tuple[str, ...] = ()
    reason: str | None = None

    def takes(self, letter: DeadLetter) -> bool:
        """Return whether `letter` is meant.

        Returns
        -------
        bool
            True if all that is given fits.
        """
        return (
            self.service in (None, letter.service)
            and (not self.ids or letter.id in self.ids)
            and self.reason in (None, letter.reason)
        )


def find_dead_letters(settings: ServiceSettings, choice: Choice | None = None) -> list[DeadLetter]:
    """Return the dead letters of all services, the oldest first; those that do not say when come last.

    Returns
    -------
    list[DeadLetter]
        Those that `choice` takes; all without one.
    """
    chosen = choice or Choice()
    replayed_at_us = _replays(settings)
    found = [
        DeadLetter(service, record)
        for service in all_services()
        if chosen.service in (None, service)
        for record in read_dead_letters(settings, service)
    ]
    known = [replace(each, replayed_at_us=replayed_at_us.get((each.id, _set_aside(each)))) for each in found]
    return sorted(filter(chosen.takes, known), key=_age)


def obstacles(settings: ServiceSettings, chosen: Iterable[DeadLetter]) -> dict[str, str]:
    """Return why letters cannot be sent again, by id; those that can be are not in it.

    Returns
    -------
    dict[str, str]
        A reason in words by the letter's id.
    """
    topics, asked = topics_of(settings), list(chosen)
    sources = {letter.source.topic for letter in asked} & topics.keys()
    partitions = {name: end_offsets(settings, topics[name]).keys() for name in sources}
    found = {letter.id: letter.cannot_be_replayed(partitions) for letter in asked}
    return {name: obstacle for name, obstacle in found.items() if obstacle is not None}


def replay(settings: ServiceSettings, chosen: Iterable[DeadLetter], actor: str, clock: Clock | None = None) -> int:
    """Send letters back: the original bytes, key and headers, to the topic and partition they came from.

    The message carries the header ``replay_of``, and the audit log remembers that it was sent. It is written after
    the message: a crash between the two lets it be sent twice, and readers ignore what they have applied.

    Parameters
    ----------
    settings
        Of the log.
    chosen
        Letters that can be replayed (`obstacles`).
    actor
        Who wants it, for the audit log.
    clock
        The wall clock; it stamps the audit log.

    Returns
    -------
    int
        How many were sent.

    Raises
    ------
    ServiceError
        If one cannot be; then none is sent.
    """
    the_clock, topics, to_send = clock or SystemClock(), topics_of(settings), list(chosen)
    for name, obstacle in obstacles(settings, to_send).items():
        raise ServiceError(f"{name}: expected a letter that can be replayed, but {obstacle}")
    with open_producer(settings, "dead-letters", the_clock) as producer:
        for letter in to_send:
            producer.send_bytes(
                letter.source.topic,
                letter.source.partition or 0,
                letter.record.key,
                letter.record.value,
                timestamp_ms=_timestamp_ms(letter, topics[letter.source.topic]),
                headers=[*letter.original_headers.items(), (REPLAY_OF, letter.id.encode())],
            )
            producer.flush()
            producer.produce(AUDIT_LOG, _event(letter, actor, the_clock.now_us()))
    return len(to_send)


def topics_of(settings: ServiceSettings) -> dict[str, TopicSpec]:
    """Return the topics of the environment by their full names."""
    return {spec.full_name(settings.environment): spec for spec in TOPICS}


def _event(letter: DeadLetter, actor: str, now_us: int) -> AuditEvent:
    details = {"to": str(letter.source), "reason": letter.reason, "set_aside_at_us": _set_aside(letter)}
    return AuditEvent(
        service=letter.service, actor=actor, action=_ACTION, subject=letter.id, details=details, occurred_at_us=now_us
    )


def _age(letter: DeadLetter) -> tuple[bool, int, int]:
    """Order by time; a time that is not known must not hide a letter behind the newest."""
    return letter.set_aside_at_us == 0, letter.set_aside_at_us, letter.record.offset


def _set_aside(letter: DeadLetter) -> str:
    return str(letter.set_aside_at_us)


def _timestamp_ms(letter: DeadLetter, spec: TopicSpec) -> int:
    """Return the event time of what can be read, and of what cannot the time it was set aside."""
    try:
        return spec.decode(letter.record.value or b"").event_time_ms
    except BadMessageError:
        return letter.set_aside_at_us // US_PER_MS


def _replays(settings: ServiceSettings) -> dict[tuple[str, str], int]:
    """Return when each letter was last replayed; offsets alone would confuse a topic with the one it replaced."""
    events = (record.readable_message() for record in read_topic(settings, AUDIT_LOG))
    return {
        (event.subject, event.details.get("set_aside_at_us", "")): event.occurred_at_us
        for event in events
        if isinstance(event, AuditEvent) and event.action == _ACTION
    }
