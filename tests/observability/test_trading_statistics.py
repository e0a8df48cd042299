"""Win rate, profit factor, costs and the rolling Sharpe ratio, by hand and as PostgreSQL computes them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from benchmarks.logs import CannotRunError
from benchmarks.postgres import running_postgres
from tests.observability.rule_files import PLATFORM
from tests.support.message_examples import example

from contracts.fill import Fill
from contracts.message import Message
from contracts.order import Order
from contracts.pnl import Pnl
from contracts.signal import Signal
from featurestore import open_store


@contextmanager
def stored(messages: list[Message]) -> Iterator[Any]:
    psycopg = pytest.importorskip("psycopg", reason="the extra featurestore[postgres] is not installed")
    try:
        with running_postgres() as url:
            with open_store(url) as writer:
                writer.write(messages)
            with psycopg.connect(url, autocommit=True) as store:
                yield store
    except CannotRunError as reason:
        pytest.skip(str(reason))


def fills() -> list[Message]:
    """Two gains of 30 and 10, a loss of 20, and an entry; each of 2 units, paid 0.5 off the reference."""
    said = {"account": "a", "quantity": "2", "reference_price": "100", "price": "100.5", "fee_quote": "0.25"}
    gains = {"1": "30", "2": "10", "3": "-20", "4": "0"}
    base = example(Fill).model_dump()
    return [
        Fill.model_validate({**base, **said, "fill_id": key, "realised_pnl_quote": of}) for key, of in gains.items()
    ]


def minutes(count: int) -> list[Message]:
    """An equity that gains 1 % and loses 0.5 % in turn."""
    equity = 10_000.0
    made: list[Message] = []
    for minute in range(count):
        if minute:
            equity *= 1.01 if minute % 2 else 0.995
        told = {"account": "a", "time_ms": minute * 60_000, "equity": f"{Decimal(f'{equity:.9f}').normalize():f}"}
        made.append(Pnl.model_validate({**example(Pnl).model_dump(), **told}))
    return made


def test_statistics_are_those_of_hand_arithmetic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PLATFORM / "grafana/source"))
    sql = import_module("statistics_sql")
    with stored([*fills(), *minutes(61)]) as store:
        [row] = store.execute(sql.of_fills("account", "account = 'a'")).fetchall()
        sharpe = store.execute(sql.rolling_sharpe("account = 'a'")).fetchall()
    account, count, closed, win_rate, factor, realised, fees, slippage, best, worst = row
    assert (account, count, closed) == ("a", 4, 3)
    assert float(win_rate) == pytest.approx(2 / 3)
    assert (factor, realised, fees) == (2, 20, 1)
    assert (slippage, best, worst) == (4, 30, -20)
    # Sixty returns, half of them 0.01, half -0.005: mean 0.0025, deviation 0.0075: a third, times the root of a year.
    assert [each for _, each, _ in sharpe[:60]] == [None] * 60
    assert sharpe[60][1] == pytest.approx(525_600**0.5 / 3, rel=1e-6)


def test_fills_of_market_orders_are_held_against_the_open_of_their_candle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bought for 100.5 and sold for 99.8 where the candle opened at 100: 50 and 20 basis points worse; no limit."""
    monkeypatch.syspath_prepend(str(PLATFORM / "grafana/source"))
    sql = import_module("statistics_sql")
    candle = {"account": "a", "exchange": "kraken", "pair": "BTC/USD", "window_start_ms": 60_000}
    signal = Signal.model_validate({**example(Signal).model_dump(), **candle, "mark_open": "100"})
    messages: list[Message] = [signal]
    for key, side, price, kind in (
        ("1", "buy", "100.5", "market"),
        ("2", "sell", "99.8", "market"),
        ("3", "sell", "90", "limit"),
    ):
        of = {"account": "a", "exchange": "kraken", "pair": "BTC/USD", "side": side, "order_id": key}
        fill = {
            **of,
            "fill_id": key,
            "price": price,
            "candle_window_start_ms": 60_000,
            "filled_at_ms": 60_000 + int(key),
        }
        messages.append(Fill.model_validate({**example(Fill).model_dump(), **fill}))
        asked = {"order_type": kind, "limit_price": "90" if kind == "limit" else None}
        order = {**example(Order).model_dump(), **of, **asked}
        messages += [Order.model_validate({**order, "step": step}) for step in (1, 2)]  # a store keeps the last one
    with stored(messages) as store:
        rows = store.execute(sql.against_open("account = 'a'", "s.account = 'a'")).fetchall()
    assert [account for *_, account in rows] == ["a", "a"]
    assert [float(bps) for _, bps, _ in rows] == pytest.approx([50, 20])
