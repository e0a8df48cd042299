"""Write every table of a run to Parquet and say what was found on the way."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import polars as pl

from contracts.errors import shorten
from contracts.topics import DEAD_LETTERS_PREFIX, TRADES, TopicSpec, dead_letters_name
from results.export.lost import lost_trades
from results.export.rows import first_of_each, message_rows, trade_rows
from results.export.tables import TABLES, TRADE_IDENTITY, TRADES_TABLE
from results.own_files import TABLE_MARK, is_our_table, require_own
from results.run_log import RunLog


@dataclass
class ExportResult:
    """What an export found.

    Parameters
    ----------
    rows
        Rows per table.
    repeated
        Messages per table that were on the log more than once with equal values: what at-least-once costs.
    conflicts
        Ids per table that came with different values: a broken promise, never expected.
    dead_letters
        Messages per service that could not be used.
    first_dead_letters
        What was wrong with the first of them, and how it began.
    lost_trades
        Trades per service that are among them.
    """

    rows: dict[str, int] = field(default_factory=dict)
    repeated: dict[str, int] = field(default_factory=dict)
    conflicts: dict[str, int] = field(default_factory=dict)
    dead_letters: dict[str, int] = field(default_factory=dict)
    first_dead_letters: dict[str, str] = field(default_factory=dict)
    lost_trades: dict[str, int] = field(default_factory=dict)


def export(log_folder: Path, out: Path, environment: str = "dev") -> ExportResult:
    """Write ``<table>.parquet`` for every table into `out`.

    Each message id is written once, the first that came; rows are sorted, so equal logs give equal tables.
    Tables without messages are written too, typed and with zero rows.

    Parameters
    ----------
    log_folder
        Folder of the embedded log.
    out
        Created if missing.
    environment
        Suffix of the topics.

    Returns
    -------
    ExportResult
        Rows of each table, and what was left out of them.

    Raises
    ------
    BadInputError
        If a file that would be replaced is none of ours; nothing is written then.
    """
    for name in (TRADES_TABLE, *(table.name for table in TABLES)):
        require_own("OUT", out / _file_name(name), is_our_table)
    out.mkdir(parents=True, exist_ok=True)
    result = ExportResult()
    with closing(RunLog(log_folder, environment)) as log:
        trades = _read(log, TRADES, trade_rows)
        _write(trades, TRADES_TABLE, TRADE_IDENTITY, TRADE_IDENTITY, out, result)
        for table in TABLES:
            rows = _read(log, table.spec, partial(message_rows, table))
            _write(rows, table.name, list(table.identity), table.sorting, out, result)
        result.dead_letters = count_dead_letters(log)
        result.lost_trades = lost_trades(log)
        result.first_dead_letters = {service: _first_dead_letter(log, service) for service in result.dead_letters}
    return result


def _read(log: RunLog, spec: TopicSpec, rows_of: Callable[[list[bytes]], pl.DataFrame]) -> pl.DataFrame:
    pages = [rows_of([])]
    while page := log.read_new(spec):
        pages.append(rows_of([value for _, _, _, value, _ in page if value is not None]))
    return pl.concat(pages)


def _write(
    rows: pl.DataFrame, name: str, identity: list[str], sorting: list[str], out: Path, result: ExportResult
) -> None:
    kept, conflicts = first_of_each(rows, identity)
    kept.sort(sorting, nulls_last=False).write_parquet(out / _file_name(name), metadata=TABLE_MARK)
    result.rows[name] = kept.height
    result.repeated[name] = rows.height - kept.height
    result.conflicts[name] = conflicts


def _file_name(table: str) -> str:
    return f"{table}.parquet"


def count_dead_letters(log: RunLog) -> dict[str, int]:
    """Return how many dead letters each service wrote, those with none left out."""
    prefix, suffix = f"{DEAD_LETTERS_PREFIX}.", f"-{log.environment}"
    counts = {
        name.removeprefix(prefix).removesuffix(suffix): log.end(name)
        for name in log.topic_names()
        if name.startswith(prefix)
    }
    return {service: count for service, count in counts.items() if count}


def _first_dead_letter(log: RunLog, service: str) -> str:
    """Return the reason of a service's first dead letter and the start of its text."""
    from streaming.embedded.headers import decode

    row = log.first(dead_letters_name(service, log.environment))
    if row is None:
        return ""
    _, _, _, value, headers = row
    reason = (dict(decode(headers) or ()).get("error") or b"").decode("utf-8", "replace")
    return f"{reason}; it begins {shorten((value or b'').decode('utf-8', 'replace'), 60)}"
