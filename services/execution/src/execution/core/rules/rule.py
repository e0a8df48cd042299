"""What a risk rule is: what it is shown, what it answers, and its entry in the registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from decimal import Decimal
from typing import Literal, cast

from contracts.account import Account
from contracts.fill import Fill
from contracts.instrument import Instrument
from contracts.operator_command import OperatorCommand
from contracts.order import Order
from contracts.owner import Owner
from contracts.risk_rules import RiskRule
from contracts.units import decimal_string
from contracts.values import dataclass
from contracts.wakes import ALWAYS, NEVER, Wakes
from execution.core.account.today import Today

Severity = Literal["INFO", "WARNING", "CRITICAL"]
#: From which share of a limit on each is raised; a breach is beyond all of it.
SHARES: Mapping[Severity, Decimal] = {"INFO": Decimal("0.5"), "WARNING": Decimal("0.8"), "CRITICAL": Decimal(1)}
SEVERITIES: tuple[Severity, ...] = tuple(SHARES)
_LEAST_SHARE = min(SHARES.values())
PERCENT = Decimal("0.01")


def of_owner(code: str) -> RiskRule:
    """Return what a limit of accounts is called where it holds over all accounts of an owner.

    Examples
    --------
    >>> of_owner("DAILY_LOSS")
    'OWNER_DAILY_LOSS'
    """
    return cast(RiskRule, f"OWNER_{code}")


@dataclass(frozen=True, slots=True)
class Limit:
    """The field of an account that a rule compares with, percent; `make schemas` gives it to `contracts.Account`."""

    field: str
    default_pct: int
    description: str


@dataclass(frozen=True, slots=True)
class Option:
    """Another field of an account that a rule goes by, as `make schemas` writes it to `contracts.Account`.

    `annotation`, `default` and `bounds` are Python, such as ``int``, ``5`` and ``ge=0``.
    """

    field: str
    annotation: str
    default: str
    description: str
    bounds: str = ""


@dataclass(frozen=True, slots=True)
class RiskViolation:
    """What a rule found. `reason` becomes the trading state or the order's reason."""

    reason: str
    severity: Severity
    value: Decimal
    limit: Decimal
    message: str


@dataclass(frozen=True, slots=True)
class AccountHealth:
    """What loss limits look at: an account, or all accounts of an owner. `equity` is taken at the policy's risk mark.

    `day_start_balance` is what the day's loss is counted from, `highest_equity` the highest at closes so far,
    `highest_day_start` the highest that a day has begun with.
    """

    account: Account | Owner
    initial_balance: Decimal
    day_start_balance: Decimal
    equity: Decimal
    highest_equity: Decimal = Decimal(0)
    highest_day_start: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class LossRule:
    """A limit on what an account may lose, percent of its initial balance; checked once a minute.

    Word at half of the limit, a warning near it, a breach beyond it: the account then stops trading. How much of each
    limit is used is a metric, `tradestream_account_limit_used_ratio`, and an alert of Prometheus.

    Parameters
    ----------
    code
        Of its risk alerts.
    state
        The account's trading state while the limit is broken.
    is_final
        Whether that is for good; otherwise it is until the next trading day.
    loss
        What is lost in its sense, quote currency.
    on_breach
        The choice that an account has in this: ``day`` or ``end``.
    option
        Another field of the account that it goes by.
    moves_from
        From which equity at a close on the floor itself rises; None where it does not.
    act_at
        Of an account that stops, for the day, before the limit is broken: the field with the percent of it.
    equity_at
        At which equity so much is lost, the rest being as it is; what does not say it keeps a backtest awake.
    """

    code: RiskRule
    state: str
    is_final: bool
    limit: Limit
    loss: Callable[[AccountHealth], Decimal]
    equity_at: Callable[[AccountHealth, Decimal], Decimal] | None = None
    on_breach: Option | None = None
    option: Option | None = None
    moves_from: Callable[[AccountHealth], Decimal | None] | None = None
    act_at: Option | None = None

    @property
    def near_state(self) -> str:
        """The account's trading state, until the next trading day, once it has stopped before a breach."""
        return f"{self.state}_NEAR"

    def ends(self, account: Account | Owner) -> bool:
        """Return whether a breach is the end of `account`."""
        return self.is_final or (self.on_breach is not None and getattr(account, self.on_breach.field) == "end")

    def limit_quote(self, health: AccountHealth) -> Decimal:
        """Return how much may be lost."""
        limit_pct: Decimal = getattr(health.account, self.limit.field)
        return health.initial_balance * limit_pct * PERCENT

    def used_share(self, health: AccountHealth) -> float:
        """Return which share of the limit is lost, 0 after a profit."""
        return float(max(self.loss(health), Decimal(0)) / self.limit_quote(health))

    def check(self, health: AccountHealth) -> RiskViolation | None:
        """Return a breach if the loss exceeds the limit, else what `SHARES` says of so much of it, else nothing.

        A loss equal to the limit is no breach: equity must not drop *below* the floor.
        """
        loss, limit = self.loss(health), self.limit_quote(health)
        if loss < limit * _LEAST_SHARE:
            return None
        reached = [severity for severity, share in SHARES.items() if loss >= limit * share]
        most = f"{decimal_string(limit)} {health.account.currency}"
        message = f"{self.state}: lost {decimal_string(loss)} of at most {most}"
        severity = "WARNING" if reached[-1] == "CRITICAL" and loss == limit else reached[-1]
        return RiskViolation(self.state, severity, loss, limit, message)

    def acts_from(self, account: Account | Owner) -> Decimal | None:
        """Return from which share of the limit on the account stops before a breach; None if it does not."""
        percent: Decimal | None = None if self.act_at is None else getattr(account, self.act_at.field)
        return None if percent is None else percent * PERCENT

    def is_near(self, health: AccountHealth) -> bool:
        """Return whether the account stops although the limit is not broken."""
        share = self.acts_from(health.account)
        return share is not None and self.loss(health) >= self.limit_quote(health) * share

    def wakes(self, health: AccountHealth, trading_state: str, *, told: Severity | None) -> Wakes:
        """Return from which equity on `check` has something new to say, if it has said `told` this day at most."""
        if self.equity_at is None:
            return ALWAYS
        if trading_state == self.state:
            return NEVER  # until what is held is sold, which wakes by itself
        next_to_tell = SEVERITIES[min(0 if told is None else SEVERITIES.index(told) + 1, len(SEVERITIES) - 1)]
        share, acts_from = SHARES[next_to_tell], self.acts_from(health.account)
        if acts_from is not None and trading_state != self.near_state:
            share = min(share, acts_from)
        level = self.equity_at(health, self.limit_quote(health) * share)
        return Wakes(
            equity_at_most=level, equity_at_least=None if self.moves_from is None else self.moves_from(health)
        )


@dataclass(frozen=True, slots=True)
class OfOwner:
    """What all accounts of an owner are worth together, and what the others hold and are buying."""

    owner: Owner
    equity: Decimal
    invested_elsewhere: Decimal


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order before it is sent, `quantity` in whole lots. `cost_quote` includes the expected slippage and fee.

    `bars_since_fill` counts the bars that have ended since the pair's last fill, that of the fill included.
    `open_pairs` are others that something is held of or being bought of, `today` what the day has brought so far,
    `entries_in_hour` how many buys were sent in the last hour. `invested` is by pair what is held or being bought.
    `is_short` says that it sells what is not held. `of_owner` is there where the account is one of somebody's.
    """

    account: Account
    pair: str
    instrument: Instrument
    trading_state: str
    equity: Decimal
    quantity: Decimal
    price: Decimal
    cost_quote: Decimal
    available_cash: Decimal
    initial_balance: Decimal = Decimal(0)
    bars_since_fill: int | None = None
    open_pairs: int = 0
    today: Today = field(default_factory=Today)
    is_short: bool = False
    entries_in_hour: int = 0
    invested: Mapping[str, Decimal] = field(default_factory=dict)
    operator_state: str = "ACTIVE"
    owner_state: str = "ACTIVE"
    of_owner: OfOwner | None = None

    @property
    def value_quote(self) -> Decimal:
        """What it is worth at the last close."""
        return self.quantity * self.price


@dataclass(frozen=True, slots=True)
class OrderRule:
    """A rule that is checked before an order is sent; a violation denies the order. What orders wakes a backtest.

    Parameters
    ----------
    code
        Of its risk alerts; None where what it follows from was reported before, or the order's reason says it all.
    place
        Rules are checked in this order, the first violation counts.
    exits_too
        Whether it holds for orders that close a position: what keeps an account from risk must not keep it in one.
    option
        A field of the account that it goes by, where that is no percentage.
    owner_option
        A field of the account's owner that it goes by.
    stands
        On which bars its answer to the same wish may be another one, as long as nothing happens to the account and
        its day does not end; None: on any. A rule without it keeps awake an account that is denied again and again.
    """

    code: RiskRule | None
    place: int
    check: Callable[[OrderRequest], RiskViolation | None]
    limit: Limit | None = None
    exits_too: bool = False
    option: Option | None = None
    owner_option: Option | None = None
    stands: Callable[[OrderRequest], Wakes | None] | None = None


def by_state(_request: OrderRequest) -> Wakes | None:
    """Of a rule that goes by what an account has done and is allowed: that changes while it is awake alone."""
    return NEVER


def by_time(request: OrderRequest, check: Callable[[OrderRequest], RiskViolation | None]) -> Wakes | None:
    """Of a rule that time alone appeases: once it is silent it stays so."""
    return NEVER if check(request) is None else None


def is_plain(account: Account) -> bool:
    """Return whether the worth of an entry is a percentage of equity, and its cost follows from that."""
    return account.sizing == "percent" and account.entry_order == "market"


@dataclass(frozen=True, slots=True)
class PairView:
    """A pair in which money stands, or that was not waited for, at the end of a minute.

    `marked_at_ms` is the end of the candle that its last known price is of, None before the first. `is_traded` says
    whether the pair is among the account's.
    """

    pair: str
    window_start_ms: int
    window_end_ms: int
    has_complete_candle: bool
    marked_at_ms: int | None
    is_traded: bool = True


@dataclass(frozen=True, slots=True)
class PairRule:
    """A rule that is checked once a minute for such pairs; a violation is reported once, until it has gone.

    `wakes` says of a pair when that may be; a rule without it keeps a backtest awake while money stands in a pair.
    """

    code: RiskRule
    check: Callable[[PairView], RiskViolation | None]
    wakes: Callable[[str], Wakes] | None = None


def never(_pair: str) -> Wakes:
    """Of a rule that speaks of what a change of settings has left behind: within a backtest there is none."""
    return NEVER


@dataclass(frozen=True, slots=True)
class FillRule:
    """A rule that is checked for each fill, against its order before it; the fill is booked in any case."""

    code: RiskRule
    check: Callable[[Order, Fill], RiskViolation | None]


@dataclass(frozen=True, slots=True)
class CommandRule:
    """A rule that is checked for each command of an operator, which is obeyed in any case."""

    code: RiskRule
    check: Callable[[OperatorCommand], RiskViolation | None]


Rule = LossRule | OrderRule | PairRule | FillRule | CommandRule
