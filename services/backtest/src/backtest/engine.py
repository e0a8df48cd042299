"""An account over years of bars: the live step on each bar that matters, and nothing between them.

Asleep an account holds what it holds. So what a bar that is slept through would have done is known without the step:
the marks move, and with them equity, its highest and the P&L.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal, localcontext

from backtest.core.scan import QUANTITY, Track, Watch, highest_bars, scan
from backtest.market import Market
from backtest.standing import Standing
from backtest.watching import stop_of, watch_of
from contracts.errors import BadInputError
from contracts.message import Message
from contracts.order_report import OrderReport
from contracts.replace import replace
from contracts.units import EXACT
from contracts.wakes import ALWAYS
from execution.core.account.closes import most_kept
from execution.core.account.portfolio import Portfolio
from execution.core.account.valuation import equity
from execution.core.act import trade
from execution.core.broker import Broker
from execution.core.context import Context
from execution.core.hear import Word as Spoken
from execution.core.hear import hear
from execution.core.minute.minute import Minute
from execution.core.orders.archive import ArchiveInMemory
from execution.core.policy import Policy
from execution.core.sleep import PARTS, Part, wakes
from execution.core.steps.mark import mark_of

#: Of an account that never sleeps.
DENSE: Mapping[str, Part] = {"never asleep": lambda _portfolio, _context: [ALWAYS]}
#: A command or a venue's report, and the bar that it came after; -1 before the first.
Word = tuple[int, Spoken]
#: How near floats must come to the highest equity for it to be looked at exactly.
_NEAR = 1e-9


@dataclass(frozen=True, slots=True)
class Going:
    """An account that goes on: its portfolio after a bar, whatever it slept through before, and what has ended."""

    portfolio: Portfolio
    archive: ArchiveInMemory


@dataclass
class Outcome:
    """What became of an account.

    Attributes
    ----------
    market
        What it traded.
    messages
        Orders, fills, positions and alerts, in the order in which they came about.
    awake
        The bars on which the step ran.
    portfolio
        As it is after the last of them.
    standings
        How the account stood after those that booked something, or began a day.
    unheard
        Reports of orders that nobody knows: execution sets them aside too.
    going
        What goes on behind the last bar.
    """

    market: Market
    opened: Portfolio
    portfolio: Portfolio = field(init=False)
    messages: list[Message] = field(default_factory=list)
    awake: list[int] = field(default_factory=list)
    standings: list[Standing] = field(default_factory=list)
    unheard: list[OrderReport] = field(default_factory=list)
    going: Going | None = None

    def __post_init__(self) -> None:
        self.portfolio = self.opened

    def add(self, bar: int, portfolio: Portfolio, told: list[Message]) -> None:
        """Take down what the step did on a bar."""
        self.messages += told
        self.awake.append(bar)
        self.portfolio = portfolio
        if not self.standings or not self.standings[-1].is_of(portfolio):
            self.standings.append(Standing.of(bar, portfolio))


def run(
    market: Market,
    broker: Broker,
    policy: Policy,
    parts: Mapping[str, Part] = PARTS,
    words: Iterable[Word] = (),
    going: Going | None = None,
) -> Outcome:
    """Return what becomes of an account over the bars of a market that are traded.

    Parameters
    ----------
    market
        With the account and its decisions.
    broker, policy
        What orders cost, and how time and risk are judged.
    parts
        By what it sleeps; `DENSE` runs the step on every bar.
    words
        What operators and the venue said meanwhile, in its order.
    going
        What was left behind the bar before the first; None where the account begins with it.

    Returns
    -------
    Outcome
        The same, whatever it sleeps by.

    Raises
    ------
    BadInputError
        If the account has an owner: what his limits stop follows from his other accounts (`together.run_together`).
    """
    if (owner := market.account.owner) is not None:
        raise BadInputError("accounts.owner", f"none of {market.account.name}, which is run alone", owner)
    since = going or Going(Portfolio.opened(market.account), ArchiveInMemory())
    outcome, archive = Outcome(market, since.portfolio), since.archive
    context = Context(market.account, broker, policy, at_ms=0, bar_ms=market.interval_ms)
    portfolio, begin, end, coming = outcome.opened, market.first, len(market), deque(words)
    with localcontext(EXACT), uncollected():
        while begin < end or coming:
            has_heard = False
            if coming:
                portfolio, has_heard = _heard(outcome, portfolio, begin, coming, context, archive)
            if begin == end:
                break
            every = wakes(portfolio, context, parts)
            # Awake on the bar before a word, whose prices it is acted on with, and on the one after it.
            next_word = coming[0][0] if coming else end
            stop = begin if has_heard else min(stop_of(market, begin, every), next_word)
            bar = stop
            if stop > begin:
                watch = watch_of(market, portfolio, every)
                bar, highest = scan(begin, stop, market.track, watch)
                portfolio = slept(market, portfolio, watch, begin, bar, highest)
            if bar == end:
                break
            is_before_word = bool(coming) and coming[0][0] == bar
            portfolio, told = _act(market, portfolio, bar, context, archive, whole=is_before_word)
            outcome.add(bar, portfolio, told)
            begin = bar + 1
    outcome.going = Going(portfolio, archive)
    return outcome


def _heard(
    outcome: Outcome,
    portfolio: Portfolio,
    begin: int,
    coming: deque[Word],
    context: Context,
    archive: ArchiveInMemory,
) -> tuple[Portfolio, bool]:
    """Let the account hear what was said after the bar before `begin`; return whether it did anything."""
    has_heard = False
    while coming and coming[0][0] < begin:
        _, word = coming.popleft()
        if isinstance(word, OrderReport) and (ended := archive.find(word.order_id)) is not None:
            portfolio = replace(portfolio, ended={word.order_id: ended})
        try:
            portfolio, told = hear(portfolio, word, context.account, context.broker, context.policy)
        except BadInputError:
            if not isinstance(word, OrderReport):
                raise
            outcome.unheard.append(word)  # to execution it is a dead letter, and the account as it was
            told = []
        portfolio = archived(portfolio, archive)
        outcome.messages += told
        has_heard = has_heard or bool(told)
    return portfolio, has_heard


def archived(portfolio: Portfolio, archive: ArchiveInMemory) -> Portfolio:
    """Put away what has ended, as execution does; otherwise each portfolio would copy every order there ever was."""
    if not portfolio.ended:
        return portfolio
    archive.keep(portfolio.ended)
    return replace(portfolio, ended={})


def _act(
    market: Market, portfolio: Portfolio, bar: int, context: Context, archive: ArchiveInMemory, *, whole: bool = False
) -> tuple[Portfolio, list[Message]]:
    """Run the live step on a bar, with the signals of pairs that it can concern, or of all."""
    by_equity = context.account.daily_loss_basis != "balance"
    portfolio, minute = seen(market, portfolio, bar, whole=whole, marked=by_equity)
    now = Context(context.account, context.broker, context.policy, minute.window_end_ms, context.bar_ms)
    portfolio, told = trade(portfolio, minute, now)
    return archived(portfolio, archive), told


def seen(market: Market, portfolio: Portfolio, bar: int, *, whole: bool, marked: bool) -> tuple[Portfolio, Minute]:
    """Return what an account that was asleep is before a bar, and what the bar's pairs say to it.

    Parameters
    ----------
    market, portfolio, bar
        Its own, as it fell asleep, and where it wakes.
    whole
        Whether all pairs speak, or those that the bar can concern.
    marked
        Whether something goes by what it was worth before the bar, as a day that begins with its equity does.

    Returns
    -------
    tuple[Portfolio, Minute]
        With the marks that it missed.
    """
    concerned = set(market.numbers) if whole else {*portfolio.holdings, *portfolio.orders}
    present, decision = market.present.item, market.track.decision.item
    signals, missed = {}, {}
    for number, pair in enumerate(market.numbers):
        if present(number, bar):
            if decision(number, bar) or pair in concerned:
                signals[pair] = market.signal(number, bar)
            if marked and pair in concerned and bar and market.places[number, bar - 1] >= 0:
                missed[pair] = mark_of(market.signal(number, bar - 1))
        elif pair in concerned and bar and market.places[number, bar] >= 0:
            missed[pair] = mark_of(market.signal(number, bar))
    if most := most_kept(market.account):
        portfolio = _remembering(market, portfolio, bar, signals, most)
    if missed:  # what it was marked with while the account slept
        portfolio = replace(portfolio, marks={**portfolio.marks, **missed})
    start_ms = market.starts_ms.item(bar)
    return portfolio, Minute(start_ms, start_ms + market.interval_ms, signals)


def _remembering(market: Market, portfolio: Portfolio, bar: int, pairs: Iterable[str], most: int) -> Portfolio:
    """Return the portfolio with the closes that came before a bar, those it slept through too."""
    closes = {pair: market.closes_before(market.numbers[pair], bar, most) for pair in pairs}
    return replace(portfolio, closes={**portfolio.closes, **closes})


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the collector of cycles away: there are none, and it would look through all that is kept each time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def slept(market: Market, portfolio: Portfolio, watch: Watch, begin: int, end: int, highest: float) -> Portfolio:
    """Return the portfolio with the highest equity of bars that were slept through, exactly.

    Parameters
    ----------
    market, portfolio, watch
        Its own, as it fell asleep, and what it looked out for.
    begin, end
        The bars that it slept through, `end` not among them.
    highest
        The most that all it holds was worth on them.

    Returns
    -------
    Portfolio
        Often the same.
    """
    if not portfolio.holdings or begin == end:
        return portfolio
    bars = highest_of(market.track, watch, begin, end, highest, portfolio.highest_equity)
    best = max((equity(portfolio, market.closes(portfolio.holdings, bar)) for bar in bars), default=Decimal(0))
    return replace(portfolio, highest_equity=best) if best > portfolio.highest_equity else portfolio


def highest_of(track: Track, watch: Watch, begin: int, end: int, highest: float, known: Decimal) -> list[int]:
    """Return the bars on which equity may have been higher than known.

    Parameters
    ----------
    track, watch
        Prices, and what is held.
    begin, end
        The bars that are looked at, `end` not among them.
    highest
        The most that all that is held was worth on them.
    known
        The highest equity so far.

    Returns
    -------
    list[int]
        Those that come within rounding of the highest.
    """
    if watch.fixed + highest < float(known) * (1 - _NEAR):
        return []
    least = highest - _NEAR * abs(highest)
    found: list[int] = highest_bars(begin, end, track.close, watch.levels[QUANTITY], least).tolist()
    return found
