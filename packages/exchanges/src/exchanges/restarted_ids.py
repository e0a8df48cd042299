"""Trades whose ids start again: what came before cannot be told from them by id, so they are set aside, aloud."""

from __future__ import annotations

from itertools import islice

from contracts.trade_ids import not_above, starts_again
from exchanges.pair_state import Notice, Output, PairState, SetAside
from exchanges.venue import Trade

_MAX_REMEMBERED = 200_000


def without_restarted(state: PairState, trades: list[Trade]) -> tuple[list[Trade], list[Output]]:
    """Separate trades that are new although their ids are not; say so once, set each aside once."""
    last_id, newest_us = state.last_id, state.last_us
    if last_id is None:
        return trades, []
    found = [t for t in trades if starts_again(t.trade_id, t.timestamp_us, last_id, newest_us)]
    if not found:
        return trades, []
    wanted = [t for t in trades if not starts_again(t.trade_id, t.timestamp_us, last_id, newest_us)]
    aside = [t for t in found if (t.timestamp_us, t.trade_id) not in state.aside]
    outputs: list[Output] = []
    if state.restarts is None:
        state.restarts = 0
        text = (
            f"trade ids start again: {found[0].trade_id} at {found[0].timestamp_us} us came after {last_id} at "
            f"{newest_us} us; such trades are set aside, and the pair's candles are gaps until ids go on"
        )
        outputs.append(Notice("restarted", len(found), text))
    if aside:
        state.aside |= {(t.timestamp_us, t.trade_id): None for t in aside}
        for oldest in list(islice(state.aside, max(0, len(state.aside) - _MAX_REMEMBERED))):
            del state.aside[oldest]
        outputs.append(SetAside(aside, not_above(last_id)))
    return wanted, outputs
