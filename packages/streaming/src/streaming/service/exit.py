"""How a process ends on an error: one line where the reason lies outside the program, a traceback for a bug."""

from __future__ import annotations

import errno
import sqlite3

from loguru import logger

from contracts.errors import BadSettingError, TradestreamError
from streaming.errors import RecoveryError, SettingsError, causes_of
from streaming.exit_codes import EXIT_BAD_SETTINGS, EXIT_FAILED, EXIT_WOULD_LOSE
from streaming.kafka.errors import describe_kafka_error

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


def exit_code_for(error: Exception) -> int:
    """Log why the process ends and return its exit code: 2 for settings, 6 for state or input at risk, otherwise 1.

    Returns
    -------
    int
        `EXIT_BAD_SETTINGS`, `EXIT_WOULD_LOSE` or `EXIT_FAILED`.
    """
    words = describe_error(error)
    if words is None:
        logger.opt(exception=error).error("stopping: unexpected error")
    else:
        logger.error("stopping: {}", words)
    if isinstance(error, BadSettingError | SettingsError):
        return EXIT_BAD_SETTINGS
    return EXIT_WOULD_LOSE if any(isinstance(each, RecoveryError) for each in causes_of(error)) else EXIT_FAILED


def describe_error(error: BaseException) -> str | None:
    """Return in one line what outside the program was behind `error`; None if it was a fault of the program.

    Returns
    -------
    str | None
        What to say to an operator.

    Examples
    --------
    >>> describe_error(PermissionError(errno.EACCES, "Permission denied", "/data"))
    '/data: Permission denied'
    >>> describe_error(KeyError("a")) is None
    True
    """
    for each in causes_of(error):
        if isinstance(each, MemoryError):
            return f"out of memory {each}".strip()
        if isinstance(each, TradestreamError):
            return str(each)
        if isinstance(each, OSError):
            return _file_trouble(each)
        if (words := describe_kafka_error(each)) is not None:
            return words
        if isinstance(each, sqlite3.OperationalError):
            return f"database: {each}"
        if is_rocksdb(each):
            return f"state store: {str(each).strip()}"
    return None


def is_rocksdb(error: BaseException) -> bool:
    """Whether RocksDB's disk failed: its errors arrive as plain exceptions."""
    text = str(error)
    return type(error) is Exception and ("IO error" in text or "No space left" in text or "Corruption" in text)


def _file_trouble(error: OSError) -> str:
    what = error.strerror or str(error) or type(error).__name__
    hint = "; free some space and start again" if error.errno in _NO_SPACE else ""
    return f"{error.filename}: {what}{hint}" if error.filename else f"{what}{hint}"
