"""What is said of a backtest beside its tables, counted as its stretches pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter

from backtest.engine import Outcome
from contracts.risk_alert import RiskAlert
from contracts.timestamps import iso_utc_ms
from execution.core.account.operator_state import ACTIVE


@dataclass
class Tally:
    """Of all accounts together.

    Attributes
    ----------
    bars, awake
        How many there were, each account's counted, and on how many of them the step ran.
    took_seconds
        To decide and trade.
    from_ms, until_ms
        When the first bar begins, and the last ends.
    """

    bars: int = 0
    awake: int = 0
    took_seconds: float = 0.0
    from_ms: int | None = None
    until_ms: int = 0
    _states: dict[str, str] = field(default_factory=dict)
    _breached_ms: dict[str, int] = field(default_factory=dict)

    def over(self, stretches: Iterable[Sequence[Outcome]]) -> Iterator[Sequence[Outcome]]:
        """Yield stretches, counted.

        Yields
        ------
        Sequence[Outcome]
            As they came.
        """
        began = perf_counter()
        for stretch in stretches:
            self.took_seconds += perf_counter() - began
            for outcome in stretch:
                self._add(outcome)
            yield stretch
            began = perf_counter()
        self.took_seconds += perf_counter() - began

    @property
    def stopped(self) -> list[str]:
        """Of each account that a limit has ended, or stopped on its last day, since when it has not traded."""
        notes = []
        for account, state in self._states.items():
            if state == ACTIVE:
                continue
            at_ms = self._breached_ms.get(account)
            since = "" if at_ms is None else f" at {iso_utc_ms(at_ms)}"
            notes.append(f"{account} came to its limit{since} ({state}) and did not buy again.")
        return notes

    def _add(self, outcome: Outcome) -> None:
        market, account = outcome.market, outcome.market.account.name
        self.bars += len(market) - market.first
        self.awake += len(outcome.awake)
        begins_ms = int(market.starts_ms[market.first])
        self.from_ms = begins_ms if self.from_ms is None else min(self.from_ms, begins_ms)
        self.until_ms = max(self.until_ms, market.end_ms(-1))
        self._states[account] = outcome.portfolio.trading_state
        breaches = [m.time_ms for m in outcome.messages if isinstance(m, RiskAlert) and m.severity == "CRITICAL"]
        if breaches:
            self._breached_ms[account] = breaches[-1]
