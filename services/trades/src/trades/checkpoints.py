"""The checkpoints on their topic: the last one of each pair."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from contracts.errors import BadSettingError
from contracts.topics import TRADES_CHECKPOINTS
from contracts.trades_checkpoint import TradesCheckpoint
from streaming.clients import read_topic
from streaming.settings import ServiceSettings


def read_checkpoints(settings: ServiceSettings) -> dict[tuple[str, str], TradesCheckpoint]:
    """Return the newest checkpoint by (exchange, pair)."""
    found: dict[tuple[str, str], TradesCheckpoint] = {}
    for record in read_topic(settings, TRADES_CHECKPOINTS):
        message = record.readable_message()
        if isinstance(message, TradesCheckpoint):
            found[message.exchange, message.pair] = message
    return found


def other_venue(checkpoints: Mapping[tuple[str, str], TradesCheckpoint], exchange: str, pair: str) -> str | None:
    """Return the venue other than `exchange` that writes `pair` on this log already, None if there is none.

    Topics are keyed by pair, and the ids of two venues would mix.
    """
    return next((writer for writer, name in checkpoints if name == pair and writer != exchange), None)


def refuse_second_venue(
    checkpoints: Mapping[tuple[str, str], TradesCheckpoint], wanted: Iterable[tuple[str, str]]
) -> None:
    """Refuse to start with a pair that another venue already writes.

    Raises
    ------
    BadSettingError
        Naming the pair and both venues.
    """
    for exchange, pair in wanted:
        other = other_venue(checkpoints, exchange, pair)
        if other is not None:
            raise BadSettingError("TRADES_EXCHANGE", f"{other!r}, {comes_from(pair)}", exchange)


def comes_from(pair: str) -> str:
    """Return what to add to the name of the venue that a pair comes from."""
    return f"which {pair} on this log comes from (another venue: another environment)"
