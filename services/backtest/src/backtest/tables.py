"""What a backtest found, as the tables that a run exports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from backtest.bars import EXACT_COLUMNS, Bars, Texts
from backtest.books import exact_books
from backtest.decided import DECISIONS, NOTHING_SAID, Decided, target_of
from backtest.engine import Outcome
from backtest.joined import parts_of
from contracts.candle import QUALITIES
from contracts.message import Message
from contracts.units import MS_PER_SECOND
from results.export.tables import TABLES, Table, table
from results.own_files import TABLE_MARK


def write_tables(outcomes: Iterable[Outcome], out: Path) -> dict[str, int]:
    """Write ``<table>.parquet`` for each table of what a backtest has.

    Parameters
    ----------
    outcomes
        Of each account.
    out
        A folder of ours.

    Returns
    -------
    dict[str, int]
        Rows by table.
    """
    every = list(outcomes)
    messages: dict[type[Message], list[dict[str, Any]]] = {}
    for outcome in every:
        for message in outcome.messages:
            messages.setdefault(type(message), []).append(message.model_dump())
    bars = {(of.bars.exchange, of.bars.pair): of.bars for each in every for of in each.market.pairs}
    decided = [(part, each) for each in every for of in each.market.pairs for part in parts_of(of)]
    frames = {
        "candles": _together(table("candles"), map(_candles, bars.values())),
        "signals": _together(table("signals"), (_signals(of, each) for of, each in decided)),
        "pnl": _together(table("pnl"), map(exact_books, every)),
    }
    rows = {}
    for each in TABLES:
        frame = frames.get(each.name)
        if frame is None:
            frame = pl.DataFrame(messages.get(each.message, []), schema=each.schema)
        frame.sort(each.sorting).write_parquet(out / f"{each.name}.parquet", metadata=TABLE_MARK)
        rows[each.name] = frame.height
    return rows


def _together(of: Table, parts: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    frames = [pl.DataFrame({name: part.get(name) for name in of.schema}, schema=of.schema) for part in parts]
    return pl.concat(frames) if frames else pl.DataFrame(schema=of.schema)


def _window(bars: Bars) -> dict[str, Any]:
    same = {"exchange": bars.exchange, "pair": bars.pair, "interval_s": bars.interval_s}
    return {**{name: [value] * len(bars) for name, value in same.items()}, "window_start_ms": bars.starts_ms}


def _quality(bars: Bars) -> list[str]:
    return [QUALITIES[each] for each in bars.qualities.tolist()]


def _candles(bars: Bars) -> dict[str, Any]:
    known = np.zeros(len(bars), np.int64)
    return {
        **_window(bars),
        **{name: _texts(bars.texts[name], len(bars)) for name in EXACT_COLUMNS},
        "quote_volume": ["0"] * len(bars),
        "trade_count": bars.trade_counts,
        "quality": _quality(bars),
        "revision": known,
    }


def _signals(decided: Decided, outcome: Outcome) -> dict[str, Any]:
    """Return every signal, those that say none included; but for what changes from bar to bar all are alike."""
    bars, account = decided.bars, outcome.market.account.name
    same = decided.signal(account, 0).model_dump() if len(bars) else {}
    ends = bars.starts_ms + bars.interval_s * MS_PER_SECOND
    return {
        **{name: [value] * len(bars) for name, value in same.items()},
        **_window(bars),
        **{name: list(values) for name, values in bars.said.items() if name in NOTHING_SAID},
        "target": [target_of(each) for each in decided.targets.tolist()],
        "decision": [DECISIONS[each] for each in decided.decisions.tolist()],
        "reason": [decided.reason(place) for place in range(len(bars))],
        "expires_at_ms": ends + decided.expiry_seconds * MS_PER_SECOND,
        **{f"mark_{name}": _texts(bars.texts[name], len(bars)) for name in EXACT_COLUMNS},
        "mark_trade_count": bars.trade_counts,
        "mark_quality": _quality(bars),
    }


def _texts(texts: Texts, length: int) -> Any:
    return [texts[place] for place in range(length)]
