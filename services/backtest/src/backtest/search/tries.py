"""Tries made: those that the kernel knows in floats, the others on the engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from backtest.achieved import BOTH, KERNEL, Achieved, achieved, equity_of, of_curve
from backtest.bars import Bars
from backtest.core.kernel import BarColumns
from backtest.decided import columns_of
from backtest.search.in_floats import InFloats, bars_read, in_floats, plan_of, require_same
from backtest.search.job import Job, Span, exits_of
from backtest.search.space import Choice
from contracts.units import float_string
from exchanges.paper import PaperBroker
from strategies.running import Rows, targets_of_each

Try = tuple[Choice, Span]
#: Bytes of targets that are kept at once: those of a dozen tries on five years of minutes, of hundreds on fewer bars.
_MOST_BYTES = 256 * 2**20


class TryMaker:
    """Makes tries of a job.

    Parameters
    ----------
    job
        What all of them share.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._read: _Read | None = None

    def __call__(self, tries: Sequence[Try]) -> Iterator[Achieved]:
        """Yield what each try came to, in their order.

        Parameters
        ----------
        tries
            Any number.

        Yields
        ------
        Achieved
            By the kernel where it knows how, else by the engine.
        """
        job = self._job
        is_known = [job.refusal(choice) is None for choice, _ in tries]
        found = self.in_floats([each for each, known in zip(tries, is_known, strict=True) if known])
        for each, known in zip(tries, is_known, strict=True):
            one = next(found) if known else None
            if one is not None:
                yield _came_to(one)
            else:
                yield replace(job.achieved(*each), by=BOTH) if known else job.achieved(*each)

    def held(self, tries: Sequence[Try]) -> Iterator[Achieved]:
        """Make tries of the kernel's on the engine.

        Yields
        ------
        Achieved
            By the engine, in their order.

        Raises
        ------
        KernelDiffersError
            If both do not fill the same sides on the same bars, or come to another equity.
        """
        for (one, span), found in zip(tries, self.in_floats(tries), strict=True):
            outcome = self._job.outcome(one, span)
            equity = equity_of(outcome)
            if found is not None:
                require_same(f"the try with {one.titles()}", found, outcome, equity[1:])
            yield achieved(outcome, equity)

    def in_floats(self, tries: Sequence[Try]) -> Iterator[InFloats | None]:
        """Yield what the kernel says of each try; None where it did not know what to do on a bar.

        Parameters
        ----------
        tries
            Of which `Job.refusal` says nothing.

        Yields
        ------
        InFloats | None
            In their order.
        """
        for span, group in groupby(tries, lambda each: each[1]):
            choices = [choice for choice, _ in group]
            read = self._of(span)
            at_once = max(1, _MOST_BYTES // (8 * max(len(read.known), 1)))
            for begin in range(0, len(choices), at_once):
                yield from self._together(read, choices[begin : begin + at_once])

    def _of(self, span: Span) -> _Read:
        """Return the bars of a span, read once for all tries on it."""
        if self._read is None or self._read.span != span:
            terms, [pair] = self._job.terms, self._job.account.pairs
            bars = self._job.history.pairs[pair]
            first, last = np.searchsorted(bars.starts_ms, [span.from_ms, span.to_ms]).tolist()
            assert isinstance(terms.broker, PaperBroker)  # which a refusal asks for
            traded = bars[first:last]
            self._read = _Read(span, bars[:last], first, traded, bars_read(traded, terms.broker, terms.policy))
        return self._read

    def _together(self, read: _Read, choices: Sequence[Choice]) -> Iterator[InFloats | None]:
        """Yield what becomes of tries whose targets are computed at once."""
        made = [self._job.made(each) for each in choices]
        for each in made:  # what it asks for beside bars is kept for the others
            read.known = each.only.known(read.known)
        rows = Rows(read.known.starts_ms, read.known.columns, read.known.given, read.known.interval_s)
        targets = targets_of_each([each.only.strategy for each in made], rows)
        decided = {id(each): columns_of(each, read.known)[1][read.first :] for each in targets}
        for one, account, column in zip(choices, made, targets, strict=True):
            exits = exits_of(account.only.strategy.exits.as_json(), one.exits)
            plan = plan_of(account.account, exits, self._job.terms, read.traded)
            yield in_floats(read.columns, decided[id(column)], plan, read.traded)


@dataclass
class _Read:
    """What tries on a span share: the bars up to its end, where it begins, its own bars, and those in columns."""

    span: Span
    known: Bars
    first: int
    traded: Bars
    columns: BarColumns


def _came_to(found: InFloats) -> Achieved:
    passed = found.passed
    return Achieved(
        **of_curve(found.curve),
        interval_s=found.bars.interval_s,
        fills=len(passed.bars),
        round_trips=int(np.count_nonzero(passed.sides < 0)),
        fees_quote=float_string(round(passed.fees, 8)),
        ended=found.ended,
        by=KERNEL,
    )
