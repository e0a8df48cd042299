"""The checkpoints on their topic: the last one of each pair."""

from __future__ import annotations

from collections.abc import Iterable

from contracts.errors import BadSettingError
from contracts.topics import TRADES_CHECKPOINTS
from contracts.trades_checkpoint import TradesCheckpoint
from streaming.clients import read_topic
from streaming.settings import ServiceSettings


def read_checkpoints(settings: ServiceSettings) -> dict[tuple[str, str], TradesCheckpoint]:
    """Return the newest checkpoint by (exchange, pair)."""
    found: dict[tuple[str, str], TradesCheckpoint] = {}
    for record in read_topic(settings, TRADES_CHECKPOINTS):
        message = record.message()
        if isinstance(message, TradesCheckpoint):
            found[message.exchange, message.pair] = message
    return found


def refuse_second_venue(
    checkpoints: dict[tuple[str, str], TradesCheckpoint], wanted: Iterable[tuple[str, str]]
) -> None:
    """Refuse a pair that another venue already writes: topics are keyed by pair, and ids of two venues would mix.

    Raises
    ------
    BadSettingError
        Naming the pair and both venues.
    """
    venues = {pair: exchange for exchange, pair in checkpoints}
    for exchange, pair in wanted:
        if venues.get(pair, exchange) != exchange:
            expected = f"{venues[pair]!r}, which {pair} on this log comes from (another venue: another environment)"
            raise BadSettingError("TRADES_EXCHANGE", expected, exchange)
