"""The small commands: look at a log, or become one service."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from pathlib import Path

from rich import box
from rich.table import Table

from contracts.errors import BadInputError
from contracts.services import SERVICE_NAMES, readers_of, service
from contracts.topics import DEAD_LETTERS_PREFIX, TOPICS
from embedded.services import ENVIRONMENT
from results.run_folder import RunFolder
from results.run_log import RunLog
from streaming.broker_address import is_embedded, log_folder
from streaming.settings import ServiceSettings, environment_of, load_settings
from trades.settings import TradesSettings

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


def status_table(folder: Path, environment: str) -> Table:
    """Return messages per topic and lag per reader."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Topic")
    table.add_column("Messages", justify="right")
    table.add_column("Read by")
    table.add_column("Behind", justify="right")
    with closing(RunLog(folder, environment)) as log:
        for spec in TOPICS:
            # Compacted topics are read from their beginning, without a group; what is not in every run is not behind
            # elsewhere, it is not there.
            readers = [
                name
                for name in readers_of(spec)
                if spec.cleanup_policy != "compact"
                and (service(name).in_every_run or log.consumed(f"{name}-{environment}", spec))
            ]
            lags = [log.lag(f"{name}-{environment}", spec) for name in readers]
            behind = ", ".join(f"{lag:,}" for lag in lags)
            table.add_row(spec.name, f"{log.count(spec):,}", ", ".join(readers), behind)
        for name in log.topic_names():
            if name.startswith(DEAD_LETTERS_PREFIX) and log.end(name):
                table.add_row(name.removesuffix(f"-{environment}"), f"{log.end(name):,}", "", "")
    return table


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
