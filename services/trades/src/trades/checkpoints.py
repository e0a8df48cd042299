"""The checkpoints on their topic: the last one of each pair."""

from __future__ import annotations

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
