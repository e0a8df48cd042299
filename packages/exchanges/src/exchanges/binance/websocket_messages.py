"""Stream frames and answers: text in, what it means out; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.errors import BadInputError
from exchanges import exact_json, fields
from exchanges.binance.trades import taker_side
from exchanges.frames import Frame, Ignored, Pong, RateLimited, Rejected, Status, TradesFrame
from exchanges.rows import read_rows
from exchanges.venue import Trade

_STREAM = "@trade"
#: Frames of streams that do not say in a field `e` what they are: the best prices, the top of the book.
_OTHER_FIELDS = ({"u", "s", "b", "a"}, {"lastUpdateId", "bids", "asks"})


def symbol_of(pair: str) -> str:
    """Return Binance's name for `pair`; the way back needs a list, for BTCUSDT does not say where it parts.

    Examples
    --------
    >>> symbol_of("BTC/USDT"), stream_of("BTC/USDT")
    ('BTCUSDT', 'btcusdt@trade')
    """
    return pair.replace("/", "")


def stream_of(pair: str) -> str:
    """Return the name of a pair's stream of trades."""
    return symbol_of(pair).lower() + _STREAM


def parse(text: str | bytes, pairs: Mapping[str, str]) -> Frame:
    """Read one frame; `pairs` gives the pair of each symbol that was subscribed.

    Raises
    ------
    BadInputError
        If the frame as a whole cannot be used; a trade that cannot be read comes back in `TradesFrame.bad_rows`.

    Examples
    --------
    >>> parse('{"result":["btcusdt@trade"],"id":3}', {"BTCUSDT": "BTC/USDT"})
    Pong(venue_time_us=None, request_id=3, subscribed=('BTC/USDT',))
    """
    frame = exact_json.loads(text)
    if isinstance(frame, dict) and "stream" in frame and "data" in frame:
        if _is_of_another_stream(frame["stream"]):
            return Ignored(f"stream {frame['stream']!r}"[:80])
        frame = frame["data"]
    if not isinstance(frame, dict):
        raise BadInputError("frame", "a JSON object", text)
    if "e" in frame:
        return _event(frame, pairs)
    if any(frame.keys() >= names for names in _OTHER_FIELDS):
        return Ignored("a book")
    if "error" in frame or "code" in frame:
        return _error(frame)
    if "result" in frame:
        return _answer(frame, pairs)
    raise BadInputError("frame", "a field 'e', 'result' or 'error'", text)


def _is_of_another_stream(name: Any) -> bool:
    return isinstance(name, str) and ("@" in name and not name.endswith(_STREAM))


def _event(frame: dict[str, Any], pairs: Mapping[str, str]) -> Frame:
    kind = frame["e"]
    if kind == "serverShutdown":
        return Status("shutting down")
    if kind != "trade":
        return Ignored(f"event {kind!r}"[:80])

    def pair_of(row: dict[str, Any]) -> str | None:
        symbol = row.get("s")
        return pairs.get(symbol) if isinstance(symbol, str) else None

    def read(row: dict[str, Any], _place: str) -> tuple[str, Trade]:
        pair = pair_of(row)
        if pair is None:
            raise BadInputError("s", f"one of {', '.join(sorted(pairs)[:5]) or 'no symbols'}", row.get("s"))
        return pair, Trade(
            trade_id=fields.trade_id(row.get("t"), "t"),
            timestamp_us=fields.milliseconds_us(row.get("T"), "T"),
            price=fields.positive_number(row.get("p"), "p"),
            quantity=fields.positive_number(row.get("q"), "q"),
            side=taker_side(row.get("m"), "m"),
        )

    trades, bad_rows = read_rows([frame], "data", read, pair_of)
    return TradesFrame(False, trades, bad_rows)


def _error(frame: dict[str, Any]) -> Frame:
    error = frame.get("error", frame)
    message = error.get("msg") if isinstance(error, dict) else error
    text = str(message or "no reason given")[:500]
    return RateLimited(text) if "too many" in text.lower() else Rejected(None, text)


def _answer(frame: dict[str, Any], pairs: Mapping[str, str]) -> Frame:
    """Read the answer to a request: a list is that of the streams; null only means that it was heard."""
    streams, request_id = frame["result"], frame.get("id")
    if not isinstance(streams, list):
        return Ignored("a request was heard")
    if isinstance(request_id, bool) or not isinstance(request_id, int):
        raise BadInputError("id", "the whole number of our request", request_id)
    names = {stream_of(pair): pair for pair in pairs.values()}
    return Pong(None, request_id, tuple(names[s] for s in streams if isinstance(s, str) and s in names))
