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
from signals.core.followed import Decider, Followed


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
    """

    setting_id: str
    from_ms: int | None
    followed: Followed | None = None
    switch: Switch | None = None


class Changes(Protocol):
    """What was read of settings, and of signals that were published."""

    def concern(self, pair: str) -> bool:
        """Return whether there is any setting of a pair."""

    def of(self, account: str, pair: str) -> Sequence[Change]:
        """Return the settings of an account's pair, in the order in which they were written."""

    def said(self, account: str, row: FeatureRow) -> str | None:
        """Return what the signal that was published of a row was decided by, None if none is known."""


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


class Held:
    """What holds for the accounts of a pair on an exchange, over the pair's state.

    Parameters
    ----------
    state
        Of the pair.
    exchange, pair
        Which.
    changes
        What was read.
    """

    def __init__(self, state: State, exchange: str, pair: str, changes: Changes) -> None:
        self._state, self._name, self._pair, self._changes = state, f"{exchange}:changes", pair, changes
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
        said = self._changes.said(decider.account.name, row) if due else None
        if said is None:
            return len(due) if is_told else 0
        settings = [*self._begun(decider, row.window_start_ms), *(each.setting_id for each in due)]
        first = len(settings) - len(due)
        would_say = [
            _decided_by(self._after(decider, settings[:end]), row) for end in range(first, len(settings) + 1)
        ]
        return would_say.index(said) if said in would_say else len(due)

    def at(self, decider: Decider, window_start_ms: int) -> Followed:
        """Return what decides for an account on a window."""
        return self._after(decider, self._begun(decider, window_start_ms))

    def since(self, decider: Decider, window_start_ms: int) -> Iterator[Followed]:
        """Yield what decides for an account from a window on."""
        yield self.at(decider, window_start_ms)
        for from_ms, _ in self._since.get(decider.account.name, ()):
            if from_ms > window_start_ms:
                yield self.at(decider, from_ms)

    def _begun(self, decider: Decider, window_start_ms: int) -> list[str]:
        return [name for ms, name in self._since.get(decider.account.name, ()) if ms <= window_start_ms]

    def _after(self, decider: Decider, settings: Sequence[str]) -> Followed:
        """Return what decides after settings: the last parameters and the last switch count."""
        if not settings:
            return decider.followed
        known = {each.setting_id: each for each in self._changes.of(decider.account.name, self._pair)}
        followed, switch = decider.followed, decider.followed.switch
        for change in (known[each] for each in settings if each in known):
            followed, switch = change.followed or followed, change.switch or switch
        return followed if switch == followed.switch else replace(followed, switch=switch)


def _decided_by(followed: Followed, row: FeatureRow) -> str:
    """Return what a row's signal says it was decided by: of a gap nothing is sold."""
    if followed.switch == "on":
        return followed.hash
    is_sold = followed.switch == "sell" and row.quality != "gap"
    return decided_by(followed.hash, "off", "sell" if is_sold else "none")
