"""Who may do what on Kafka, as contracts' topics say: a user for each service, and nothing beyond its needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from contracts.services import may_read, readers_of
from contracts.topics import EVERY_SERVICE, OPERATORS, TOPICS, TopicSpec, dead_letters_name
from streaming.quix.changelog import CHANGELOG_PREFIX

READ, WRITE, CREATE = "READ", "WRITE", "CREATE"
DESCRIBE, DESCRIBE_CONFIGS = "DESCRIBE", "DESCRIBE_CONFIGS"
#: QuixStreams asks how a topic is configured before it reads or writes it.
LOOK = (DESCRIBE, DESCRIBE_CONFIGS)
#: Of those who read a topic without a group: they never join it and never commit, but the client asks where it is.
READER_GROUP = "tradestream-reader"

Resource = Literal["topic", "group", "transactional id"]


@dataclass(frozen=True, order=True)
class Grant:
    """Something a user may do.

    Parameters
    ----------
    user
        Without Kafka's `User:`.
    resource, name
        With what.
    prefix
        Whether `name` is only how the names begin.
    operation
        Kafka's name of it.
    """

    user: str
    resource: Resource
    name: str
    prefix: bool
    operation: str

    @property
    def on(self) -> str:
        """With what, in words."""
        return f"{self.resource} {self.name}{'*' if self.prefix else ''}"


def describe_grants(grants: Iterable[Grant]) -> str:
    """Return `grants`, operations with the same thing together."""
    operations: dict[str, list[str]] = defaultdict(list)
    for grant in sorted(grants):
        operations[grant.on].append(grant.operation)
    return "; ".join(f"{', '.join(names)} on {on}" for on, names in operations.items())


def user_of(service: str, environment: str) -> str:
    """Return the Kafka user of `service`.

    Examples
    --------
    >>> user_of("candles", "dev")
    'candles-dev'
    """
    return f"{service}-{environment}"


def services() -> list[str]:
    """Return every service that writes or reads a topic, in the topics' order.

    Returns
    -------
    list[str]
        Names, each once.
    """
    named = dict.fromkeys(name for spec in TOPICS for name in (*spec.writers, *readers_of(spec)))
    return [name for name in named if name not in (EVERY_SERVICE, OPERATORS)]


def grants_of(
    service: str, environment: str, topics: Iterable[TopicSpec] = TOPICS, group: str | None = None
) -> set[Grant]:
    """Return what `service` may do: read its inputs, write its outputs and dead letters, keep its own state.

    Its changelogs are QuixStreams' own, named after its consumer group: under that prefix it may create topics, and
    nowhere else. Its transactional ids begin with its group's name.

    Parameters
    ----------
    group
        Its consumer group, if that is not called as its user is.

    Examples
    --------
    >>> grants = grants_of("candles", "dev", [TOPICS[0]])
    >>> print(describe_grants(grant for grant in grants if grant.operation not in LOOK))
    READ on group candles-dev; CREATE, READ, WRITE on topic changelog__candles-dev--*; \
WRITE on topic dead-letters.candles-dev; READ on topic trades-dev; WRITE on transactional id candles-dev-*
    """
    user = user_of(service, environment)
    group = group or user
    found = {Grant(user, "group", group, False, operation) for operation in (READ, DESCRIBE)}
    found |= {Grant(user, "group", READER_GROUP, False, DESCRIBE)}
    found |= {Grant(user, "transactional id", f"{group}-", True, operation) for operation in (WRITE, DESCRIBE)}
    own = (READ, WRITE, CREATE, *LOOK)
    found |= {Grant(user, "topic", f"{CHANGELOG_PREFIX}{group}--", True, operation) for operation in own}
    uses = [(spec.full_name(environment), READ) for spec in topics if service in may_read(spec)]
    uses += [
        (spec.full_name(environment), WRITE) for spec in topics if {service, EVERY_SERVICE}.intersection(spec.writers)
    ]
    uses += [(dead_letters_name(service, environment), WRITE)]
    return found | {Grant(user, "topic", name, False, operation) for name, use in uses for operation in (use, *LOOK)}
