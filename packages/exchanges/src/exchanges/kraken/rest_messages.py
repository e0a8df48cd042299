"""REST answers: text in, values out; pure."""

from __future__ import annotations

from typing import Any

from contracts.errors import BadInputError
from contracts.trade_frame import Side
from contracts.units import US_PER_SECOND
from exchanges import exact_json, fields
from exchanges.kraken.pairs import PairNames, v2_name
from exchanges.page import Page
from exchanges.rows import read_page_rows
from exchanges.venue import PermanentVenueError, Trade, TransientVenueError, UnknownPairError

UNKNOWN_PAIR = "EQuery:Unknown asset pair"
#: Errors that go away by themselves; any other is permanent.
TRANSIENT_ERRORS = (
    "EGeneral:Too many requests",
    "EAPI:Rate limit exceeded",
    "EService:Throttled",
    "EService:Unavailable",
    "EService:Busy",
    "EService:Timeout",
    "EGeneral:Temporary lockout",
    "EGeneral:Internal error",
)
#: What a page holds at most.
PAGE_ROWS = 1_000
_ROW_FIELDS = 7
_SIDES: dict[str, Side] = {"b": "buy", "s": "sell"}


def result_of(text: str | bytes, pair: str | None = None) -> Any:
    """Return the `result` of an answer.

    Raises
    ------
    UnknownPairError, PermanentVenueError, TransientVenueError
        For what `error` says, in an answer that HTTP calls a success.
    BadInputError
        If it is not an answer of Kraken at all.
    """
    answer = exact_json.loads(text)
    if not isinstance(answer, dict) or not isinstance(answer.get("error"), list):
        raise BadInputError("answer", 'a JSON object with a list "error"', text)
    errors = [str(error) for error in answer["error"] if not str(error).startswith("W")]
    if errors:
        raise _venue_error(errors, pair)
    if "result" not in answer:
        raise BadInputError("result", "a result or an error", text)
    return answer["result"]


def parse_trades(text: str | bytes, pair: str, since: int = 0) -> Page:
    """Read an answer of ``Trades`` that was asked with `since`; `pair` names it in errors.

    The next page asks for the last nanosecond again: `since` is exclusive, and trades of one nanosecond may be cut
    apart by the end of a page.

    Raises
    ------
    BadInputError, UnknownPairError, PermanentVenueError, TransientVenueError
        If there is no page in it; single bad rows come back in `Page.bad_rows`.
    """
    result = fields.json_object(result_of(text, pair), "result")
    keys = [key for key in result if key != "last"]
    if len(keys) != 1 or not isinstance(result[keys[0]], list):
        raise BadInputError("result", "one list of trades and 'last'", sorted(result))
    rows = result[keys[0]]
    last = _cursor(result.get("last"))
    ordered, bad_rows = read_page_rows(rows, keys[0], _trade, pair)
    more = len(rows) >= PAGE_ROWS and last > since
    resume = max(since, last - 1)
    if more and resume == since:  # more than a page in one nanosecond
        resume = last
    return Page(ordered, bad_rows, str(resume), more)


def parse_time_us(text: str | bytes) -> int:
    """Read an answer of ``Time``: the venue's time in microseconds, whole seconds."""
    result = result_of(text)
    unixtime = result.get("unixtime") if isinstance(result, dict) else None
    return fields.seconds_us(unixtime, "result.unixtime") // US_PER_SECOND * US_PER_SECOND


def parse_asset_pairs(text: str | bytes) -> dict[str, PairNames]:
    """Read an answer of ``AssetPairs``: the names of each pair by its WebSocket v2 name.

    Pairs without a `wsname` (dark pools) are not on the WebSocket and are left out.
    """
    result = result_of(text)
    if not isinstance(result, dict):
        raise BadInputError("result", "a JSON object of pairs", result)
    names = {}
    for key, entry in result.items():
        wsname = entry.get("wsname") if isinstance(entry, dict) else None
        altname = entry.get("altname") if isinstance(entry, dict) else None
        if isinstance(wsname, str) and isinstance(altname, str) and wsname.count("/") == 1:
            codes = (str(entry.get("base", "")), str(entry.get("quote", "")))
            names[v2_name(wsname)] = PairNames(v2_name(wsname), altname, key, wsname, *codes)
    return names


def _venue_error(errors: list[str], pair: str | None) -> Exception:
    text = ", ".join(errors)
    if any(error.startswith(UNKNOWN_PAIR) for error in errors) and pair is not None:
        return UnknownPairError(pair, "Kraken")
    if any(error.startswith(TRANSIENT_ERRORS) for error in errors):
        return TransientVenueError(f"Kraken answered {text}")
    return PermanentVenueError(f"Kraken answered {text}")


def _cursor(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        return int(value)
    raise BadInputError("last", "a cursor, nanoseconds as a string of digits", value)


def _trade(row: Any, place: str) -> Trade:
    """Read a row.

    Kraken's clock has nanoseconds; the WebSocket shows microseconds, REST a double in its shortest spelling, whose
    spacing is 0.24 us today. A time of whole microseconds survives that exactly. Of times with nanoseconds, cutting
    both gives one trade one time in 88 of 100 cases; in the others REST says one microsecond more, which nobody can
    undo. Rounding would disagree for half of all trades.
    """
    if not isinstance(row, list) or len(row) < _ROW_FIELDS:
        raise BadInputError(place, "a list of price, volume, time, side, order type, misc, trade id", row)
    return Trade(
        trade_id=fields.trade_id(row[6], f"{place}.trade_id"),
        timestamp_us=fields.seconds_us(row[2], f"{place}.time"),
        price=fields.positive_number(row[0], f"{place}.price"),
        quantity=fields.positive_number(row[1], f"{place}.volume"),
        side=fields.taker_side(row[3], f"{place}.side", _SIDES),
    )
