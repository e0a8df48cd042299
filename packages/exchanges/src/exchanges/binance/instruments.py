"""What ``exchangeInfo`` says of orders; pure. It says nothing of fees, which are those of the account."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from contracts.errors import BadInputError
from contracts.instrument import Instrument
from exchanges import exact_json, fields


def parse_instruments(text: str | bytes, pairs: Iterable[str]) -> dict[str, Instrument]:
    """Read an answer of ``exchangeInfo``: what orders of `pairs` are rounded to, of those that it lists."""
    return {pair: _instrument(pair, entry) for pair, entry in _listed(text, pairs).items()}


def parse_order_types(text: str | bytes, pairs: Iterable[str]) -> dict[str, frozenset[str]]:
    """Read an answer of ``exchangeInfo``: the types of orders that are taken of `pairs`, of those that it lists."""
    found = {}
    for pair, entry in _listed(text, pairs).items():
        types = entry.get("orderTypes")
        if not isinstance(types, list):
            raise BadInputError(f"{entry['symbol']}.orderTypes", "a list of types of orders", types)
        found[pair] = frozenset(str(each) for each in types)
    return found


def parse_most_stops(text: str | bytes, pairs: Iterable[str]) -> dict[str, int]:
    """Read an answer of ``exchangeInfo``: how many stops of a pair one account may have, where that is limited."""
    found = {}
    for pair, entry in _listed(text, pairs).items():
        for each in entry.get("filters") or []:
            if isinstance(each, dict) and each.get("filterType") == "MAX_NUM_ALGO_ORDERS":
                most = each.get("maxNumAlgoOrders")
                if isinstance(most, bool) or not isinstance(most, int):
                    raise BadInputError(f"{entry['symbol']}.MAX_NUM_ALGO_ORDERS", "a whole number", most)
                found[pair] = most
    return found


def _listed(text: str | bytes, pairs: Iterable[str]) -> dict[str, dict[str, Any]]:
    answer = exact_json.loads(text)
    symbols = answer.get("symbols") if isinstance(answer, dict) else None
    if not isinstance(symbols, list):
        raise BadInputError("symbols", "a list of symbols", symbols)
    listed = {entry.get("symbol"): entry for entry in symbols if isinstance(entry, dict)}
    names = {pair: pair.replace("/", "") for pair in sorted(set(pairs))}
    return {pair: listed[name] for pair, name in names.items() if name in listed}


def _instrument(pair: str, entry: dict[str, Any]) -> Instrument:
    given = entry.get("filters")
    filters = (
        {each.get("filterType"): each for each in given if isinstance(each, dict)} if isinstance(given, list) else {}
    )

    def number(kind: str, name: str) -> Decimal:
        return Decimal(fields.positive_number(filters.get(kind, {}).get(name), f"{entry['symbol']}.{kind}.{name}"))

    return Instrument(
        exchange="binance",
        pair=pair,
        tick=number("PRICE_FILTER", "tickSize"),
        lot=number("LOT_SIZE", "stepSize"),
        minimum_quantity=number("LOT_SIZE", "minQty"),
        minimum_cost=number("NOTIONAL" if "NOTIONAL" in filters else "MIN_NOTIONAL", "minNotional"),
    )
