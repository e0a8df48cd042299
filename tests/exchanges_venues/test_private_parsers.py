"""Private answers and messages of all venues, mutated: a clear error that names the field, never a wrong booking.

What is read of a message in which one value was replaced may differ from what was read before in nothing but what
that value says, and by no more than it says.
"""

from __future__ import annotations

import copy
import importlib
import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exchanges_binance import test_private_messages as of_binance
from tests.exchanges_coinbase import test_private_messages as of_coinbase
from tests.exchanges_kraken import test_private_messages as of_kraken

from contracts.errors import BadInputError
from exchanges.private.refusal import RefusedError
from exchanges.private.venues import PRIVATE_VENUES

#: Where each venue's private parsers stand.
MODULES: Mapping[str, tuple[str, str]] = {
    "kraken": ("private_messages", "executions_channel"),
    "coinbase": ("private_messages", "user_channel"),
    "binance": ("private_messages", "user_stream_messages"),
}
#: A key of a message -> what may follow from it. Of others nothing that is booked may.
SAYS: Mapping[str, frozenset[str]] = {
    key: frozenset(what.split())
    for keys, what in (
        ("ordertxid order_id orderId i", "venue_order_id"),
        ("exec_id entry_id id t", "execution_id"),
        ("cl_ord_id client_order_id clientOrderId c C", "client_order_id"),
        # A symbol names the pair, and at Binance the numbers of orders and executions are those of a symbol.
        ("symbol s", "pair venue_order_id execution_id"),
        ("pair product_id", "pair"),
        ("vol last_qty origQty size l base_size", "quantity"),
        ("qty", "quantity fee"),  # of an execution, or of its fee
        ("vol_exec executedQty filled_size cum_qty z cumulative_quantity", "filled"),
        ("price last_price L", "price"),
        ("fee commission n", "fee fee_in fee_elsewhere"),
        ("fees", "fee fee_in"),  # none: nothing was taken
        ("asset commissionAsset N", "fee fee_in fee_elsewhere"),
        ("type side S isBuyer", "side"),
        ("status order_status X", "status reason"),
        ("reason eR r reject_reason cancel_reason cancel_message", "reason"),
        ("maker isMaker m liquidity_ind liquidity_indicator", "liquidity"),
        ("time timestamp trade_time T", "at_ms opened_at_ms"),
        ("opentm created_time", "opened_at_ms"),
    )
    for key in keys.split()
}
NUMBERS = {"quantity", "filled", "price", "fee"}
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Parser:
    """A parser with a message of which it reads something."""

    parse: Callable[[str], Any]
    seed: Any


def _told(text: str) -> Any:
    return json.loads(text)


K, C, B = (importlib.import_module(f"exchanges.{v}.private_messages") for v in ("kraken", "coinbase", "binance"))
KS = importlib.import_module("exchanges.kraken.executions_channel")
CS = importlib.import_module("exchanges.coinbase.user_channel")
BS = importlib.import_module("exchanges.binance.user_stream_messages")


def answered(result: Any) -> Any:
    return {"error": [], "result": result}


PARSERS: Mapping[str, Parser] = {
    "kraken private_result": Parser(K.private_result, answered({"a": 1})),
    "kraken parse_add_order": Parser(K.parse_add_order, answered({"txid": ["OA"]})),
    "kraken parse_cancel_order": Parser(K.parse_cancel_order, answered({"count": 1})),
    "kraken parse_cancel_all_after": Parser(K.parse_cancel_all_after, answered({"triggerTime": "0"})),
    "kraken parse_open_orders": Parser(
        lambda text: K.parse_open_orders(text, of_kraken.NAMES), answered({"open": {"OA": of_kraken.ORDER}})
    ),
    "kraken parse_closed_orders": Parser(
        lambda text: K.parse_closed_orders(text, of_kraken.NAMES),
        answered({"closed": {"OA": {**of_kraken.ORDER, "status": "closed"}}, "count": 1}),
    ),
    "kraken parse_trades_history": Parser(
        lambda text: K.parse_trades_history(text, of_kraken.NAMES),
        answered({"trades": {"TA": of_kraken.TRADE}, "count": 1}),
    ),
    "kraken parse_balance": Parser(lambda text: K.parse_balance(text, of_kraken.ASSETS), answered({"ZUSD": "1.5"})),
    "kraken parse_websockets_token": Parser(K.parse_websockets_token, answered({"token": "abc", "expires": 900})),
    "kraken parse_executions": Parser(KS.parse_executions, _told(of_kraken.frame(of_kraken.RECORD))),
    "coinbase refused": Parser(C.refused, {"error": "NOT_FOUND", "message": "no", "error_details": ""}),
    "coinbase parse_new_order": Parser(
        C.parse_new_order,
        {"success": True, "success_response": {"order_id": "0000-1"}, "error_response": {"error": "NO"}},
    ),
    "coinbase parse_cancelled": Parser(
        lambda text: C.parse_cancelled(text, "1"), {"results": [{"success": True, "order_id": "1"}]}
    ),
    "coinbase parse_order": Parser(C.parse_order, {"order": of_coinbase.ORDER}),
    "coinbase parse_orders": Parser(C.parse_orders, _told(of_coinbase.orders(of_coinbase.ORDER, cursor="c"))),
    "coinbase parse_fills": Parser(C.parse_fills, _told(of_coinbase.fills(of_coinbase.FILL))),
    "coinbase parse_accounts": Parser(
        C.parse_accounts, {"accounts": [of_coinbase.ACCOUNT], "has_next": False, "cursor": "c"}
    ),
    "coinbase parse_fee_tier": Parser(
        C.parse_fee_tier, {"fee_tier": {"maker_fee_rate": "0.004", "taker_fee_rate": "0.006"}}
    ),
    "coinbase parse_user": Parser(CS.parse_user, _told(of_coinbase.user(of_coinbase.TOLD))),
    "binance refused": Parser(B.refused, {"code": -2010, "msg": "no"}),
    "binance parse_new_order": Parser(B.parse_new_order, {"symbol": "BTCUSDT", "orderId": 28}),
    "binance parse_order": Parser(lambda text: B.parse_order(text, of_binance.NAMES), of_binance.ORDER),
    "binance parse_orders": Parser(lambda text: B.parse_orders(text, of_binance.NAMES), [of_binance.ORDER]),
    "binance parse_my_trades": Parser(lambda text: B.parse_my_trades(text, of_binance.NAMES), [of_binance.TRADE]),
    "binance parse_balances": Parser(
        B.parse_balances, {"balances": [{"asset": "BTC", "free": "1.5", "locked": "0.5"}]}
    ),
    "binance parse_pays_elsewhere": Parser(
        B.parse_pays_elsewhere,
        {"discount": {"enabledForAccount": True, "enabledForSymbol": True, "discountAsset": "BNB"}},
    ),
    "binance parse_user_event": Parser(
        lambda text: BS.parse_user_event(text, of_binance.NAMES), _told(of_binance.event())
    ),
}
WORDS = (
    "",
    "0",
    "-1",
    "NaN",
    "1e400",
    "1e5",
    "0.5",
    "buy",
    "SELL",
    "closed",
    "FILLED",
    "CANCELED",
    "2026-03-02T10:00:00Z",
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.sampled_from(WORDS),
    st.text(max_size=12),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.sampled_from([[], {}, [[]], {"a": {}}, [1, "x"]]),
)


def paths(value: Any, here: Path = ()) -> Iterator[Path]:
    """Yield where each value of a message stands."""
    yield here
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield from paths(each, (*here, key))


def replaced(message: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    made = copy.deepcopy(message)
    of = made
    for key in path[:-1]:
        of = of[key]
    of[path[-1]] = value
    return made


def flat(value: Any, name: str = "", here: Path = ()) -> dict[tuple[Path, str], Any]:
    """Return every single thing that was read, by where it stands and what it is called."""
    if is_dataclass(value):
        parts = [(each.name, getattr(value, each.name)) for each in fields(value)]
    elif isinstance(value, Mapping):
        parts = [(str(key), each) for key, each in value.items()]
    elif isinstance(value, tuple | list):
        return {k: v for index, each in enumerate(value) for k, v in flat(each, name, (*here, index)).items()}
    else:
        return {(here, name): value}
    return {k: v for part, each in parts for k, v in flat(each, part, (*here, part)).items()}


def is_said(name: str, value: Any, leaf: Any) -> bool:
    """Say whether a number that was read is the one that stood there; JSON writes floats as they are."""
    if name not in NUMBERS:
        return True
    if value is None:
        return leaf is None
    try:
        return Decimal(value) in (Decimal(0), Decimal(json.dumps(leaf) if isinstance(leaf, float) else str(leaf)))
    except InvalidOperation:
        return value == 0


def check(parser: Parser, path: Path, leaf: Any) -> None:
    """Hold what is read of a mutated message against what is read of the message."""
    message = replaced(parser.seed, path, leaf)
    key = next((key for key in reversed(path) if isinstance(key, str)), "")
    is_leaf = not isinstance(value_at(parser.seed, path), dict | list)
    try:
        read = parser.parse(json.dumps(message))
    except RefusedError:
        return
    except BadInputError as error:
        assert error.field and error.expected
        assert not is_leaf or key.lower() in f"{error.field} {error.expected}".lower(), f"{error.field} for {path}"
        return
    before, after = flat(parser.parse(json.dumps(parser.seed))), flat(read)
    if not is_leaf:  # rows may be gone with what they stood in; what is left says what it said
        named = SAYS.get(key, frozenset())
        booked = {k: v for k, v in after.items() if k[1] in NUMBERS and k[1] not in named}
        assert all(before.get(place, value) == value for place, value in booked.items())
        return
    for place in before.keys() & after.keys():
        if before[place] != after[place] and place[1] in BOOKED:
            assert place[1] in SAYS.get(key, frozenset()), (
                f"{place} changed with {path}: {before[place]} to {after[place]}"
            )
            assert is_said(place[1], after[place], leaf), f"{place} is {after[place]} of {leaf!r}"


#: What an execution, an order and news of one consist of.
BOOKED = {
    "execution_id",
    "venue_order_id",
    "client_order_id",
    "pair",
    "side",
    "quantity",
    "price",
    "fee",
    "fee_in",
    "liquidity",
    "at_ms",
    "fee_elsewhere",
    "status",
    "filled",
    "reason",
    "opened_at_ms",
}


#: What stands in other places of messages, so that it is often taken.
LIKELY = (
    *WORDS,
    None,
    True,
    False,
    0,
    1,
    7,
    -1,
    0.5,
    1772445600.5,
    1_790_000_000_999,
    "7.5",
    "OB",
    "BTC-USD",
    "ETH-USD",
    "BTC/USD",
    "BTCUSDT",
)


def value_at(message: Any, path: Path) -> Any:
    for key in path:
        message = message[key]
    return message


@pytest.mark.parametrize("name", sorted(PARSERS))
@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_a_value_that_is_replaced_changes_nothing_else_or_is_named(name: str, data: st.DataObject) -> None:
    parser = PARSERS[name]
    path = data.draw(st.sampled_from(list(paths(parser.seed))))
    check(parser, path, data.draw(LEAVES))


@pytest.mark.parametrize("name", sorted(PARSERS))
def test_every_value_replaced_by_every_likely_one_changes_nothing_else_or_is_named(name: str) -> None:
    for path in paths(PARSERS[name].seed):
        for value in LIKELY:
            check(PARSERS[name], path, value)


@pytest.mark.parametrize("name", sorted(PARSERS))
@settings(max_examples=25, deadline=None, derandomize=True)
@given(data=st.data())
def test_text_that_is_broken_is_refused_or_read(name: str, data: st.DataObject) -> None:
    text = json.dumps(PARSERS[name].seed)
    at = data.draw(st.integers(0, len(text)))
    broken = text[:at] + data.draw(st.text(max_size=3)) + text[at + data.draw(st.integers(0, 3)) :]
    try:
        PARSERS[name].parse(broken)
    except BadInputError as error:
        assert error.field
    except RefusedError:
        pass


def test_every_private_parser_of_every_venue_is_fuzzed() -> None:
    found = {
        f"{venue} {name}"
        for venue, modules in MODULES.items()
        for module in modules
        for name, each in vars(importlib.import_module(f"exchanges.{venue}.{module}")).items()
        if inspect.isfunction(each)
        and each.__module__ == f"exchanges.{venue}.{module}"
        and re.fullmatch(r"parse_\w+|refused|private_result", name)
    }
    assert found == PARSERS.keys() and MODULES.keys() == PRIVATE_VENUES.keys()
