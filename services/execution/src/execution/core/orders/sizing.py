"""How much an entry buys: a function for each way of saying it, and the bounds that all but the plain one have.

With equity E, stop distance s and target distance t in percent, and the model's probability of a rise p:

    percent      E x position_pct
    fixed_risk   E x risk_pct / s: a stop that fills at its price loses risk_pct of equity
    kelly        E x kelly_fraction x (p - (1 - p) / b), b = t / s, 1 where one of them is not set
    confidence   E x position_pct x (2 c - 1), c the confidence: nothing at a coin's, all of it at certainty
    volatility   E x target_volatility_pct / v, v the pair's volatility a year in percent: what the position moves by

Source: Kelly, "A New Interpretation of Information Rate" (1956); Thorp, "The Kelly Criterion" (2006);
Carver, "Systematic Trading" (2015), chapter 9, volatility targeting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import ROUND_DOWN, Decimal

from contracts.account import Account, Sizing
from contracts.units import quantity_step
from contracts.values import dataclass
from execution.core.account.closes import Closes
from execution.core.orders.exit_plan import ExitPlan
from execution.core.rules.rule import PERCENT

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the size of an entry depends on.

    Attributes
    ----------
    equity, available_cash
        Quote currency.
    close, price
        The last price, and the one that is expected to be paid.
    cost_of
        What a quantity is expected to cost, slippage and fee included.
    plan
        When the position will end.
    probability_up, confidence
        The model's, where there is one.
    closes
        The pair's last ones, where the account remembers them.
    """

    account: Account
    equity: Decimal
    available_cash: Decimal
    close: Decimal
    price: Decimal
    cost_of: Callable[[Decimal], Decimal]
    plan: ExitPlan
    probability_up: Decimal | None
    confidence: Decimal | None
    closes: Closes


@dataclass(frozen=True, slots=True)
class Sized:
    """How much, in base currency, and what it was bound by."""

    quantity: Decimal
    bound: str


def size(asked: Asked) -> Sized:
    """Return what to buy; nothing where what is known gives no reason to.

    What is not `percent` is held within `max_position_pct` of equity and the cash there is: the least decides.
    """
    kind = asked.account.sizing
    money, bound = _KINDS[kind](asked)
    wanted = {bound: quantity_for(max(money, _ZERO), asked.close)}
    if kind != "percent":
        wanted["max_position_pct"] = quantity_for(
            asked.equity * asked.account.max_position_pct * PERCENT, asked.close
        )
        wanted["cash"] = _affordable(asked)
    least = min(wanted, key=lambda name: wanted[name])
    return Sized(wanted[least], least)


def quantity_for(quote: Decimal, price: Decimal) -> Decimal:
    """Return how much base currency `quote` buys at `price`, down to `contracts.units.quantity_decimals`."""
    return (quote / price).quantize(quantity_step(price), ROUND_DOWN)


def _affordable(asked: Asked) -> Decimal:
    """Return what the cash pays for. A fee is rounded, so it may be a step too much: then it is a step less."""
    cash = asked.available_cash
    if cash <= 0:
        return _ZERO
    quantity = quantity_for(cash * cash / asked.cost_of(cash / asked.price), asked.price)
    step = quantity_step(asked.price)
    return quantity if asked.cost_of(quantity) <= cash else max(quantity - step, _ZERO)


def _percent(asked: Asked) -> tuple[Decimal, str]:
    return asked.equity * asked.account.position_pct * PERCENT, "position_pct"


def _fixed_risk(asked: Asked) -> tuple[Decimal, str]:
    stop = _stop_distance(asked.plan)
    # Without a stop nobody knows what is at risk.
    return (_ZERO, "no_stop") if stop is None else (asked.equity * asked.account.risk_pct / stop, "risk_pct")


def _kelly(asked: Asked) -> tuple[Decimal, str]:
    rises, stop, target = asked.probability_up, _stop_distance(asked.plan), asked.plan.target_pct
    if rises is None:
        return _ZERO, "no_prediction"
    odds = Decimal(1) if stop is None or target is None else target / stop
    share = rises - (1 - rises) / odds
    return asked.equity * asked.account.kelly_fraction * share, "kelly"


def _confidence(asked: Asked) -> tuple[Decimal, str]:
    if asked.confidence is None:
        return _ZERO, "no_prediction"
    return _percent(asked)[0] * (2 * asked.confidence - 1), "confidence"


def _volatility(asked: Asked) -> tuple[Decimal, str]:
    account = asked.account
    a_year = asked.closes.volatility(account.volatility_bars)
    if a_year is None:
        return _ZERO, "no_volatility"
    return asked.equity * account.target_volatility_pct * PERCENT / a_year, "target_volatility_pct"


def _stop_distance(plan: ExitPlan) -> Decimal | None:
    """Return the nearer of stop and trailing stop: at the entry the latter is as far from its price."""
    distances = [percent for percent in (plan.stop_pct, plan.trailing_pct) if percent is not None]
    return min(distances, default=None)


_KINDS: Mapping[Sizing, Callable[[Asked], tuple[Decimal, str]]] = {
    "percent": _percent,
    "fixed_risk": _fixed_risk,
    "kelly": _kelly,
    "confidence": _confidence,
    "volatility": _volatility,
}
