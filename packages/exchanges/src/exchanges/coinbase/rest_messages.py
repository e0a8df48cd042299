"""Advanced Trade answers: text in, values out; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contracts.errors import BadInputError
from exchanges import exact_json, fields
from exchanges.coinbase.products import pair_of
from exchanges.coinbase.trades import read_trade
from exchanges.rows import read_page_rows
from exchanges.venue import BadRow, Trade


@dataclass(frozen=True, slots=True)
class Window:
    """The trades of a stretch of time in id order; `rows` counts what the venue sent."""

    trades: list[Trade]
    bad_rows: list[BadRow]
    rows: int


def _object(text: str | bytes) -> dict[str, Any]:
    answer = exact_json.loads(text)
    if not isinstance(answer, dict):
        raise BadInputError("answer", "a JSON object", text)
    return answer


def parse_trades(text: str | bytes, pair: str) -> Window:
    """Read an answer of ``.../products/{product}/ticker``, which lists the newest trades first.

    Raises
    ------
    BadInputError
        If there are no trades in it; single bad rows come back in `Window.bad_rows`.
    """
    rows = _object(text).get("trades")
    if not isinstance(rows, list):
        raise BadInputError("trades", "a list of trades", rows)

    def read(row: Any, place: str) -> Trade:
        of, trade = read_trade(row, place)
        if of != pair:
            raise BadInputError(f"{place}.product_id", f"the product of {pair}", row["product_id"])
        return trade

    trades, bad_rows = read_page_rows(rows, "trades", read, pair)
    return Window(trades, bad_rows, len(rows))


def parse_time_us(text: str | bytes) -> int:
    """Read an answer of ``/time``: the venue's time in microseconds, whole milliseconds."""
    millis = _object(text).get("epochMillis")
    if isinstance(millis, str) and millis.isascii() and millis.isdigit() and len(millis) < 20:
        millis = int(millis)
    return fields.milliseconds_us(millis, "epochMillis")


def parse_products(text: str | bytes) -> tuple[dict[str, str], dict[str, str]]:
    """Read an answer of ``/products``: products by pair, and pairs by what else they are called.

    A product that is an alias of another is not listed: its trades come under the other's name.
    """
    products = _object(text).get("products")
    if not isinstance(products, list):
        raise BadInputError("products", "a list of products", products)
    listed: dict[str, str] = {}
    other_names: dict[str, str] = {}
    for entry in products:
        product = entry.get("product_id") if isinstance(entry, dict) else None
        pair = pair_of(product)
        if pair is None or not isinstance(product, str):
            continue
        alias = pair_of(entry.get("alias"))
        if alias is None:
            listed[pair] = product
        for name in (pair, product, product.replace("-", "")):
            other_names[name] = alias or pair
    return listed, other_names
