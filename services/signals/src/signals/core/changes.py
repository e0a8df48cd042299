"""Which parameters a strategy of an account has on a pair, window by window: its own, or what operators set since.

A setting holds from the first row on that is seen after it was read. When that was is a fact of the clock; so it is
kept in the pair's state and, where the state does not know it any more, after a kill, or never did, in a replay,
taken from the signals that were published: their hash says what decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from contracts.feature_row import FeatureRow
from contracts.state import State
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
        The strategy with the new parameters.
    """

    setting_id: str
    from_ms: int | None
    followed: Followed


class Changes(Protocol):
    """What was read of settings, and of signals that were published."""

    def concern(self, pair: str) -> bool:
        """Return whether there is any setting of a pair."""

    def of(self, account: str, pair: str) -> Sequence[Change]:
        """Return the settings of an account's pair, in the order in which they were written."""

    def said(self, account: str, row: FeatureRow) -> str | None:
        """Return the hash on the signal that was published of a row, None if none is known."""


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
        hashes = [self.at(decider, row.window_start_ms).hash, *(each.followed.hash for each in due)]
        return hashes.index(said) if said in hashes else len(due)

    def at(self, decider: Decider, window_start_ms: int) -> Followed:
        """Return what decides for an account on a window."""
        since = self._since.get(decider.account.name)
        if not since:
            return decider.followed
        return self._followed(decider, next((s for ms, s in reversed(since) if ms <= window_start_ms), None))

    def since(self, decider: Decider, window_start_ms: int) -> Iterator[Followed]:
        """Yield what decides for an account from a window on."""
        yield self.at(decider, window_start_ms)
        for from_ms, setting_id in self._since.get(decider.account.name, ()):
            if from_ms > window_start_ms:
                yield self._followed(decider, setting_id)

    def _followed(self, decider: Decider, setting_id: str | None) -> Followed:
        known = self._changes.of(decider.account.name, self._pair)
        return next((each.followed for each in known if each.setting_id == setting_id), decider.followed)
