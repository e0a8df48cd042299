"""Advanced Trade messages: text in, what it means out; pure."""

from __future__ import annotations

from typing import Any

from contracts.errors import BadInputError
from exchanges import exact_json, fields
from exchanges.coinbase.products import read_product
from exchanges.coinbase.trades import pair_of_row, read_trade
from exchanges.frames import Frame, Ignored, Numbered, Pong, RateLimited, Rejected, Subscribed, TradesFrame
from exchanges.old_protocol import OldProtocolError
from exchanges.rows import read_rows

ADDRESS = "wss://advanced-trade-ws.coinbase.com"
TRADES_CHANNEL = "market_trades"
HEARTBEATS_CHANNEL = "heartbeats"
_OUR_CHANNELS = (TRADES_CHANNEL, HEARTBEATS_CHANNEL, "subscriptions")
#: Messages of the Exchange feed, which has no channels in its messages.
_OLD_TYPES = (
    "subscriptions",
    "heartbeat",
    "match",
    "last_match",
    "ticker",
    "status",
    "snapshot",
    "l2update",
    "received",
    "open",
    "done",
    "change",
    "activate",
)


def parse(text: str | bytes) -> list[Frame]:
    """Read one message; its number comes first.

    Raises
    ------
    OldProtocolError
        If it is one of the Exchange feed.
    BadInputError
        If the message as a whole cannot be used; single bad trades come back in `TradesFrame.bad_rows`.

    Examples
    --------
    >>> parse('{"channel":"heartbeats","timestamp":"2026-03-02T10:00:05.10002Z","sequence_num":4,"events":[]}')
    [Numbered(sequence=4), Pong(venue_time_us=1772445605100020, request_id=None, subscribed=())]
    """
    message = exact_json.loads(text)
    if not isinstance(message, dict):
        raise BadInputError("message", "a JSON object", text)
    if message.get("type") == "error":
        return [_error(message)]
    if "channel" not in message:
        if message.get("type") in _OLD_TYPES:
            raise OldProtocolError("Coinbase's Advanced Trade", ADDRESS, f"the Exchange feed ({message['type']})")
        raise BadInputError("message", "a field 'channel'", text)
    if message["channel"] not in _OUR_CHANNELS and "sequence_num" not in message:
        return [Ignored(f"channel {message['channel']!r}"[:80])]
    sequence = fields.whole_number(message.get("sequence_num"), "sequence_num")
    return [Numbered(sequence), *_frames(message)]


def _frames(message: dict[str, Any]) -> list[Frame]:
    match message["channel"]:
        case "market_trades":
            return [_trades(event, f"events[{index}]") for index, event in enumerate(_events(message))]
        case "subscriptions":
            return _subscriptions(message)
        case "heartbeats":
            return [Pong(_time_us(message))]
    return [Ignored(f"channel {message['channel']!r}"[:80])]


def _error(message: dict[str, Any]) -> Frame:
    text = str(message.get("message", "no reason given"))[:500]
    return RateLimited(text) if "rate limit" in text.lower() else Rejected(None, text)


def _events(message: dict[str, Any]) -> list[Any]:
    events = message.get("events")
    if not isinstance(events, list):
        raise BadInputError("events", "a list", events)
    return events


def _time_us(message: dict[str, Any]) -> int:
    return fields.rfc3339_us(message.get("timestamp"), "timestamp")


def _trades(event: Any, place: str) -> Frame:
    kind = event.get("type") if isinstance(event, dict) else None
    if kind not in ("snapshot", "update"):
        raise BadInputError(f"{place}.type", "snapshot or update", kind)
    rows = event.get("trades")
    if not isinstance(rows, list):
        raise BadInputError(f"{place}.trades", "a list of trades", rows)
    trades, bad_rows = read_rows(rows, f"{place}.trades", read_trade, pair_of_row)
    return TradesFrame(kind == "snapshot", trades, bad_rows)


def _subscriptions(message: dict[str, Any]) -> list[Frame]:
    """Read the list of everything this connection streams, which comes on every change."""
    venue_time_us = _time_us(message)
    frames: list[Frame] = []
    for index, event in enumerate(_events(message)):
        channels = event.get("subscriptions") if isinstance(event, dict) else None
        if not isinstance(channels, dict):
            raise BadInputError(f"events[{index}].subscriptions", "an object of channels", channels)
        products = channels.get(TRADES_CHANNEL, [])
        if not isinstance(products, list):
            raise BadInputError(f"events[{index}].subscriptions.{TRADES_CHANNEL}", "a list of products", products)
        frames += [Subscribed(read_product(p, "product"), venue_time_us) for p in products]
    return frames
