"""Logging: loguru to stderr, for people or for machines, with QuixStreams' own log lines bridged in."""

from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING, Any, Literal

from loguru import logger

from streaming.telemetry.stacks import write_stacks_on_signal

if TYPE_CHECKING:
    from loguru import Message

_HUMAN = "{time:YYYY-MM-DD HH:mm:ss.SSS!UTC} {level: <8} {extra[service]: <12} {message}"
#: Libraries that narrate: their information is our debugging.
_CHATTY = ("quixstreams", "confluent_kafka", "urllib3", "httpx", "asyncio")


def configure_logging(service: str, level: str = "INFO", log_format: Literal["human", "json"] = "human") -> None:
    """Send every log line, of the standard library too, to stderr in one format with the service's name on it.

    SIGUSR1 writes there where each thread stands.

    Parameters
    ----------
    service
        Whose lines these are.
    level
        Least severity logged. Libraries that narrate are held one step quieter.
    log_format
        For people, or one JSON object a line.
    """
    write_stacks_on_signal()
    logger.remove()
    # `diagnose` would write the values of variables into tracebacks, and some of them are secrets.
    logger.configure(extra={"service": service})
    if log_format == "json":
        logger.add(_write_json, level=level, format="{message}", diagnose=False)
    else:
        logger.add(sys.stderr, level=level, format=_HUMAN, colorize=sys.stderr.isatty(), diagnose=False)
    logging.basicConfig(handlers=[_Bridge()], level=0, force=True)
    for name in _CHATTY:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(logging.DEBUG if level in ("TRACE", "DEBUG") else logging.WARNING)


class _Bridge(logging.Handler):
    """Hands the standard library's records to loguru."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level: str | int = logger.level(record.levelname).name
        except ValueError:
            level = record.levelno
        logger.opt(exception=record.exc_info, depth=6).bind(library=record.name).log(level, "{}", record.getMessage())


def _write_json(message: Message) -> None:
    record = message.record
    line: dict[str, Any] = {
        "time": record["time"].isoformat(),
        "level": record["level"].name,
        "message": record["message"],
        **record["extra"],
    }
    if (exception := record["exception"]) is not None:
        line["error"] = f"{getattr(exception.type, '__name__', 'Error')}: {exception.value}"
        line["traceback"] = str(message).removeprefix(record["message"]).strip()
    print(json.dumps(line, default=str), file=sys.stderr, flush=True)
