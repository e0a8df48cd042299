"""The folds of the live services over the same bars, one message after the other: indicators, signals, execution."""

from __future__ import annotations

from collections.abc import Iterator

from backtest.bars import Bars
from contracts.account import Account
from contracts.candle import QUALITIES, Candle
from contracts.message import Message
from contracts.state import MemoryState
from contracts.trusted import made
from execution.core.broker import Broker
from execution.core.execute import fold as execution_step
from execution.core.policy import Policy
from indicators.core.fold import Engines
from indicators.core.fold import step as indicators_step
from signals.core.at_work import Streams
from signals.core.decide import step as signals_step
from signals.core.followed import Desk
from signals.deciders import deciders_of


def traded(bars: Bars, account: Account, broker: Broker) -> list[Message]:
    """Return what execution says to a pair's candles; nothing is written and read between the folds.

    Parameters
    ----------
    bars
        Of one pair.
    account
        With its strategy, which takes no predictions.
    broker
        What orders cost.

    Returns
    -------
    list[Message]
        Orders, fills, positions, P&L of each minute.
    """
    of_indicators, of_signals, of_execution = MemoryState(), MemoryState(), MemoryState()
    engines: Engines = {}
    streams: Streams = {}
    desk, policy, found = Desk(tuple(deciders_of(account))), Policy(), []
    for candle in _candles(bars):
        for row in indicators_step(of_indicators, candle, engines):
            for told in signals_step(of_signals, row, desk, streams).messages:
                found += execution_step(of_execution, told, account, broker, policy)
    return found


def _candles(bars: Bars) -> Iterator[Candle]:
    """Yield the bars as messages, made unchecked: what a service pays to read one is not counted."""
    texts = bars.texts
    for place, start_ms in enumerate(bars.starts_ms.tolist()):
        yield made(
            Candle,
            exchange=bars.exchange,
            pair=bars.pair,
            interval_s=bars.interval_s,
            window_start_ms=start_ms,
            **{name: text[place] for name, text in texts.items()},
            quote_volume="0",
            taker_buy_volume=None,
            trade_count=bars.trade_counts.item(place),
            first_trade_id=None,
            last_trade_id=None,
            quality=QUALITIES[bars.qualities.item(place)],
            revision=0,
        )
