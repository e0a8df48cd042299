# /// script
# requires-python = ">=3.11"
# dependencies = ["nautilus-trader==1.221.0", "numpy>=2"]
# ///
"""The peer: NautilusTrader's BacktestEngine on the same bars, in an environment of its own.

``nautilus_engine.py BARS.npz FAST SLOW FEE ROUNDS`` prints a JSON object: CPU seconds of each round, and what was
filled in the last: the bar whose close decided, and the side.
"""

from __future__ import annotations

import json
import sys
import time
from decimal import Decimal
from typing import Any

import numpy as np
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, RiskEngineConfig
from nautilus_trader.indicators import SimpleMovingAverage
from nautilus_trader.model.currencies import BTC, USD
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

_NS_PER_MS = 1_000_000
_MINUTE_MS = 60_000
_VENUE = Venue("SIM")


class Cross(Strategy):
    """Long while the fast mean is above the slow one, with 95 % of the equity."""

    def __init__(self, instrument: CurrencyPair, bar_type: BarType, fast: int, slow: int) -> None:
        super().__init__()
        self._instrument, self._bar_type = instrument, bar_type
        self._fast, self._slow = SimpleMovingAverage(fast), SimpleMovingAverage(slow)
        self._held: Quantity | None = None
        self.fills: list[tuple[int, str]] = []

    def on_start(self) -> None:
        self.register_indicator_for_bars(self._bar_type, self._fast)
        self.register_indicator_for_bars(self._bar_type, self._slow)
        self.subscribe_bars(self._bar_type)

    def on_bar(self, bar: Bar) -> None:
        if not self._slow.initialized:
            return
        up = self._fast.value > self._slow.value
        if up and self._held is None:
            equity = float(self.portfolio.account(_VENUE).balance_total(USD).as_double())
            self._held = self._instrument.make_qty(0.95 * equity / float(bar.close), round_down=True)
            self._order(OrderSide.BUY, self._held)
        elif not up and self._held is not None:
            self._order(OrderSide.SELL, self._held)
            self._held = None

    def _order(self, side: OrderSide, quantity: Quantity) -> None:
        self.submit_order(self.order_factory.market(self._instrument.id, side, quantity))

    def on_order_filled(self, event: Any) -> None:
        self.fills.append((event.ts_event // _NS_PER_MS, "buy" if event.order_side == OrderSide.BUY else "sell"))


def instrument_of(fee: float) -> CurrencyPair:
    return CurrencyPair(
        instrument_id=InstrumentId(Symbol("BTC/USD"), _VENUE),
        raw_symbol=Symbol("BTC/USD"),
        base_currency=BTC,
        quote_currency=USD,
        price_precision=2,
        size_precision=8,
        price_increment=Price(0.01, 2),
        size_increment=Quantity(1e-8, 8),
        ts_event=0,
        ts_init=0,
        maker_fee=Decimal(str(fee)),
        taker_fee=Decimal(str(fee)),
        margin_init=Decimal(0),
        margin_maint=Decimal(0),
    )


def run(path: str, fast: int, slow: int, fee: float) -> tuple[float, list[tuple[int, str]]]:
    """Return CPU seconds of the engine's run, and its fills; to make its bars is not counted."""
    given = np.load(path)
    config = BacktestEngineConfig(
        logging=LoggingConfig(bypass_logging=True), risk_engine=RiskEngineConfig(bypass=False), run_analysis=False
    )
    engine = BacktestEngine(config=config)
    engine.add_venue(
        _VENUE,
        oms_type=OmsType.NETTING,
        account_type=AccountType.CASH,
        base_currency=None,
        starting_balances=[Money(1_000_000_000, USD), Money(0, BTC)],
    )
    instrument = instrument_of(fee)
    engine.add_instrument(instrument)
    bar_type = BarType.from_str("BTC/USD.SIM-1-MINUTE-LAST-EXTERNAL")
    columns = [given[name].tolist() for name in ("starts_ms", "open", "high", "low", "close", "volume")]
    engine.add_data(
        [
            Bar(
                bar_type,
                *(Price(value, 2) for value in prices),
                Quantity(volume, 8),
                (start + _MINUTE_MS) * _NS_PER_MS,
                (start + _MINUTE_MS) * _NS_PER_MS,
            )
            for start, *prices, volume in zip(*columns, strict=True)
        ]
    )
    strategy = Cross(instrument, bar_type, fast, slow)
    engine.add_strategy(strategy)
    began = time.process_time()
    engine.run()
    took = time.process_time() - began
    fills = list(strategy.fills)
    engine.dispose()
    return took, fills


def main() -> None:
    path, fast, slow, fee = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    for line in sys.stdin:  # a round each, in turn with the others
        seconds, fills = run(path, fast, slow, fee)
        print(json.dumps({"round": line.strip(), "seconds": seconds, "fills": fills}), flush=True)


if __name__ == "__main__":
    main()
