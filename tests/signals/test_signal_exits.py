"""A strategy's exits travel on its signals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.signals.market_stream import prediction, row

from contracts.account import Account
from contracts.signal import Signal
from contracts.topics import PREDICTIONS, SIGNALS, TECHNICAL_INDICATORS
from signals.app import topology
from signals.settings import SignalsSettings
from streaming.testing import run_topology

FILE = '''
"""Follows the model, with a stop."""
from strategies import Exits, Strategy, above, between, predicted

class Stopped(Strategy):
    stop: float = between(1.0, 5.0, default=2.5)

    @property
    def exits(self):
        return Exits(stop_pct=self.stop, target_pct=4, maximum_bars=60)

    def target(self):
        return above(predicted("direction").probability_up, 0.5)
'''


def test_the_exits_of_a_strategy_stand_on_each_of_its_signals(tmp_path: Path) -> None:
    file = tmp_path / "stopped.py"
    file.write_text(FILE, encoding="utf-8")
    accounts = (
        Account(name="stopped", pairs=("BTC/USD",), strategy=str(file), parameters={"stop": 1.5}),
        Account(name="paper", pairs=("BTC/USD",)),
    )
    settings = SignalsSettings(accounts=accounts, store_url="off")
    inputs: dict[Any, list[Any]] = {TECHNICAL_INDICATORS: [row(0)], PREDICTIONS: [prediction(0)]}
    told = run_topology(topology, settings, "signals", inputs, [SIGNALS])["signals"]
    signals = [each for each in told if isinstance(each, Signal)]
    exits = {s.account: (s.stop_pct, s.target_pct, s.trailing_pct, s.maximum_bars) for s in signals}
    assert exits == {"stopped": (1.5, 4, None, 60), "paper": (None, None, None, None)}
