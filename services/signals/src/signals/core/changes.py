"""What decides for a pair of an account, window by window: its strategy as configured, or what operators set since.

A setting holds from the first row on that is seen after it was read. When that was is a fact of the clock; so it is
kept in the pair's state and, where the state does not know it any more, after a kill, or never did, in a replay,
taken from the signals that were published: they say what decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from contracts.feature_row import FeatureRow
from contracts.signal import decided_by
from contracts.state import State
from contracts.strategy_setting import Switch
from contracts.units import MS_PER_SECOND
from signals.core.followed import Decider, Followed

#: For so many bars a forward test that was stopped is told of prices: what it holds is sold within them.
BARS_AFTER_STOP = 1_440


@dataclass(frozen=True, slots=True)
class Change:
    """A setting as the core is told of it.

    Attributes
    ----------
    setting_id
        Which.
    from_ms
        Start of the first window that it may hold for; None: the next one.
    followed
        The strategy with the new parameters; None: as it was.
    switch
        Whether it decides; None: as it was.
    begins, ends
        Whether a forward test begins with it, or is over.
    """

    setting_id: str
    from_ms: int | None
    followed: Followed | None = None
    switch: Switch | None = None
    begins: bool = False
    ends: bool = False


class Changes(Protocol):
    """What was read of settings, and of signals that were published."""

    def concern(self, pair: str) -> bool:
        """Return whether there is any setting of a pair."""

    def of(self, account: str, pair: str) -> Sequence[Change]:
        """Return the settings of an account's pair, in the order in which they were written."""

    def said(self, account: str, row: FeatureRow) -> str | None:
        """Return what the signal that was published of a row was decided by, None if none is known."""

    def tests(self, pair: str) -> Sequence[Decider]:
        """Return the forward tests of a pair."""

    def first_ms(self, account: str, row: FeatureRow) -> int | None:
        """Return the first window of a row's pair that an account was told of, None if of none that is known."""


class NoChanges:
    """Nobody has set anything."""

    def concern(self, _pair: str) -> bool:
        """Return that there is none."""
        return False

    def of(self, _account: str, _pair: str) -> Sequence[Change]:
        """Return none."""
        return ()

    def said(self, _account: str, _row: FeatureRow) -> str | None:
        """Return that nothing is known."""
        return None

    def tests(self, _pair: str) -> Sequence[Decider]:
        """Return none."""
        return ()

    def first_ms(self, _account: str, _row: FeatureRow) -> int | None:
        """Return that nothing is known."""
        return None


class Held:
    """What holds for the accounts of a pair on an exchange, over the pair's state.

    Parameters
    ----------
    state
        Of the pair.
    exchange, pair, interval_s
        Which, and the length of its bars, seconds.
    changes
        What was read.
    """

    def __init__(self, state: State, exchange: str, pair: str, interval_s: int, changes: Changes) -> None:
        self._state, self._name, self._pair, self._changes = state, f"{exchange}:changes", pair, changes
        self._tail_ms = BARS_AFTER_STOP * interval_s * MS_PER_SECOND
        #: By account, from which window on which setting holds, in order.
        self._since: dict[str, list[tuple[int, str]]] = {}
        if changes.concern(pair):
            saved = state.get(self._name) or {}
            self._since = {name: [(ms, setting) for ms, setting in each] for name, each in saved.items()}

    def take(self, decider: Decider, row: FeatureRow, *, is_told: bool) -> None:
        """Let settings hold from a row on that is seen for the first time, as many as its signal was decided by.

        Parameters
        ----------
        decider
            An account that trades the pair.
        row
            Of the pair; the newest one.
        is_told
            Whether the account will be told of this row: what nobody sees begin does not begin.
        """
        known = self._changes.of(decider.account.name, self._pair)
        if not known:
            return
        since, at_ms = self._since.get(decider.account.name, []), row.window_start_ms
        begun = {setting_id for _, setting_id in since}
        due = [c for c in known if c.setting_id not in begun and (c.from_ms is None or c.from_ms <= at_ms)]
        begins = due[: self._number(decider, row, due, is_told=is_told)]
        if begins:
            self._since[decider.account.name] = [*since, *((at_ms, each.setting_id) for each in begins)]
            self._state.set(self._name, {name: [list(each) for each in of] for name, of in self._since.items()})

    def _number(self, decider: Decider, row: FeatureRow, due: Sequence[Change], *, is_told: bool) -> int:
        settings = self._begun(decider, row.window_start_ms)
        if not due or (decider.is_test and not settings and not self._may_begin(decider, row, due)):
            return 0
        said = self._changes.said(decider.account.name, row)
        if said is None:
            return len(due) if is_told else 0
        every = [*settings, *(each.setting_id for each in due)]
        would_say = [
            _decided_by(self._after(decider, every[:end]), row) for end in range(len(settings), len(every) + 1)
        ]
        return would_say.index(said) if said in would_say else len(due)

    def _may_begin(self, decider: Decider, row: FeatureRow, due: Sequence[Change]) -> bool:
        """Say whether a forward test begins: with the window it was first told of, where it was told of one.

        One that was stopped before it was told of anything never begins.
        """
        if not any(each.begins for each in due):
            return False
        first_ms = self._changes.first_ms(decider.account.name, row)
        if first_ms is None:
            return not any(each.ends for each in due)
        return row.window_start_ms >= first_ms

    def at(self, decider: Decider, window_start_ms: int) -> Followed | None:
        """Return what decides for an account on a window; None before a forward test has begun, and after its end."""
        over_ms = self.over_ms(decider)
        if over_ms is not None and window_start_ms >= over_ms:
            return None
        return self._after(decider, self._begun(decider, window_start_ms))

    def since(self, decider: Decider, window_start_ms: int) -> Iterator[Followed]:
        """Yield what decides for an account from a window on."""
        later = (ms for ms, _ in self._since.get(decider.account.name, ()) if ms > window_start_ms)
        for at_ms in (window_start_ms, *later):
            if (followed := self.at(decider, at_ms)) is not None:
                yield followed

    def over_ms(self, decider: Decider) -> int | None:
        """Return the first window that a forward test is no longer told of; None while it was not stopped."""
        since = self._since.get(decider.account.name) if decider.is_test else None
        if not since:
            return None
        ends = {each.setting_id for each in self._changes.of(decider.account.name, self._pair) if each.ends}
        return next((ms + self._tail_ms for ms, name in since if name in ends), None)

    def _begun(self, decider: Decider, window_start_ms: int) -> list[str]:
        return [name for ms, name in self._since.get(decider.account.name, ()) if ms <= window_start_ms]

    def _after(self, decider: Decider, settings: Sequence[str]) -> Followed | None:
        """Return what decides after settings: the last parameters and the last switch count."""
        if not settings:
            return None if decider.is_test else decider.followed
        known = {each.setting_id: each for each in self._changes.of(decider.account.name, self._pair)}
        followed, switch = decider.followed, decider.followed.switch
        for change in (known[each] for each in settings if each in known):
            followed, switch = change.followed or followed, change.switch or switch
        return followed if switch == followed.switch else replace(followed, switch=switch)


def _decided_by(followed: Followed | None, row: FeatureRow) -> str | None:
    """Return what a row's signal says it was decided by: of a gap nothing is sold."""
    if followed is None or followed.switch == "on":
        return None if followed is None else followed.hash
    is_sold = followed.switch == "sell" and row.quality != "gap"
    return decided_by(followed.hash, "off", "sell" if is_sold else "none")
