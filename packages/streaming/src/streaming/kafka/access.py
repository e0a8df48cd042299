"""Before anything is started on Kafka: whether there is a broker, knows us, and lets us do what we are about to."""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from contracts.topics import TopicSpec
from streaming.errors import NoAnswerError, ServiceError, SettingsError
from streaming.kafka.connection import kafka_connection
from streaming.kafka.errors import is_refusal, no_answer, not_allowed, wrong_settings
from streaming.kafka.grants import Grant, describe_grants, grants_of
from streaming.kafka.retry import retry_while_passing

if TYPE_CHECKING:
    from streaming.settings import ServiceSettings

TIMEOUT_SECONDS = 30.0
#: The client tells of a refused password only between its calls: a short one first, longer ones for a busy broker.
_ASK_SECONDS = (0.5, 0.5, 1.0, 2.0, 5.0)
#: Errors that say more than that all brokers are down.
_WHY = frozenset({KafkaError._SSL, KafkaError._AUTHENTICATION, KafkaError._RESOLVE})
_KINDS_CHECKED = ("topic", "group")
#: Where the broker does not say what is allowed: of what is still to be created, and while it hands groups over.
_NOT_TOLD = frozenset(
    {
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.GROUP_ID_NOT_FOUND,
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    }
)


def open_admin(settings: ServiceSettings, timeout_seconds: float = TIMEOUT_SECONDS) -> AdminClient:
    """Return an admin client that has reached the broker.

    Raises
    ------
    SettingsError
        If the broker, or this side, refuses: user, password, certificate or protocol. At once, since waiting does not
        help.
    NoAnswerError
        If nobody has answered in time.
    """
    errors: list[KafkaError] = []
    # librdkafka would log every attempt; here it is said once, as an error.
    options = {"log_level": 0, "error_cb": errors.append}
    try:
        admin = AdminClient({**kafka_connection(settings).as_librdkafka_dict(), **options})
    except KafkaException as error:
        raise SettingsError(f"TRADESTREAM_SSL_*, TRADESTREAM_SASL_*: {error.args[0].str()}") from error
    deadline = time.monotonic() + timeout_seconds
    for ask_seconds in chain(_ASK_SECONDS, repeat(_ASK_SECONDS[-1])):
        try:
            admin.list_topics(timeout=min(ask_seconds, timeout_seconds))
            return admin
        except KafkaException as error:
            admin.poll(0)
            for reported in filter(is_refusal, errors):
                raise SettingsError(wrong_settings(settings, reported)) from error
            if time.monotonic() > deadline:
                last = next((each for each in reversed(errors) if each.code() in _WHY), error.args[0])
                raise NoAnswerError(no_answer(settings, last.str())) from error
    raise AssertionError("it asks until there is an answer or no time")


def require_grants(settings: ServiceSettings, service: str, topics: Iterable[TopicSpec]) -> None:
    """Return if the broker is there and lets this process do what `service` does with `topics`.

    Topics that do not exist yet are not asked about: creating them will say.

    Raises
    ------
    SettingsError, ServiceError
        As `open_admin` does; or ServiceError with every permission that is missing.
    """
    admin = open_admin(settings)
    needed = grants_of(service, settings.environment, topics, settings.group_for(service))
    asked = [grant for grant in sorted(needed) if grant.resource in _KINDS_CHECKED and not grant.prefix]
    allowed = _allowed(admin, "topic", asked) | _allowed(admin, "group", asked)
    missing = [each for each in asked if (each.resource, each.name, each.operation) not in allowed]
    if missing:
        raise ServiceError(not_allowed(settings.sasl_username, describe_grants(missing)))


@retry_while_passing
def _allowed(admin: AdminClient, resource: str, asked: list[Grant]) -> set[tuple[str, str, str]]:
    """Return what of `asked` is allowed, as (resource, name, operation)."""
    names = list(dict.fromkeys(each.name for each in asked if each.resource == resource))
    if not names:
        return set()
    options = {"include_authorized_operations": True, "request_timeout": TIMEOUT_SECONDS}
    answers: dict[str, Any] = (
        admin.describe_topics(TopicCollection(names), **options)
        if resource == "topic"
        else admin.describe_consumer_groups(names, **options)
    )
    allowed = set()
    for name, answer in answers.items():
        operations = _operations(answer)
        allowed |= {
            (resource, name, each.operation)
            for each in asked
            if each.name == name and (operations is None or each.operation in operations)
        }
    return allowed


def _operations(answer: Any) -> set[str] | None:
    """Return what the broker allows; None where it does not say."""
    try:
        told = answer.result().authorized_operations
    except KafkaException as error:
        if error.args[0].code() in _NOT_TOLD:
            return None
        if error.args[0].code() in (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED):
            return set()
        raise
    return None if told is None else {operation.name for operation in told}
