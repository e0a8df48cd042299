"""The small commands: look at a log, or become one service."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from contracts.errors import BadInputError
from contracts.services import SERVICE_NAMES, readers_of, service
from contracts.topics import DEAD_LETTERS_PREFIX, TOPICS, TopicSpec
from embedded.environment import ENVIRONMENT
from results.run_folder import RunFolder
from results.run_log import RunLog
from streaming.broker_address import is_embedded, log_folder
from streaming.settings import ServiceSettings, environment_of, load_settings
from trades.settings import TradesSettings

#: Of what `status_rows` returns.
STATUS = {"topic": "Topic", "messages": "Messages", "read_by": "Read by", "behind": "Behind"}
_VARIANTS = ("historical", "live")


def log_of(run_folder: Path | None) -> tuple[Path, str]:
    """Return the log's folder and environment: of a run, or the configured one.

    Raises
    ------
    BadInputError
        If there is no embedded log.
    """
    if run_folder is not None:
        folder, environment = RunFolder(run_folder).log, ENVIRONMENT
    else:
        settings = load_settings(ServiceSettings)
        if not is_embedded(settings.broker_address):
            raise BadInputError("TRADESTREAM_BROKER_ADDRESS", "embedded://<folder>", settings.broker_address)
        folder, environment = log_folder(settings.broker_address), settings.environment
    if not folder.is_dir():
        raise BadInputError("log", "an existing folder (is it another one, or was work/ removed?)", str(folder))
    return folder, environment


def status_rows(folder: Path, environment: str) -> list[dict[str, Any]]:
    """Return, for each topic, its messages, who reads it and how far each of them is behind."""
    with closing(RunLog(folder, environment)) as log:
        rows = [_status(log, spec) for spec in TOPICS]
        letters = [name for name in log.topic_names() if name.startswith(DEAD_LETTERS_PREFIX) and log.end(name)]
        return rows + [_row(name.removesuffix(f"-{environment}"), log.end(name)) for name in letters]


def _status(log: RunLog, spec: TopicSpec) -> dict[str, Any]:
    # Compacted topics are read from their beginning, without a group. What is not in every run is not behind
    # elsewhere: it is not there.
    readers = [
        name
        for name in readers_of(spec)
        if spec.cleanup_policy != "compact"
        and (service(name).in_every_run or log.consumed(f"{name}-{log.environment}", spec))
    ]
    behind = [log.lag(f"{name}-{log.environment}", spec) for name in readers]
    return _row(spec.name, log.count(spec), readers, behind)


def _row(topic: str, messages: int, readers: Sequence[str] = (), behind: Sequence[int] = ()) -> dict[str, Any]:
    return {"topic": topic, "messages": messages, "read_by": list(readers), "behind": list(behind)}


def become_service(name: str, variant: str | None) -> None:
    """Replace this process by a service; its settings are the environment's.

    Raises
    ------
    BadInputError
        If there is no such service or variant.
    """
    if name not in SERVICE_NAMES:
        raise BadInputError("SERVICE", f"one of {', '.join(SERVICE_NAMES)}", name)
    if variant is not None and name != "trades":
        raise BadInputError("--variant", f"none, because {name} has no variants (only trades has)", variant)
    if variant is not None and variant not in _VARIANTS:
        raise BadInputError("--variant", "historical or live", variant)
    told = environment_of(TradesSettings, variant=variant) if variant is not None else {}
    os.execve(sys.executable, [sys.executable, "-m", name], os.environ | told)  # noqa: S606, TID251
