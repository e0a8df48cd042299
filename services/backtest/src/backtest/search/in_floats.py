"""A try in floats: which the kernel can make, what it came to there, and that the engine does the same.

What the kernel knows is what it is given: each field of an account, a broker and an exit plan is one that it reads,
one that decides nothing here, or has to be as it is by default. So an account that is told of anything else, of a
rule that is new too, goes to the engine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backtest.bars import GAP, Bars
from backtest.core.kernel import STATES, BarColumns, Passed, Plan, passed
from backtest.days import day_numbers
from backtest.engine import Outcome
from backtest.plan import Terms
from contracts.account import Account
from contracts.counted import counted
from contracts.errors import TradestreamError
from contracts.fill import Fill
from contracts.timestamps import iso_utc_ms
from contracts.units import BPS, MS_PER_SECOND
from exchanges.paper import PaperBroker
from execution.core.broker import Broker
from execution.core.policy import Policy
from strategies.exits import Exits

Floats = NDArray[np.float64]

#: Of an account: what the kernel reads.
READ = frozenset(
    {
        "initial_balance_quote",
        "position_pct",
        "max_position_pct",
        "max_daily_loss_pct",
        "max_total_loss_pct",
        "cooldown_bars",
        "collar_pct",
    }
)
#: What decides nothing where the rest is as the kernel wants it: who it is, what its targets come from, numbers of
#: other sizings and entries, of groups of pairs, and how many pairs may be held at once.
IDLE = frozenset(
    {
        "name",
        "pairs",
        "strategy",
        "parameters",
        "minimum_confidence",
        "risk_pct",
        "kelly_fraction",
        "target_volatility_pct",
        "volatility_bars",
        "entry_offset_bps",
        "entry_time_in_force",
        "max_correlated_pct",
        "max_open_positions",
    }
)
#: Of equity, relative: floats and decimals come to the same but for this.
SAME = 1e-9
#: What is said with every difference.
WAY_OUT = "Please report it; --on-engine makes every try on the engine"


class KernelDiffersError(TradestreamError):
    """The kernel and the engine trade otherwise: one of them is wrong, and what the search found is worth nothing."""


def refusal(account: Account, broker: Broker, expiry_seconds: int) -> str | None:
    """Return why the engine alone can make a try; None if the kernel can.

    Parameters
    ----------
    account
        With the numbers of the try.
    broker
        Whose costs and prices.
    expiry_seconds
        For how long an entry may wait.

    Returns
    -------
    str | None
        A few words.

    Examples
    --------
    >>> usual = Account(name="usual", pairs=("BTC/USD",))
    >>> refusal(usual, PaperBroker(), 300), refusal(usual.model_copy(update={"sizing": "kelly"}), PaperBroker(), 300)
    (None, 'sizing = kelly')
    """
    if len(account.pairs) > 1:
        return f"{counted(len(account.pairs), 'pair')} share its money"
    if type(broker) is not PaperBroker or broker.latency_bars:
        return "orders that arrive later" if isinstance(broker, PaperBroker) else type(broker).__name__
    if expiry_seconds <= 0:
        return "entries that never wait"
    for name, field in Account.model_fields.items():
        value = getattr(account, name)
        if name not in READ | IDLE and value != field.default:
            return f"{name} = {value}"
    return None


def plan_of(account: Account, exits: Mapping[str, Any], terms: Terms, bars: Bars) -> Plan:
    """Return how an account trades, for the kernel.

    Parameters
    ----------
    account
        One that `refusal` finds nothing about.
    exits
        As signals have them.
    terms
        Costs.
    bars
        Of its pair.

    Returns
    -------
    Plan
        In floats.
    """
    broker = terms.broker
    assert isinstance(broker, PaperBroker)  # which `refusal` asks for
    instrument = broker.instrument(bars.exchange, bars.pair)
    bar_ms = bars.interval_s * MS_PER_SECOND
    cash = float(account.initial_balance_quote)
    ends = Exits(**exits)
    taker = broker.fee_bps if instrument.taker_bps is None else instrument.taker_bps
    maker = broker.maker_fee_bps if instrument.maker_bps is None else instrument.maker_bps
    return Plan(
        cash=cash,
        position=_share(account.position_pct),
        largest=_share(account.max_position_pct),
        collar=math.inf if account.collar_pct is None else _share(account.collar_pct),
        daily_loss=cash * _share(account.max_daily_loss_pct),
        total_loss=cash * _share(account.max_total_loss_pct),
        stop=_share(ends.stop_pct or 0),
        target=_share(ends.target_pct or 0),
        trailing=_share(ends.trailing_pct or 0),
        maximum_bars=ends.maximum_bars or 0,
        slippage=float(broker.slippage_bps * BPS),
        taker=float(taker * BPS),
        maker=float(maker * BPS),
        tick=float(instrument.tick),
        lot=float(instrument.lot),
        least_quantity=float(instrument.minimum_quantity),
        least_cost=float(instrument.minimum_cost),
        cooldown_ms=account.cooldown_bars * bar_ms,
        expiry_ms=terms.expiry_seconds * MS_PER_SECOND,
        bar_ms=bar_ms,
    )


def bars_read(bars: Bars, broker: PaperBroker, policy: Policy) -> BarColumns:
    """Return what the kernel reads of bars.

    Returns
    -------
    BarColumns
        Of all tries the same.
    """
    given = bars.columns
    traded = bars.trade_counts > 0
    days = day_numbers(bars.starts_ms, policy.day_timezone)
    prices = {name: np.ascontiguousarray(given[name]) for name in ("open", "high", "low", "close")}
    return BarColumns(
        np.ascontiguousarray(bars.starts_ms),
        **prices,
        risk=prices["low" if policy.risk_mark == "low" else "close"],
        most=given["volume"] * _share(broker.maximum_volume_pct),
        traded=traded,
        honest=traded & (bars.qualities != GAP),
        new_day=np.diff(days, prepend=days[:1] - 1) != 0,
    )


def _share(percent: Decimal | float) -> float:
    return float(Decimal(str(percent)) * Decimal("0.01"))


@dataclass(frozen=True)
class InFloats:
    """What a try came to in the kernel.

    Attributes
    ----------
    bars
        That it traded.
    initial
        Money it began with.
    passed
        Of the kernel, which came to the end.
    """

    bars: Bars
    initial: float
    passed: Passed

    @property
    def curve(self) -> Floats:
        """Equity before the first bar and after each."""
        return np.concatenate([[self.initial], self.passed.equity])

    @property
    def ended(self) -> str:
        """The state of trading at the end."""
        return STATES[self.passed.state]

    @property
    def fills(self) -> list[tuple[int, str]]:
        """The bar of each fill, and its side."""
        bars, sides = self.passed.bars.tolist(), self.passed.sides.tolist()
        return [(bar, "buy" if side > 0 else "sell") for bar, side in zip(bars, sides, strict=True)]


def in_floats(columns: BarColumns, decision: NDArray[np.int8], plan: Plan, bars: Bars) -> InFloats | None:
    """Return what the kernel makes of a try; None where it does not know and the engine has to be asked.

    Returns
    -------
    InFloats | None
        Of all bars.
    """
    found = passed(columns, decision, plan)
    return None if found.gave_up_at >= 0 else InFloats(bars, plan.cash, found)


def require_same(who: str, found: InFloats, outcome: Outcome, equity: Floats) -> None:
    """Hold what the kernel said of a try against what the engine does.

    Parameters
    ----------
    who
        What the try is called.
    found
        Of the kernel.
    outcome, equity
        Of the engine, and its equity after each bar.

    Raises
    ------
    KernelDiffersError
        Naming the first bar that only one of both fills something on, or on which equity is another.
    """
    starts = found.bars.starts_ms
    fills = [each for each in outcome.messages if isinstance(each, Fill)]
    places = np.searchsorted(starts, [each.filled_at_ms for each in fills]).tolist()
    theirs = [(place, str(each.side)) for place, each in zip(places, fills, strict=True)]
    if theirs != found.fills:
        bar = min(place for place, _ in set(theirs) ^ set(found.fills)) if set(theirs) ^ set(found.fills) else 0
        raise KernelDiffersError(
            f"{who}: the kernel and the engine trade otherwise from bar {bar} ({iso_utc_ms(int(starts[bar]))}) on: "
            f"{_said(found.fills, bar)} in the kernel, {_said(theirs, bar)} on the engine. {WAY_OUT}"
        )
    apart = np.abs(found.passed.equity / equity - 1)
    if apart.max(initial=0) > SAME:
        bar = int(np.argmax(apart > SAME))
        raise KernelDiffersError(
            f"{who}: equity at bar {bar} ({iso_utc_ms(int(starts[bar]))}) is {found.passed.equity[bar]:.8f} in the "
            f"kernel, {equity[bar]:.8f} on the engine. {WAY_OUT}"
        )


def _said(fills: list[tuple[int, str]], bar: int) -> str:
    return " and ".join(side for place, side in fills if place == bar) or "nothing"
