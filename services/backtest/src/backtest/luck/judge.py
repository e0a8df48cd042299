"""Everything that is asked of one result, and what it says together."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from backtest.achieved import Achieved, achieved
from backtest.luck.entries import RandomEntries, random_entries
from backtest.luck.markets import made_up
from backtest.luck.order import TradeOrder, trade_order, trade_returns
from backtest.luck.stress import harder
from backtest.luck.trips import trips_of
from backtest.search.job import Job, Span
from backtest.search.space import Choice
from backtest.search.study import Deflated, deflated, run_one
from backtest.telling import SURE, best_by_luck
from contracts.errors import BadInputError
from modeling.ledger import Ledger
from results.report.wording import percent

#: The greatest p of entries that are not put down to chance, tries counted.
_LEVEL = 0.05


@dataclass(frozen=True)
class Luck:
    """What was found of one result.

    Parameters
    ----------
    achieved
        As it was.
    deflated, entries, order
        By the number of tries, by random entries, by the order of trades.
    harder
        With dearer trades and later orders, by what was harder.
    markets_pct
        Returns on made-up markets; empty where the strategy asks for predictions, which those have not.
    block_bars
        Length of their blocks.
    """

    achieved: Achieved
    deflated: Deflated
    entries: RandomEntries
    order: TradeOrder
    harder: dict[str, Achieved]
    markets_pct: tuple[float, ...]
    block_bars: int

    @property
    def is_more_than_luck(self) -> bool:
        """Whether entries and Sharpe ratio both are what chance hardly gives the best of all tries, and it earned."""
        sure = self.entries.p_of_tries <= _LEVEL and self.deflated.probability >= SURE
        return sure and self.achieved.return_pct > 0

    def sentences(self) -> list[str]:
        """Return what was found, in words.

        Returns
        -------
        list[str]
            The verdict first.
        """
        sharpe = f"Sharpe ratio: {best_by_luck(self.deflated)}."
        others = [*self._order(), self._harder(), *self._markets()]
        return [self._verdict(), sharpe, self._entries(), *others]

    def _verdict(self) -> str:
        if not self.is_more_than_luck:
            return "Verdict: not told from luck."
        failed = [name for name, each in self.harder.items() if each.return_pct <= 0]
        return "Verdict: more than luck" + (f", but it loses with {' and with '.join(failed)}." if failed else ".")

    def _entries(self) -> str:
        found = self.entries
        if not found.trips:
            return "Entries: it never held anything."
        times, tries = percent(found.p), self.deflated.tries
        best = f"; the best of {tries:,} tries by chance, {percent(found.p_of_tries)}" if tries > 1 else ""
        return f"Entries: random ones that are held as long do as well in {times} of {found.drawn:,} draws{best}."

    def _order(self) -> list[str]:
        found = self.order
        if found.trips < 2:
            return []
        fell, worst = percent(found.drawdown_pct / 100), percent(found.drawdown_95_pct / 100)
        return [
            f"Trades: they fell {fell} from trade to trade; in another order 5 of 100 times more than {worst}. "
            f"As many drawn anew from them lose in {percent(found.lost)}."
        ]

    def _harder(self) -> str:
        said = ", ".join(f"{percent(each.return_pct / 100, sign=True)} {name}" for name, each in self.harder.items())
        return f"Harder: {percent(self.achieved.return_pct / 100, sign=True)} as it was; {said}."

    def _markets(self) -> list[str]:
        if not self.markets_pct:
            return ["Other markets: none, because predictions come with the bars they were made for."]
        quantiles = np.quantile(self.markets_pct, (0.05, 0.5, 0.95)) / 100
        low, middle, high = (percent(float(value), sign=True) for value in quantiles)
        gained, made = sum(each > 0 for each in self.markets_pct), len(self.markets_pct)
        return [
            f"Other markets: on {made} made of blocks of {self.block_bars} bars it came to {low} to {high}, "
            f"half of them above {middle}; it gained on {gained}."
        ]

    def as_json(self) -> dict[str, Any]:
        """Return all numbers and sentences.

        Returns
        -------
        dict[str, Any]
            As JSON.
        """
        return {**asdict(self), "more_than_luck": self.is_more_than_luck, "sentences": self.sentences()}


def judge(
    job: Job,
    choice: Choice,
    span: Span,
    ledger: Ledger,
    markets: int,
    seed: int,
    made: Callable[[int], None] = lambda _number: None,
) -> Luck:
    """Ask of a result all that chance may have done.

    Parameters
    ----------
    job, choice, span
        What is asked about.
    ledger
        Of all tries; this one is written to it.
    markets
        How many made-up markets.
    seed
        Of all chance.
    made
        Told how many backtests are done.

    Returns
    -------
    Luck
        The same for the same seed.

    Raises
    ------
    BadInputError
        If there are fewer bars than blocks can be made of.
    """
    found = run_one(job, choice, span, ledger)
    counted = deflated(found, job.attempt(choice, span), ledger)
    outcome = job.outcome(choice, span)
    made(1)
    dearer = {}
    for name, terms in harder(job.terms, job.history.interval_s):
        dearer[name] = replace(job, terms=terms).achieved(choice, span)
        made(1 + len(dearer))
    trips = trips_of(outcome)
    block = _block_bars(found.bars, [each.ends - each.begins for each in trips])
    asked = job.made(choice).only.formulas(job.history.interval_s)
    returns: list[float] = []
    for number in range(0 if asked.models else markets):
        other = replace(job, history=made_up(job.history, block, seed + number))
        returns.append(achieved(other.outcome(choice, span)).return_pct)
        made(1 + len(dearer) + len(returns))
    return Luck(
        found,
        counted,
        random_entries(trips, counted.tries, seed),
        trade_order(trade_returns(outcome), seed),
        dearer,
        tuple(returns),
        block,
    )


def _block_bars(bars: int, held: list[Any]) -> int:
    """Return a length of blocks in which a usual position has room, and of which there are enough to be drawn."""
    if bars < 100:
        raise BadInputError("bars", "at least 100", bars)
    every = np.concatenate(held)
    usual = 2 * int(np.median(every)) if len(every) else 0
    return int(min(max(math.isqrt(bars), usual), bars // 10))
