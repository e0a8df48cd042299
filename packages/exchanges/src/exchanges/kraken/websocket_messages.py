"""WebSocket v2 frames: text in, one value out; pure."""

from __future__ import annotations

from typing import Any

from contracts.errors import BadInputError
from contracts.trade_frame import Side
from exchanges import exact_json, fields
from exchanges.frames import Frame, Ignored, Pong, RateLimited, Rejected, Status, Subscribed, TradesFrame
from exchanges.old_protocol import OldProtocolError
from exchanges.pairs import is_pair
from exchanges.rows import read_rows
from exchanges.venue import Trade

ADDRESS = "wss://ws.kraken.com/v2"
TRADE_CHANNEL = "trade"
_SIDES: dict[str, Side] = {"buy": "buy", "sell": "sell"}


def parse(text: str | bytes) -> Frame:
    """Read one frame.

    Raises
    ------
    OldProtocolError
        If it is one of version 1.
    BadInputError
        If the frame as a whole cannot be used; single bad trades come back in `TradesFrame.bad_rows`.

    Examples
    --------
    >>> parse('{"method":"pong","time_in":"2026-03-02T10:00:05Z","time_out":"2026-03-02T10:00:05.100020Z"}')
    Pong(venue_time_us=1772445605100020, request_id=None, subscribed=())
    """
    frame = exact_json.loads(text)
    if _is_of_version_1(frame):
        raise OldProtocolError("Kraken's version 2", ADDRESS, "version 1")
    if not isinstance(frame, dict):
        raise BadInputError("frame", "a JSON object", text)
    if frame.get("channel") == TRADE_CHANNEL:
        return _trades(frame)
    if frame.get("channel") == "status":
        return _status(frame)
    if "channel" in frame:
        return Ignored(f"channel {frame['channel']!r}"[:80])
    if "method" in frame:
        return _answer(frame)
    if "Error" in frame:  # capital E: not an answer to any request
        return RateLimited(str(frame["Error"]))
    raise BadInputError("frame", "a field 'channel' or 'method'", text)


def _is_of_version_1(frame: Any) -> bool:
    """Say whether a frame is ``[channel, data, "trade", "XBT/USD"]``, or an event such as ``systemStatus``."""
    if isinstance(frame, list):
        return len(frame) >= 4 and isinstance(frame[-2], str) and isinstance(frame[-1], str) and "/" in frame[-1]
    return (
        isinstance(frame, dict) and isinstance(frame.get("event"), str) and not {"channel", "method"} & frame.keys()
    )


def subscribe_request(pairs: list[str], request_id: int) -> dict[str, Any]:
    """Return the request for the trades of `pairs`; the snapshot shows how far the venue is."""
    params = {"channel": TRADE_CHANNEL, "symbol": pairs, "snapshot": True}
    return {"method": "subscribe", "params": params, "req_id": request_id}


def unsubscribe_request(pairs: list[str], request_id: int) -> dict[str, Any]:
    """Return the request that ends them."""
    return {"method": "unsubscribe", "params": {"channel": TRADE_CHANNEL, "symbol": pairs}, "req_id": request_id}


def _trades(frame: dict[str, Any]) -> TradesFrame:
    kind = frame.get("type")
    if kind not in ("snapshot", "update"):
        raise BadInputError("type", "snapshot or update", kind)
    rows = frame.get("data")
    if not isinstance(rows, list):
        raise BadInputError("data", "a list of trades", rows)
    trades, bad_rows = read_rows(rows, "data", _trade, _pair_of)
    return TradesFrame(kind == "snapshot", trades, bad_rows)


def _trade(row: Any, place: str) -> tuple[str, Trade]:
    if not isinstance(row, dict):
        raise BadInputError(place, "a trade, a JSON object", row)
    pair = _pair_of(row)
    if pair is None:
        raise BadInputError(f"{place}.symbol", "a pair such as BTC/USD", row.get("symbol"))
    return pair, Trade(
        trade_id=fields.trade_id(row.get("trade_id"), f"{place}.trade_id"),
        timestamp_us=fields.rfc3339_us(row.get("timestamp"), f"{place}.timestamp"),
        price=fields.positive_number(row.get("price"), f"{place}.price"),
        quantity=fields.positive_number(row.get("qty"), f"{place}.qty"),
        side=fields.taker_side(row.get("side"), f"{place}.side", _SIDES),
    )


def _pair_of(row: Any) -> str | None:
    symbol = row.get("symbol") if isinstance(row, dict) else None
    return symbol if isinstance(symbol, str) and is_pair(symbol) else None


def _status(frame: dict[str, Any]) -> Status | Ignored:
    data = frame.get("data")
    first = data[0] if isinstance(data, list) and data else None
    system = first.get("system") if isinstance(first, dict) else None
    return Status(system) if isinstance(system, str) else Ignored("status without a system")


def _answer(frame: dict[str, Any]) -> Frame:
    method = frame["method"]
    if method == "pong":
        return Pong(fields.rfc3339_us(frame.get("time_out"), "time_out"))
    if method != "subscribe":
        return Ignored(f"answer to {method!r}"[:80])
    result = frame.get("result")
    if isinstance(result, dict) and result.get("channel", TRADE_CHANNEL) != TRADE_CHANNEL:
        return Ignored(f"answer about {result['channel']!r}"[:80])
    pair = _pair_of(result) or _pair_of(frame)
    if frame.get("success") is not True:
        return Rejected(pair, str(frame.get("error", "no reason given")))
    if pair is None:
        raise BadInputError("result.symbol", "the pair that was subscribed", result)
    return Subscribed(pair, fields.rfc3339_us(frame.get("time_out"), "time_out"))
