"""Trades to final candles: the flow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from candles.core.forming import PartialBar
from candles.core.updates import Correction
from candles.references import copying
from candles.settings import CandlesSettings
from candles.steps import admitting, closing, correcting, is_update_of, pairs_of, refuse_late, showing_every
from candles.window import MergePartials
from contracts.topics import CANDLES, CANDLES_FORMING, REFERENCE_CANDLES, TRADES, TopicSpec
from contracts.trade_frame import TradeFrame
from streaming.service.sink import keep
from streaming.topics import Topics, publish

if TYPE_CHECKING:
    from quixstreams.dataframe import StreamingDataFrame


def outputs(settings: CandlesSettings) -> list[TopicSpec]:
    """Return the topics that the service writes."""
    references = [REFERENCE_CANDLES] if settings.reference_pairs else []
    return [CANDLES, *references, *([CANDLES_FORMING] if settings.shows_forming else [])]


def topology(inputs: dict[str, StreamingDataFrame], topics: Topics, settings: CandlesSettings) -> None:
    """Fold frames to partial candles, merge those in tumbling windows, fill quiet windows, correct closed ones.

    The order of definition is the order of execution: an update passes the windows before it can be a correction.
    """
    rules, store, trades = settings.rules(), settings.store_writer(), inputs[TRADES.name]
    pairs = pairs_of(trades)
    if settings.store_trades:
        keep(trades.filter(lambda message: isinstance(message, TradeFrame)), store)
    showing = showing_every(settings.forming_step_ms, rules, trades) if settings.shows_forming else None
    updates = trades.apply(
        admitting(rules, pairs, topics.dead_letters, showing), expand=True, metadata=True
    ).set_timestamp(_event_time_ms)
    for interval_s, interval_ms in zip(rules.intervals_s, rules.intervals_ms, strict=True):
        closed_windows = (
            updates.filter(is_update_of(interval_s))
            .tumbling_window(interval_ms, rules.grace_ms, name=f"candles-{interval_s}s", on_late=refuse_late)
            .agg(partial=MergePartials())
            .final(closing_strategy="key")
        )
        closed = closing(interval_s, rules, pairs, topics.dead_letters)
        candles = publish(
            closed_windows.apply(closed, stateful=True, expand=True, metadata=True), topics[CANDLES.name]
        )
        keep(candles, store)
        if settings.reference_pairs:
            copies = candles.apply(copying(settings.followers), expand=True)
            publish(copies, topics[REFERENCE_CANDLES.name])
    corrections = updates.filter(lambda update: isinstance(update, Correction))
    correct = correcting(rules, pairs, topics.dead_letters)
    revisions = corrections.apply(correct, stateful=True, expand=True, metadata=True)
    keep(publish(revisions, topics[CANDLES.name]), store)
    if settings.shows_forming:
        bars = updates.filter(lambda update: isinstance(update, PartialBar))
        publish(bars.apply(lambda bar: bar.candle), topics[CANDLES_FORMING.name])


def _event_time_ms(update: Any, _key: Any, _timestamp_ms: int, _headers: Any) -> int:
    time_ms: int = update.time_ms
    return time_ms
