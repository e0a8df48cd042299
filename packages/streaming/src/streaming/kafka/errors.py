"""What Kafka's clients report, in one line that names the setting or the permission it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, KafkaException
from quixstreams.checkpointing.exceptions import CheckpointProducerTimeout
from quixstreams.kafka.exceptions import BaseKafkaException, KafkaBrokerUnavailableError
from quixstreams.models.topics.exceptions import CreateTopicFailure, TopicPermissionError
from quixstreams.state.exceptions import ChangelogTopicPartitionNotAssigned

from streaming.errors import NoAnswerError, PutOutError, causes_of
from streaming.kafka.retry import PASSING

if TYPE_CHECKING:
    from streaming.settings import ServiceSettings

_OTHER_PROCESS = "another process has this one's TRADESTREAM_INSTANCE_ID, each replica needs its own"
_REFUSALS = frozenset({KafkaError._AUTHENTICATION, KafkaError._SSL})
#: A broker that comes or goes breaks off in the middle of a handshake, which a client also reports as a refusal.
_BROKEN_OFF = ("transport failure", "Disconnected", "Timed out", "timed out")
_NOT_ALLOWED = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    }
)
#: A message, a commit or a member that brokers who were away for long, or a group that went on without us, have no
#: place for any more. Not among them: who was put out by another one of his name.
_THE_BROKERS = PASSING | {
    KafkaError._MSG_TIMED_OUT,
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._ASSIGNMENT_LOST,
    KafkaError._MAX_POLL_EXCEEDED,
    KafkaError.REQUEST_TIMED_OUT,
    KafkaError.NETWORK_EXCEPTION,
    KafkaError.NOT_ENOUGH_REPLICAS,
    KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
    KafkaError.UNKNOWN_MEMBER_ID,
    KafkaError.ILLEGAL_GENERATION,
    KafkaError.REBALANCE_IN_PROGRESS,
}


def is_refusal(error: KafkaError) -> bool:
    """Whether the broker, or this side, refuses: waiting does not help, what the client was told is wrong."""
    return error.code() in _REFUSALS and not any(words in error.str() for words in _BROKEN_OFF)


def is_out_of_range(error: Exception) -> bool:
    """Whether the log no longer has the offset at which it was to be read."""
    if isinstance(error, BaseKafkaException):
        return bool(error.error.code() == KafkaError._AUTO_OFFSET_RESET)
    return isinstance(error, KafkaException) and error.args[0].code() == KafkaError._AUTO_OFFSET_RESET


def wrong_settings(settings: ServiceSettings, error: KafkaError) -> str:
    """Return which settings a broker, or this side, took exception to."""
    text = error.str()
    if "mechanism handshake failed" in text:
        what = f"expected a mechanism of the broker's, was {settings.sasl_mechanism!r}"
        return f"TRADESTREAM_SASL_MECHANISM: {what}: {_reason(text)}"
    if error.code() == KafkaError._AUTHENTICATION:
        user = settings.sasl_username
        return f"TRADESTREAM_SASL_PASSWORD: {settings.broker_address} knows no user {user!r} with this password"
    if "certificate verify failed" in text:
        given = f"the file {settings.ssl_ca_location}" if settings.ssl_ca_location else "this machine's authorities"
        return (
            f"TRADESTREAM_SSL_CA_LOCATION: expected the authority of {settings.broker_address}, "
            f"was {given}: its certificate cannot be verified"
        )
    return f"TRADESTREAM_SECURITY_PROTOCOL, _SSL_*, _SASL_*: {_reason(text)}"


def _reason(text: str) -> str:
    """Return `text` without the address before it and the times behind it."""
    return text.partition(": ")[2].rpartition(" (after")[0] or text


def no_answer(settings: ServiceSettings, error: object) -> str:
    """Return that nobody answered."""
    protocol = settings.security_protocol or "plaintext"
    return (
        f"TRADESTREAM_BROKER_ADDRESS: expected a Kafka broker at {settings.broker_address}, none answers "
        f"(TRADESTREAM_SECURITY_PROTOCOL is {protocol}): {error}"
    )


def not_allowed(user: str | None, permissions: str) -> str:
    """Return that `user` lacks permissions, and who can give them.

    Examples
    --------
    >>> not_allowed("signals-dev", "READ on topic predictions-dev")
    "Kafka user 'signals-dev' lacks READ on topic predictions-dev (the operator gives it: make access)"
    """
    return f"Kafka user {user!r} lacks {permissions} (the operator gives it: make access)"


def _is_the_brokers(error: BaseException) -> bool:
    """Whether what failed would not have, had the brokers been there all the time and kept us in our group.

    Beginning again where the last checkpoint is cures it; whatever else is wrong comes again and ends the process.
    """
    if isinstance(error, KafkaBrokerUnavailableError | CheckpointProducerTimeout):
        return True
    if isinstance(error, BaseKafkaException):
        return error.error.code() in _THE_BROKERS
    if isinstance(error, KafkaException):
        return error.args[0].code() in _THE_BROKERS
    return isinstance(error, PutOutError | NoAnswerError)


def came_of_brokers(error: BaseException) -> bool:
    """Return whether an error, or one behind it, is of brokers that were away, or of a group that went on without us.

    Parameters
    ----------
    error
        What was raised.

    Returns
    -------
    bool
        Then waiting for the brokers and beginning again where it was committed cures it.
    """
    return any(_is_the_brokers(each) for each in causes_of(error))


def describe_kafka_error(error: BaseException) -> str | None:
    """Return what a Kafka client, or QuixStreams on its behalf, says; None if `error` is not from there.

    Returns
    -------
    str | None
        One line.
    """
    if isinstance(error, CreateTopicFailure | TopicPermissionError):
        return f"Kafka: {error}; the operator creates topics: make topics"
    if isinstance(error, KafkaBrokerUnavailableError):
        return "Kafka (TRADESTREAM_BROKER_ADDRESS): no broker was to be reached for a long time"
    if isinstance(error, ChangelogTopicPartitionNotAssigned):  # fenced, or rebalanced, before it had read its state
        what = "Kafka took the partitions back while their state was restored"
        return f"{what}: {_OTHER_PROCESS}; or replicas came or went"
    if isinstance(error, BaseKafkaException):
        return _words(error.error)
    return _words(error.args[0]) if isinstance(error, KafkaException) else None


def _words(error: KafkaError) -> str:
    if error.code() in (KafkaError.FENCED_INSTANCE_ID, KafkaError._FENCED) or "fenced by other" in error.str():
        return (
            f"{_OTHER_PROCESS}; or a transaction was open for more than twice "
            "TRADESTREAM_COMMIT_INTERVAL_SECONDS and a minute"
        )
    if error.code() in _NOT_ALLOWED:
        return f"Kafka user of TRADESTREAM_SASL_USERNAME: {error.str()} (the operator gives permissions: make access)"
    return f"Kafka (TRADESTREAM_BROKER_ADDRESS): {error.str()}"
