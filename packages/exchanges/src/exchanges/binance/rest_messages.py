"""Answers of /api/v3: text in, values out; pure."""

from __future__ import annotations

from typing import Any

from contracts.errors import BadInputError
from exchanges import exact_json, fields
from exchanges.binance.trades import taker_side
from exchanges.page import Page
from exchanges.pairs import is_pair
from exchanges.rows import read_page_rows
from exchanges.venue import Trade

#: What a page holds at most.
PAGE_ROWS = 1_000


def _list(text: str | bytes) -> list[Any]:
    answer = exact_json.loads(text)
    if not isinstance(answer, list):
        raise BadInputError("answer", "a list of trades", text)
    return answer


def parse_trades(text: str | bytes, pair: str, from_id: int) -> Page:
    """Read an answer of ``historicalTrades`` from `from_id` on; `pair` names it in bad rows.

    Raises
    ------
    BadInputError
        If there is no page in it; single bad rows come back in `Page.bad_rows`.
    """
    rows = _list(text)
    trades, bad_rows = read_page_rows(rows, "trades", _trade, pair)
    newest = trades[-1].trade_id if trades else from_id + len(rows) - 1
    return Page(trades, bad_rows, id_cursor(max(from_id, newest + 1)), more=len(rows) >= PAGE_ROWS)


def parse_first_id(text: str | bytes) -> int | None:
    """Read an answer of ``aggTrades``: the id of the first trade in it, None if there is none."""
    rows = _list(text)
    if not rows:
        return None
    if not isinstance(rows[0], dict):
        raise BadInputError("answer[0]", "an aggregate trade, a JSON object", rows[0])
    return fields.trade_id(rows[0].get("f"), "answer[0].f")


def parse_time_us(text: str | bytes) -> int:
    """Read an answer of ``time``: the venue's time in microseconds, whole milliseconds."""
    answer = exact_json.loads(text)
    return fields.milliseconds_us(answer.get("serverTime") if isinstance(answer, dict) else None, "serverTime")


def parse_symbols(text: str | bytes) -> tuple[dict[str, str], dict[str, str]]:
    """Read an answer of ``exchangeInfo``: symbols by pair, and pairs by what else they are called."""
    answer = exact_json.loads(text)
    symbols = answer.get("symbols") if isinstance(answer, dict) else None
    if not isinstance(symbols, list):
        raise BadInputError("symbols", "a list of symbols", symbols)
    listed: dict[str, str] = {}
    other_names: dict[str, str] = {}
    for entry in symbols:
        entry = entry if isinstance(entry, dict) else {}
        symbol, pair = entry.get("symbol"), f"{entry.get('baseAsset')}/{entry.get('quoteAsset')}"
        if entry.get("status") == "TRADING" and is_pair(pair) and symbol == pair.replace("/", ""):
            listed[pair] = symbol
            other_names |= {symbol: pair, pair.replace("/", "-"): pair}
    return listed, other_names


def id_cursor(trade_id: int) -> str:
    """Return the paging position of a trade id."""
    return f"id:{trade_id}"


def _trade(row: Any, place: str) -> Trade:
    if not isinstance(row, dict):
        raise BadInputError(place, "a trade, a JSON object", row)
    return Trade(
        trade_id=fields.trade_id(row.get("id"), f"{place}.id"),
        timestamp_us=fields.milliseconds_us(row.get("time"), f"{place}.time"),
        price=fields.positive_number(row.get("price"), f"{place}.price"),
        quantity=fields.positive_number(row.get("qty"), f"{place}.qty"),
        side=taker_side(row.get("isBuyerMaker"), f"{place}.isBuyerMaker"),
    )
