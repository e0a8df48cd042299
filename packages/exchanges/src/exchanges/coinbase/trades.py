"""One Coinbase trade: the same fields on WebSocket and REST."""

from __future__ import annotations

from typing import Any

from contracts.errors import BadInputError
from contracts.trade_frame import Side
from exchanges import fields
from exchanges.coinbase.products import pair_of, read_product
from exchanges.venue import Trade

#: The venue names the maker's side; the taker is on the other.
_TAKER_SIDES: dict[str, Side] = {"BUY": "sell", "SELL": "buy"}


def read_trade(row: Any, place: str) -> tuple[str, Trade]:
    """Return a row's pair and trade.

    Raises
    ------
    BadInputError
        Naming the field.
    """
    if not isinstance(row, dict):
        raise BadInputError(place, "a trade, a JSON object", row)
    pair = read_product(row.get("product_id"), f"{place}.product_id")
    return pair, Trade(
        trade_id=fields.trade_id_text(row.get("trade_id"), f"{place}.trade_id"),
        timestamp_us=fields.rfc3339_us(row.get("time"), f"{place}.time"),
        price=fields.positive_number(row.get("price"), f"{place}.price"),
        quantity=fields.positive_number(row.get("size"), f"{place}.size"),
        side=fields.taker_side(row.get("side"), f"{place}.side", _TAKER_SIDES),
    )


def pair_of_row(row: Any) -> str | None:
    """Return the pair that a row names, if it does."""
    return pair_of(row.get("product_id")) if isinstance(row, dict) else None
