"""The user data stream on the WebSocket API: text in, values out; pure.

Source: Binance, "User data streams" and ``userDataStream.subscribe.signature`` of the WebSocket API. Keys to listen
with (``listenKey``) are gone since February 2026. Nothing numbers the events, so that one which is lost is only found
by asking; and nothing comes on a quiet connection, which is asked whether it still answers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.errors import BadInputError
from contracts.units import US_PER_MS
from exchanges import exact_json, fields
from exchanges.binance.private_messages import SIDES, STATUSES, execution_of, number_of
from exchanges.frames import Ignored
from exchanges.private.execution import VenueExecution
from exchanges.private.order import OrderChange

ADDRESS = "wss://ws-api.binance.com:443/ws-api/v3"
SUBSCRIBE_ID, PING_ID = "1", "2"
#: After these nothing more is told on the connection.
_LAST_EVENTS = ("eventStreamTerminated", "serverShutdown")
_NO_REASON = "NONE"
_EXECUTION_WORDS = {
    "id": "t",
    "qty": "l",
    "price": "L",
    "commission": "n",
    "commissionAsset": "N",
    "isMaker": "m",
    "time": "T",
}


@dataclass(frozen=True, slots=True)
class OrderNews:
    """What one event says.

    Parameters
    ----------
    change
        What became of an order.
    execution
        What was executed of it just now, if anything was.
    """

    change: OrderChange
    execution: VenueExecution | None


@dataclass(frozen=True, slots=True)
class StreamAnswer:
    """The answer to the subscription.

    Parameters
    ----------
    error
        None: it was taken.
    """

    error: str | None


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """Nothing more is told.

    Parameters
    ----------
    event
        What says so.
    """

    event: str


def subscription(token: str) -> str:
    """Return the request for the stream.

    Parameters
    ----------
    token
        Its signed parameters, as JSON.

    Returns
    -------
    str
        To be sent as it stands.
    """
    request = {"id": SUBSCRIBE_ID, "method": "userDataStream.subscribe.signature", "params": json.loads(token)}
    return json.dumps(request)


def ping() -> str:
    """Return the question whether anybody is there.

    Returns
    -------
    str
        To be sent as it stands.
    """
    return json.dumps({"id": PING_ID, "method": "ping"})


def parse_user_event(text: str | bytes, names: Mapping[str, str]) -> OrderNews | StreamAnswer | StreamEnd | Ignored:
    """Read one message of the WebSocket API.

    Parameters
    ----------
    text
        The message.
    names
        Pairs by symbol; orders of other symbols are ignored.

    Returns
    -------
    OrderNews, StreamAnswer, StreamEnd or Ignored
        The last for what is not of orders, such as balances and pongs.

    Raises
    ------
    BadInputError
        If it is not JSON, or an event of an order is not as expected; it names the field.
    """
    frame = exact_json.loads(text)
    if not isinstance(frame, dict):
        raise BadInputError("frame", "a JSON object", text)
    event = frame.get("event")
    if isinstance(event, dict):
        return _event(event, names)
    if frame.get("id") == SUBSCRIBE_ID:
        return StreamAnswer(None if frame.get("status") == 200 else _error(frame.get("error")))
    if "status" in frame:
        return Ignored("an answer")
    raise BadInputError("frame", "an event or an answer", text)


def _event(event: dict[str, Any], names: Mapping[str, str]) -> OrderNews | StreamEnd | Ignored:
    kind = event.get("e")
    if kind in _LAST_EVENTS:
        return StreamEnd(str(kind))
    if kind != "executionReport":
        return Ignored(f"event {kind!r}"[:80])
    symbol = fields.word(event.get("s"), "event.s")
    if symbol not in names:
        return Ignored(f"symbol {symbol!r}"[:80])
    order_id = number_of(symbol, event.get("i"), "event.i")
    change = OrderChange(
        venue_order_id=order_id,
        # While an order is cancelled, c is the name of the cancellation and C that of the order.
        client_order_id=fields.word(event.get("C") or event.get("c"), "event.c"),
        status=fields.one_of(event.get("X"), "event.X", STATUSES),
        filled=fields.decimal_number(event.get("z"), "event.z"),
        reason=_reason(event),
        at_ms=fields.milliseconds_us(event.get("T"), "event.T") // US_PER_MS,
    )
    side = fields.one_of(event.get("S"), "event.S", SIDES)
    if event.get("x") != "TRADE":
        return OrderNews(change, None)
    return OrderNews(change, execution_of(event, "event", names[symbol], _EXECUTION_WORDS, side, order_id))


def _reason(event: dict[str, Any]) -> str | None:
    """Return why an order ended, where the event says so: refused, or expired."""
    words = [event.get(name) for name in ("eR", "r")]
    return next((word for word in words if isinstance(word, str) and word not in ("", _NO_REASON)), None)


def _error(error: Any) -> str:
    said = error if isinstance(error, dict) else {}
    return f"{said.get('code')} {said.get('msg', 'no reason given')}"[:200]
