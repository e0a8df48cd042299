"""Golden results on recorded bars, to the cent; the first trades by hand."""

from __future__ import annotations

import hashlib
from decimal import Decimal as D
from functools import cache
from pathlib import Path

import pytest
from tests.support.workspace import ROOT

from backtest.bar_files import bars_of_files
from backtest.books import curve_of, exact_books
from backtest.engine import Outcome
from backtest.plan import Terms, outcomes_of
from backtest.strategies_of import chosen
from contracts.account import Account
from contracts.fill import Fill
from exchanges.paper import PaperBroker
from execution.core.policy import Policy

BARS = ROOT / "tests/data/bars"
FOUR_HOURS = BARS / "ta4j_coinbase_BTC-USD_4h_20160518-20251028.csv.gz"
MINUTES = BARS / "lean_binance_btcbusd_minute_20221213-20221213.csv.gz"
CROSS = """
from strategies import Expression, Strategy, above, between, close, mean

class SmaCross(Strategy):
    fast: int = between(5, 60, default=20)
    slow: int = between(50, 200, default=50)

    def target(self) -> Expression:
        return above(mean(close, self.fast), mean(close, self.slow))
"""


@pytest.fixture(scope="module")
def cross(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("strategy") / "sma_cross.py"
    path.write_text(CROSS, encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def bracket(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same, out of a position at 2 % below or 3 % above its price."""
    path = tmp_path_factory.mktemp("strategy") / "sma_bracket.py"
    exits = "    exits = Exits(stop_pct=2, target_pct=3)\n\n    def target"
    path.write_text(
        CROSS.replace("import Expr", "import Exits, Expr").replace("    def target", exits), encoding="utf-8"
    )
    return str(path)


@cache
def traded(strategy: str, path: Path, pair: str, limits_pct: tuple[int, int] = (5, 10)) -> tuple[Outcome, list[Fill]]:
    history = bars_of_files([path], "kraken", [pair])
    account = Account(
        name="golden",
        pairs=(pair,),
        strategy=strategy,
        initial_balance_quote=D(10_000),
        position_pct=D(95),
        max_position_pct=D(95),
        max_daily_loss_pct=D(limits_pct[0]),
        max_total_loss_pct=D(limits_pct[1]),
        cooldown_bars=0,
    )
    terms = Terms(PaperBroker(slippage_bps=D(2), fee_bps=D(40)), Policy())
    [outcome] = outcomes_of(history, [chosen(account)], terms)
    return outcome, [message for message in outcome.messages if isinstance(message, Fill)]


def digest(fills: list[Fill]) -> str:
    """Return a hash of what was traded when at which price."""
    rows = [f"{each.filled_at_ms} {each.side} {each.quantity} {each.price} {each.fee_quote}" for each in fills]
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16]


GOLDEN = {
    FOUR_HOURS: ("BTC/USD", (1273, "220919.29077619", "26661.66", "8c575f1cd309961f")),  # pragma: allowlist secret
    MINUTES: ("BTC/BUSD", (14, "519.0170413", "9445.09", "95911833ec82aeb1")),  # pragma: allowlist secret
}


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.name.split("_2")[0])
def test_golden(path: Path, cross: str) -> None:
    pair, expected = GOLDEN[path]
    outcome, fills = traded(cross, path, pair)
    books = exact_books(outcome)
    found = (len(fills), books["fees_quote"][-1], f"{float(books['equity'][-1]):.2f}", digest(fills))
    assert found == expected
    assert curve_of(outcome).equity[-1] == pytest.approx(float(books["equity"][-1]), rel=1e-12)


def test_the_first_three_trades_by_hand(cross: str) -> None:
    """Decided at a close, filled at the next open: 2 bps worse, for 40 bps of what changes hands."""
    _, fills = traded(cross, FOUR_HOURS, "BTC/USD")
    money = D(10_000)
    by_hand = [
        # decided at the close, next open, close of the sale's decision, its open
        ("451.99", "451.99", "674.71"),
        ("673.49", "673.5", "676.99"),
        ("692.11", "692.59", "657.26"),
    ]
    for number, (close, opened, left_at) in enumerate(by_hand):
        buy, sell = fills[2 * number : 2 * number + 2]
        quantity = (money * D("0.95") / D(close)).quantize(D("1e-8"), "ROUND_DOWN")
        paid, got = D(opened) * D("1.0002"), D(left_at) * D("0.9998")
        fees = [(quantity * price * D("0.004")).quantize(D("1e-8"), "ROUND_HALF_EVEN") for price in (paid, got)]
        assert (buy.side, D(buy.quantity), D(buy.price), D(buy.fee_quote)) == ("buy", quantity, paid, fees[0])
        assert (sell.side, D(sell.quantity), D(sell.price), D(sell.fee_quote)) == ("sell", quantity, got, fees[1])
        money += quantity * (got - paid) - sum(fees)
        assert D(sell.realised_pnl_quote) == quantity * (got - paid)
    assert f"{money:.2f}" == "13718.75"


def test_golden_of_a_bracket(bracket: str) -> None:
    """It loses until its limit ends it: 2 % are less than a bar of four hours often moves."""
    outcome, fills = traded(bracket, FOUR_HOURS, "BTC/USD", (90, 90))
    books = exact_books(outcome)
    found = (len(fills), books["fees_quote"][-1], f"{float(books['equity'][-1]):.2f}", digest(fills))
    assert found == (818, "12233.48399574", "998.64", "7b516e2e4c9605ab")  # pragma: allowlist secret
    cash = D(10_000)  # the same from the fills alone: nothing is held at the end
    for each in fills:
        cash -= (1 if each.side == "buy" else -1) * D(each.quantity) * D(each.price) + D(each.fee_quote)
    assert f"{cash:.2f}" == "998.64"


def test_the_first_three_trades_of_a_bracket_by_hand(bracket: str) -> None:
    """Two targets, filled as a maker at 3 % above what was paid, and a stop, 2 bps worse than 2 % below."""
    _, fills = traded(bracket, FOUR_HOURS, "BTC/USD", (90, 90))
    money = D(10_000)
    by_hand = [
        # decided at the close, next open, how it ended
        ("451.99", "451.99", "target"),
        ("466.5", "466.26", "target"),
        ("489.77", "489.97", "stop"),  # in the bar that it was bought in, whose low is 472.08
    ]
    for number, (close, opened, end) in enumerate(by_hand):
        buy, sell = fills[2 * number : 2 * number + 2]
        quantity = (money * D("0.95") / D(close)).quantize(D("1e-8"), "ROUND_DOWN")
        paid = D(opened) * D("1.0002")
        level = (paid * (D("1.03") if end == "target" else D("0.98"))).quantize(D("1e-8"), "ROUND_UP")
        got, share = (level, D("0.0025")) if end == "target" else (level * D("0.9998"), D("0.004"))
        fees = [
            (quantity * price * of_it).quantize(D("1e-8"), "ROUND_HALF_EVEN")
            for price, of_it in ((paid, D("0.004")), (got, share))
        ]
        assert (buy.side, D(buy.quantity), D(buy.price), D(buy.fee_quote)) == ("buy", quantity, paid, fees[0])
        assert (sell.side, D(sell.quantity), D(sell.price), D(sell.fee_quote)) == ("sell", quantity, got, fees[1])
        money += quantity * (got - paid) - sum(fees)
