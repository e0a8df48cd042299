"""The books of all accounts of an owner, from those of each: what they are worth, what is left of each limit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal, localcontext

from contracts.errors import BadInputError
from contracts.owner import Owner
from contracts.pnl import Pnl
from contracts.replace import replace
from contracts.units import EXACT, MS_PER_MINUTE
from contracts.values import dataclass
from execution.core.owners.book import OwnersBook
from execution.core.owners.together import health_of
from execution.core.rules import LOSS_RULES
from execution.core.rules.owner_gross_exposure import GROSS_EXPOSURE
from execution.core.rules.rule import PERCENT, of_owner
from execution.core.steps.mark import counted_from
from execution.core.steps.trading_day import trading_day

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class LimitUsed:
    """How much of an owner's limit is used, at closes.

    Attributes
    ----------
    rule
        Its code.
    used_quote, limit_quote
        Of how much, in quote currency, exact.
    """

    rule: str
    used_quote: Decimal
    limit_quote: Decimal

    @property
    def room_quote(self) -> Decimal:
        """What is left; negative where the limit is broken."""
        return self.limit_quote - self.used_quote

    @property
    def share(self) -> float:
        """What is used, as a share of the limit, 0 after a profit."""
        return float(max(self.used_quote, _ZERO) / self.limit_quote) if self.limit_quote else 0.0


@dataclass(frozen=True, slots=True)
class OwnerBooks:
    """All accounts of an owner after a minute, quote currency, exact.

    Attributes
    ----------
    owner
        Whose.
    time_ms
        When the minute ended.
    initial, balance, equity, realised, unrealised, fees, exposure
        Sums of what `contracts.pnl` says of each; of an account that has not traded, what it begins with.
    drawdown, daily_loss
        How far equity is below its highest, and below what the day's loss is counted from.
    limits
        Each that he has, with what is left of it.
    """

    owner: str
    time_ms: int
    initial: Decimal
    balance: Decimal
    equity: Decimal
    realised: Decimal
    unrealised: Decimal
    fees: Decimal
    exposure: Decimal
    drawdown: Decimal
    daily_loss: Decimal
    limits: tuple[LimitUsed, ...]

    @property
    def profit(self) -> Decimal:
        """What has been earned since the accounts began, after fees, what is held at its last price."""
        return self.equity - self.initial


class BooksOfOwner:
    """The books of an owner as those of his accounts come, minute by minute.

    Parameters
    ----------
    owner
        Whose, and his limits.
    day_timezone
        In which days begin.
    bar_ms
        How long minutes are.
    """

    def __init__(self, owner: Owner, day_timezone: str = "UTC", bar_ms: int = MS_PER_MINUTE) -> None:
        self._owner, self._day_timezone, self._bar_ms = owner, day_timezone, bar_ms
        self._minute: list[Pnl] = []
        self._names = frozenset(each.name for each in owner.accounts)
        self._last: dict[str, Pnl] = {}
        self.book = OwnersBook.opened(owner)

    @property
    def accounts(self) -> frozenset[str]:
        """The names of his accounts."""
        return self._names

    def hear(self, books: Pnl) -> OwnerBooks | None:
        """Take the books of an account; return those of all after the minute before, once another one begins.

        Parameters
        ----------
        books
            Of one of his accounts, in the order of time.

        Returns
        -------
        OwnerBooks | None
            None while the minute goes on.

        Raises
        ------
        BadInputError
            If they are of no account of his.
        """
        if books.account not in self._names:
            expected = f"one of {', '.join(sorted(self._names))} (accounts of {self._owner.name})"
            raise BadInputError("pnl.account", expected, books.account)
        told = self.end() if self._minute and books.time_ms != self._minute[0].time_ms else None
        self._minute.append(books)
        return told

    def end(self) -> OwnerBooks | None:
        """Return the books after the last minute, of which nothing more comes.

        Returns
        -------
        OwnerBooks | None
            None where there was none.
        """
        minute, self._minute = tuple(self._minute), []
        if not minute:
            return None
        with localcontext(EXACT):
            return self._take(minute)

    def _take(self, minute: tuple[Pnl, ...]) -> OwnerBooks:
        time_ms = minute[0].time_ms
        # A minute belongs to the day that it begins on: that which ends at midnight is the old day's last.
        day = trading_day(time_ms - self._bar_ms, self._day_timezone)
        if day != self.book.judged.day:
            begins_with, worth = self._sum("balance"), self._sum("equity")
            self.book = replace(
                self.book,
                day_start_balance=counted_from(self._owner, begins_with, lambda: worth),
                highest_day_start=max(self.book.highest_day_start, begins_with),
                judged=replace(self.book.judged, day=day),
            )
        self._last |= {each.account: each for each in minute}
        equity = self._sum("equity")
        if equity > self.book.highest_equity:
            self.book = replace(self.book, highest_equity=equity)
        exposure = self._sum("exposure_quote")
        return OwnerBooks(
            self._owner.name,
            time_ms,
            self.book.initial_balance,
            self._sum("balance"),
            equity,
            self._sum("realised_quote"),
            self._sum("unrealised_quote"),
            self._sum("fees_quote"),
            exposure,
            max(_ZERO, self.book.highest_equity - equity),
            max(_ZERO, self.book.day_start_balance - equity),
            limits_used(self._owner, self.book, equity, exposure),
        )

    def _sum(self, name: str) -> Decimal:
        return sum((self._of(each.name, name, each.initial_balance_quote) for each in self._owner.accounts), _ZERO)

    def _of(self, account: str, name: str, initial: Decimal) -> Decimal:
        last = self._last.get(account)
        if last is not None:
            return Decimal(getattr(last, name))
        return initial if name in ("balance", "equity") else _ZERO


def limits_used(owner: Owner, book: OwnersBook, equity: Decimal, exposure: Decimal) -> tuple[LimitUsed, ...]:
    """Return how much of each of an owner's limits is used.

    Parameters
    ----------
    owner, book
        His limits, and what they look at beside his accounts.
    equity, exposure
        Of all accounts, at the last closes.

    Returns
    -------
    tuple[LimitUsed, ...]
        In the order of the rules; what is held last, where he has such a limit.
    """
    health = health_of(book, owner, equity)
    found = [LimitUsed(of_owner(rule.code), rule.loss(health), rule.limit_quote(health)) for rule in LOSS_RULES]
    if owner.max_gross_pct is not None:
        found.append(LimitUsed(GROSS_EXPOSURE, exposure, max(_ZERO, equity) * owner.max_gross_pct * PERCENT))
    return tuple(found)


def books_of(
    owner: Owner, pnl: Iterable[Pnl], day_timezone: str = "UTC", bar_ms: int = MS_PER_MINUTE
) -> Iterator[OwnerBooks]:
    """Yield the books of an owner after each minute that one of his accounts had.

    Parameters
    ----------
    owner
        Whose.
    pnl
        Of his accounts and of others, in the order of time.
    day_timezone, bar_ms
        In which days begin, and how long minutes are.

    Yields
    ------
    OwnerBooks
        One a minute.
    """
    fold, names = BooksOfOwner(owner, day_timezone, bar_ms), {each.name for each in owner.accounts}
    for each in pnl:
        if each.account in names and (told := fold.hear(each)) is not None:
            yield told
    if (last := fold.end()) is not None:
        yield last
