"""`tradestream explain`: a fill, and all that it follows from, down to the trades."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from contracts.counted import counted
from contracts.errors import BadInputError
from contracts.timestamps import iso_utc_ms
from contracts.units import decimal_string
from embedded.terminal.rows import print_rows
from featurestore import open_store
from featurestore.explained import Explained, SeenCandle, explain
from results.run_folder import RunFolder

_STORE = "store.sqlite"


def explained(fill_id: str | None, run: Path, store: str | None) -> Explained:
    """Return why there is a fill, from a run's store or the one at an address.

    Raises
    ------
    BadInputError
        If there is no such store or no such fill.
    """
    with open_store(_address(run) if store is None else store) as opened:
        return explain(opened, fill_id)


def print_explained(found: Explained, console: Console, trades: int) -> None:
    """Print a fill's way, and the last trades of the candle that was decided on, at most so many."""
    for heading, words in _lines(found):
        console.print(Text(f"{heading:<13}{words}"), soft_wrap=True)
    seen = found.decided_on
    if seen is not None and seen.trades and trades:
        last = [{**each, "time": iso_utc_ms(each["timestamp_us"] // 1_000)} for each in seen.trades[-trades:]]
        console.print(Text(f"\nThe last {len(last)} of {counted(len(seen.trades), 'trade')} decided on"))
        columns = {"trade_id": "trade", "time": "time", "price": "price", "quantity": "quantity", "side": "side"}
        # An id is a name, not an amount.
        print_rows(console, [{**each, "trade_id": str(each["trade_id"])} for each in last], columns)


def _address(run: Path) -> str:
    """Return where a run keeps its store: a demo among its works, a longer one beside its log."""
    places = [RunFolder(run).work / _STORE, run / _STORE]
    for place in places:
        if place.is_file():
            return f"sqlite:///{place}"
    raise BadInputError("--run", f"a run's folder with {places[0]} or {places[1]} (make demo leaves one)", str(run))


def _lines(found: Explained) -> Iterator[tuple[str, str]]:
    fill, order, signal, said, row = found.fill, found.order, found.signal, found.prediction, found.row
    verb = "bought" if fill["side"] == "buy" else "sold"
    costs = f"fee {fill['fee_quote']}, realised {fill['realised_pnl_quote']}"
    yield (
        "Fill",
        f"{fill['fill_id']}: {fill['account']} {verb} {fill['quantity']} {fill['pair']} at {fill['price']}, {costs}",
    )
    if order is not None:
        bound = f", bound by {order['size_bound']}" if order["size_bound"] else ""
        decided = iso_utc_ms(order["decided_at_ms"])
        yield (
            "Order",
            f"{order['order_id']}: {order['order_type']}, {order['purpose']}, "
            f"of {order['quantity']}{bound}, {decided}",
        )
    if signal is not None:
        yield (
            "Signal",
            f"{signal['message_id']}: {signal['decision']}, {signal['reason']}, target {signal['target']}, "
            f"{signal['strategy']} {signal['strategy_hash']}",
        )
    if said is not None:
        model = f"{said['model_name']} v{said['model_version']}"
        yield "Prediction", f"{said['message_id']}: {model}, P(up) {said['probability_up']}"
    if row is not None:
        yield "Feature row", f"{row['message_id']}: {row['feature_set']}"
    yield from ((name, _of_candle(seen)) for name, seen in _candles(found).items() if seen is not None)
    if found.missing:
        yield "Missing", ", ".join(found.missing)


def _candles(found: Explained) -> Mapping[str, SeenCandle | None]:
    return {"Decided on": found.decided_on, "Filled in": found.filled_in}


def _of_candle(seen: SeenCandle) -> str:
    candle: Mapping[str, Any] = seen.candle
    volume = sum((Decimal(each["quantity"]) for each in seen.trades), Decimal(0))
    prices = ", ".join(f"{name} {candle[name]}" for name in ("open", "high", "low", "close"))
    whole = f"{counted(len(seen.trades), 'trade')} {candle['first_trade_id']} to {candle['last_trade_id']}"
    if not seen.trades:
        whole = "no trades"
    return f"{candle['message_id']}: {prices}, {candle['quality']}, {whole}, {decimal_string(volume)} in all"
