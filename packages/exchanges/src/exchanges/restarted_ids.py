"""Trades whose ids start again: what came before cannot be told from them by id, so they are set aside, aloud."""

from __future__ import annotations

from itertools import islice
from typing import NamedTuple

from contracts.trade_ids import not_above, starts_again
from exchanges.pair_state import Notice, Output, PairState, SetAside
from exchanges.venue import Trade

_MAX_REMEMBERED = 200_000


class Restarted(NamedTuple):
    """Trades with ids that start again, and the highest id and newest time before them."""

    trades: list[Trade]
    last_id: int
    newest_us: int


def split_restarted(trades: list[Trade], last_id: int | None, newest_us: int) -> tuple[list[Trade], Restarted | None]:
    """Separate trades that are new although their ids are not: in the order of their times, ids go back.

    Parameters
    ----------
    trades
        In id order.
    last_id, newest_us
        The highest id and the newest time before them; None if nothing was.

    Returns
    -------
    tuple[list[Trade], Restarted | None]
        The others in id order, and those that start again, in time order.

    Examples
    --------
    >>> page = [Trade(1, 90_000_000, "1", "1", "buy"), Trade(5_000, 10_000_000, "1", "1", "buy")]
    >>> others, again = split_restarted(page, None, 0)
    >>> [trade.trade_id for trade in others], [trade.trade_id for trade in again.trades]
    ([5000], [1])
    """
    found: Restarted | None = None
    for trade in sorted(trades, key=lambda trade: (trade.timestamp_us, trade.trade_id)):
        if last_id is not None and starts_again(trade.trade_id, trade.timestamp_us, last_id, newest_us):
            found = found or Restarted([], last_id, newest_us)
            found.trades.append(trade)
        else:
            last_id = trade.trade_id if last_id is None else max(last_id, trade.trade_id)
            newest_us = max(newest_us, trade.timestamp_us)
    if found is None:
        return trades, None
    again = {trade.trade_id for trade in found.trades}
    return [trade for trade in trades if trade.trade_id not in again], found


def without_restarted(state: PairState, trades: list[Trade]) -> tuple[list[Trade], list[Output]]:
    """Separate trades that are new although their ids are not; say so once, set each aside once.

    While nobody knows what a pair starts with, those that are held may be of this kind, too: they came by themselves,
    and a page of REST then shows what was before them.
    """
    held = state.held if state.last_id is None else {}
    known = sorted({**held, **{trade.trade_id: trade for trade in trades}}.values(), key=lambda trade: trade.trade_id)
    _, again = split_restarted(known, state.last_id, state.last_us if state.last_id is not None else 0)
    if again is None:
        return trades, []
    ids = {trade.trade_id for trade in again.trades}
    wanted = [trade for trade in trades if trade.trade_id not in ids]
    state.held = {number: trade for number, trade in state.held.items() if number not in ids}
    found, last_id, newest_us = again
    aside = [t for t in found if (t.timestamp_us, t.trade_id) not in state.aside]
    outputs: list[Output] = []
    if state.restarts is None:
        state.restarts = 0
        text = (
            f"trade ids start again: {found[0].trade_id} at {found[0].timestamp_us} us came after {last_id} at "
            f"{newest_us} us; such trades are set aside, and the pair's candles are gaps until ids go on above the "
            "highest. To take them up begin a new log: another folder (data=), or another TRADESTREAM_ENVIRONMENT"
        )
        outputs.append(Notice("restarted", len(found), text))
    if aside:
        state.aside |= {(t.timestamp_us, t.trade_id): None for t in aside}
        for oldest in list(islice(state.aside, max(0, len(state.aside) - _MAX_REMEMBERED))):
            del state.aside[oldest]
        outputs.append(SetAside(aside, not_above(last_id)))
    return wanted, outputs
