"""An account: whose money, which pairs, how bold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import chain
from typing import Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from contracts.account_strategy import PREDICTION, AccountStrategy
from contracts.currency import default_balance, in_words, quote_currency
from contracts.order import TimeInForce
from contracts.risk_rules import RiskLimits
from contracts.units import Pair

#: What names of accounts and owners are made of.
NAME = r"^[A-Za-z0-9_-]+$"
Sizing = Literal["percent", "fixed_risk", "kelly", "confidence", "volatility"]


def _usual_balance(fields: dict[str, Any]) -> Decimal:
    """Return the balance of an account that was told none; without pairs another complaint is on its way."""
    return default_balance(quote_currency(fields["pairs"][0])) if fields.get("pairs") else Decimal(0)


class Account(RiskLimits):
    """An account as signals and execution are told of it (setting `TRADESTREAM_ACCOUNTS`, a JSON list).

    `pairs` are the pairs it trades, all quoted in one currency: that is the account's money. The size of a
    position and its limit are percent of live equity, the loss limits percent of the initial balance.

    Attributes
    ----------
    name
        Letters, digits, ``_`` and ``-``; it is the key of all that the account does.
    owner
        Whose it is, of somebody with limits over all his accounts (`contracts.owner`); None: it stands alone.
    broker
        Who executes its orders: ``paper``, an imagined venue, or ``venue``, a real one, whose reports come on
        `signals` in their own time.
    initial_balance_quote
        What it starts with, in quote currency; by default about 10,000 US dollars' worth.
    strategy, parameters
        What decides for it: the name of a strategy that comes along, or the path of a file; and its parameters.
    strategies
        What decides for some of its pairs instead, each pair once; the others follow `strategy`. `pairs` that are not
        named are those of these.
    minimum_confidence
        Predictions below it are no reason to trade, for the strategy ``prediction``.
    sizing, risk_pct, kelly_fraction, target_volatility_pct, volatility_bars
        How much it buys: percent of equity, or by the stop, the odds, the confidence or the pair's volatility, within
        its limits.
    entry_order, entry_offset_bps, entry_time_in_force, entry_post_only
        How it buys.
    collar_pct
        A buy at the market is refused where the price has risen by more since the decision; None: never.
    closing_pairs
        Pairs to be taken off it: they stay among `pairs` until nothing of them is held.
    max_daily_loss_pct, max_total_loss_pct
        What it may lose in a UTC day, and since its start.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, pattern=NAME)
    pairs: tuple[Pair, ...] = Field(min_length=1)
    owner: str | None = Field(
        default=None, min_length=1, pattern=NAME, description="whose it is, where limits hold over several accounts"
    )
    broker: Literal["paper", "venue"] = Field(
        default="paper", description="who executes its orders: an imagined venue, or a real one"
    )
    initial_balance_quote: Decimal = Field(default_factory=_usual_balance, gt=0)
    strategy: str = Field(default=PREDICTION, min_length=1, description="a strategy's name, or a path ending in .py")
    parameters: dict[str, int | float] = Field(default_factory=dict, description="of the strategy")
    strategies: tuple[AccountStrategy, ...] = Field(
        default=(), description="what decides for some of its pairs: strategy, pairs, parameters, minimum_confidence"
    )
    minimum_confidence: float = Field(default=0.55, ge=0.5, le=1)
    sizing: Sizing = Field(default="percent", description="how the size of an entry is found")
    risk_pct: Decimal = Field(
        default=Decimal(2), gt=0, le=100, description="of equity, lost at the stop of a position, for fixed_risk"
    )
    kelly_fraction: Decimal = Field(default=Decimal("0.5"), gt=0, le=1, description="of Kelly's share, for kelly")
    target_volatility_pct: Decimal = Field(
        default=Decimal(10),
        gt=0,
        le=1_000,
        description="of equity, what a position is to move by in a year, for volatility",
    )
    volatility_bars: int = Field(
        default=60, ge=10, le=500, description="bars that a pair's volatility is taken from, for volatility"
    )
    entry_order: Literal["market", "limit"] = Field(
        default="market", description="how it buys: at the next open, or for a price below the decision's"
    )
    entry_offset_bps: Decimal = Field(
        default=Decimal(0), ge=0, lt=10_000, description="how far a limit is below the decision's close"
    )
    entry_time_in_force: TimeInForce = Field(
        default="GTC", description="of a limit: until it is done or no longer wanted, or with the first trades only"
    )
    entry_post_only: bool = Field(default=False, description="of a limit: refused rather than filled at once")
    collar_pct: Decimal | None = Field(
        default=Decimal(5), gt=0, le=100, description="how much more than at the decision a buy may cost"
    )
    closing_pairs: tuple[Pair, ...] = Field(
        default=(),
        description="those of its pairs that it gives up: what is held of them is sold, nothing bought",
    )
    position_pct: Decimal = Field(default=Decimal(20), gt=0, le=100, description="size of a new position")

    @model_validator(mode="before")
    @classmethod
    def _with_the_pairs_of_its_strategies(cls, given: Any) -> Any:
        """Name the pairs where only strategies do."""
        tables = given.get("strategies") if isinstance(given, dict) and "pairs" not in given else None
        if not isinstance(tables, list | tuple) or not tables:
            return given
        pairs: list[Any] = []
        for pair in chain(*map(_pairs_named, tables)):
            pairs += [] if pair in pairs else [pair]
        return {**given, "pairs": tuple(pairs)}

    @field_validator("strategies")
    @classmethod
    def _one_for_each_pair(cls, strategies: tuple[AccountStrategy, ...]) -> tuple[AccountStrategy, ...]:
        pairs = [pair for each in strategies for pair in each.pairs]
        if doubled := sorted({pair for pair in pairs if pairs.count(pair) > 1}):
            named = ", ".join(each.strategy for each in strategies if doubled[0] in each.pairs)
            raise ValueError(
                f"each pair under one strategy of an account, not {doubled[0]} under {named}: that takes two accounts"
            )
        return strategies

    @field_validator("pairs")
    @classmethod
    def _in_one_currency(cls, pairs: tuple[str, ...]) -> tuple[str, ...]:
        if len({quote_currency(pair) for pair in pairs}) > 1:
            raise ValueError(f"pairs quoted in one currency, not {in_words(pairs)}")
        if doubled := sorted({pair for pair in pairs if pairs.count(pair) > 1}):
            raise ValueError(f"each pair once, not {', '.join(doubled)} more than once")
        return pairs

    @model_validator(mode="after")
    def _names_what_it_has(self) -> Account:
        named = {
            "strategies": tuple(chain(*(each.pairs for each in self.strategies))),
            "closing_pairs": self.closing_pairs,
            "correlated_pairs": tuple(chain(*self.correlated_pairs)),
        }
        for field, pairs in named.items():
            if strangers := [pair for pair in pairs if pair not in self.pairs]:
                raise ValueError(f"{field} among its pairs, not {', '.join(strangers)}")
        return self

    @model_validator(mode="after")
    def _waits_where_it_must_not_take(self) -> Account:
        if self.entry_post_only and (self.entry_order, self.entry_time_in_force) != ("limit", "GTC"):
            raise ValueError("entry_post_only with entry_order limit and entry_time_in_force GTC only")
        return self

    @property
    def currency(self) -> str:
        """What its amounts are in: the currency its pairs are quoted in."""
        return quote_currency(self.pairs[0])

    @property
    def deciding(self) -> tuple[AccountStrategy, ...]:
        """What decides, and for which pairs: each of its pairs is among those of one."""
        named = {pair for each in self.strategies for pair in each.pairs}
        others = tuple(pair for pair in self.pairs if pair not in named)
        own = AccountStrategy.model_construct(strategy=self.strategy, parameters=self.parameters, pairs=others)
        every = (*self.strategies, *((own,) if others else ()))
        return tuple(
            each
            if each.minimum_confidence is not None
            else each.model_copy(update={"minimum_confidence": self.minimum_confidence})
            for each in every
        )

    def strategy_for(self, pair: str) -> AccountStrategy | None:
        """Return what decides for a pair; None of a pair that is not the account's.

        Parameters
        ----------
        pair
            Which.

        Returns
        -------
        AccountStrategy | None
            One of `deciding`.
        """
        return next((each for each in self.deciding if pair in each.pairs), None)


def _pairs_named(table: AccountStrategy | Mapping[str, Any] | object) -> Iterable[Any]:
    """Return the pairs of a table that nobody has checked yet."""
    if isinstance(table, AccountStrategy):
        return table.pairs
    pairs = table.get("pairs") if isinstance(table, Mapping) else None
    return pairs if isinstance(pairs, list | tuple) else ()
