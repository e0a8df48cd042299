"""A log in SQLite files that QuixStreams takes for a Kafka broker: docs/explanation/adr/0001-embedded-log.md."""

from streaming.embedded.address import SCHEME, is_embedded, log_folder
from streaming.embedded.errors import (
    EmbeddedLogError,
    GroupTakenError,
    LogBusyError,
    LogDamagedError,
    LogFullError,
    TopicMissingError,
    UnsuitableFolderError,
)
from streaming.embedded.log import EmbeddedLog
from streaming.embedded.topic_log import TopicLog, TopicSettings

__all__ = [
    "SCHEME",
    "EmbeddedLog",
    "EmbeddedLogError",
    "GroupTakenError",
    "LogBusyError",
    "LogDamagedError",
    "LogFullError",
    "TopicLog",
    "TopicMissingError",
    "TopicSettings",
    "UnsuitableFolderError",
    "is_embedded",
    "log_folder",
]
