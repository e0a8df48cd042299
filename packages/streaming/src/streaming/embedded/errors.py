"""What can be wrong with the embedded log itself, as opposed to with a message on it."""

from __future__ import annotations

from contracts.errors import TradestreamError


class EmbeddedLogError(TradestreamError):
    """The log cannot serve: every one of these stops the process, none is a message's fault."""


class LogFullError(EmbeddedLogError):
    """No space left in the log's folder; nothing was half-written."""


class LogBusyError(EmbeddedLogError):
    """Another process held a topic's write lock for longer than the busy timeout."""


class LogDamagedError(EmbeddedLogError):
    """A file of the log is not what this version wrote."""


class UnsuitableFolderError(EmbeddedLogError):
    """The folder is on a file system where SQLite's shared memory and locks do not work."""


class GroupTakenError(EmbeddedLogError):
    """Another process already consumes in this group, or writes under this transactional id."""


class TopicMissingError(EmbeddedLogError):
    """A topic was used before it was created."""
