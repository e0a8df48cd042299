"""The WebSocket channel ``user``: text in, values out; pure.

Source: Coinbase, "User channel" of the Advanced Trade WebSocket documentation. It tells what became of orders and how
much of each was executed so far, but no execution: those are asked for, and each has its name there. Messages are
numbered, so a lost one is noticed, and heartbeats come every second.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from contracts.errors import BadInputError
from contracts.units import US_PER_MS
from exchanges import exact_json, fields
from exchanges.coinbase.private_messages import amount, order_change_fields
from exchanges.coinbase.websocket_messages import HEARTBEATS_CHANNEL
from exchanges.private.order import OrderChange

ADDRESS = "wss://advanced-trade-ws-user.coinbase.com"
USER_CHANNEL = "user"


@dataclass(frozen=True, slots=True)
class UserFrame:
    """What one message says.

    Parameters
    ----------
    sequence
        Counts the messages of the connection, from 0.
    listens
        Whether it says that the connection is told of orders.
    changes
        In the order of the message.
    """

    sequence: int
    listens: bool = False
    changes: tuple[OrderChange, ...] = ()


@dataclass(frozen=True, slots=True)
class UserError:
    """The venue does not tell.

    Parameters
    ----------
    text
        In its words.
    """

    text: str


def requests(token: str) -> list[str]:
    """Return the requests for the channel and for heartbeats.

    Parameters
    ----------
    token
        Good for both.

    Returns
    -------
    list of str
        To be sent one after the other. Without products the channel is of all.
    """
    return [
        json.dumps({"type": "subscribe", "channel": channel, "jwt": token})
        for channel in (HEARTBEATS_CHANNEL, USER_CHANNEL)
    ]


def parse_user(text: str | bytes) -> UserFrame | UserError:
    """Read one message of the private WebSocket.

    Parameters
    ----------
    text
        The message.

    Returns
    -------
    UserFrame or UserError
        The first also for what is not of orders, as its number counts.

    Raises
    ------
    BadInputError
        If it is not JSON, or an order in it is not as expected; it names the field.
    """
    message = fields.json_object(exact_json.loads(text), "message")
    if message.get("type") == "error":
        return UserError(str(message.get("message", "no reason given"))[:200])
    channel = fields.word(message.get("channel"), "channel")
    sequence = fields.whole_number(message.get("sequence_num"), "sequence_num")
    if channel == "subscriptions":
        return UserFrame(sequence, listens=any(_is_of_user(*each) for each in _events(message)))
    if channel != USER_CHANNEL:
        return UserFrame(sequence)
    at_ms = fields.rfc3339_us(message.get("timestamp"), "timestamp") // US_PER_MS
    changes = [change for event, place in _events(message) for change in _changes(event, place, at_ms)]
    return UserFrame(sequence, changes=tuple(changes))


def _events(message: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    events = message.get("events")
    if not isinstance(events, list):
        raise BadInputError("events", "a list", events)
    return [(fields.json_object(event, f"events[{index}]"), f"events[{index}]") for index, event in enumerate(events)]


def _is_of_user(event: dict[str, Any], place: str) -> bool:
    return USER_CHANNEL in fields.json_object(event.get("subscriptions"), f"{place}.subscriptions")


def _changes(event: dict[str, Any], place: str, at_ms: int) -> list[OrderChange]:
    fields.one_of(event.get("type"), f"{place}.type", {"snapshot": True, "update": True})
    rows = event.get("orders")
    if not isinstance(rows, list):
        raise BadInputError(f"{place}.orders", "a list of orders", rows)
    return [_change(row, f"{place}.orders[{index}]", at_ms) for index, row in enumerate(rows)]


def _change(row: Any, place: str, at_ms: int) -> OrderChange:
    entry = fields.json_object(row, place)
    order_id, client_order_id, status, reason = order_change_fields(entry, place)
    return OrderChange(
        venue_order_id=order_id,
        client_order_id=client_order_id,
        status=status,
        filled=amount(entry.get("cumulative_quantity"), f"{place}.cumulative_quantity"),
        reason=reason,
        at_ms=at_ms,
    )
