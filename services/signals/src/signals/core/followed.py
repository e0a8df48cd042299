"""A strategy with its parameters, as accounts follow it."""

from __future__ import annotations

from dataclasses import dataclass, field

from contracts.account import Account
from contracts.signal import SignalReason
from contracts.strategy_setting import Switch
from strategies.strategy import Strategy


@dataclass(frozen=True, slots=True)
class Followed:
    """A strategy that decides, once for all accounts that follow it with these parameters.

    Attributes
    ----------
    name, hash
        That of its file, and one of the file and the parameters.
    strategy
        With its parameters.
    features
        What it asks of the feature row.
    waits
        Whether it asks for a prediction, and so waits for one.
    warm_up_bars
        After so many bars nothing is unknown for lack of history.
    kept_bars
        How many of the last bars are kept, so that it can go on after a restart.
    undecided
        The reason to give where everything is known and it decides nothing.
    switch
        Whether operators let it decide.
    """

    name: str
    hash: str
    strategy: Strategy
    features: tuple[str, ...]
    waits: bool
    warm_up_bars: int
    kept_bars: int
    undecided: SignalReason
    switch: Switch = "on"


@dataclass(frozen=True, slots=True)
class Decider:
    """An account and a strategy that decides for it.

    Attributes
    ----------
    account, followed
        Who, and what.
    pairs
        For which pairs: each pair of an account has one.
    begins_with_rows
        Whether the account trades from its first row on, as one of its strategies waits for no prediction; else from
        the pair's first prediction.
    is_test
        Whether it is of a forward test: it begins and ends while everything runs.
    """

    account: Account
    followed: Followed
    pairs: tuple[str, ...]
    begins_with_rows: bool
    is_test: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """Who decides, and by which rules of time.

    Attributes
    ----------
    deciders
        All accounts that are configured, each with its strategies.
    expiry_seconds
        How long a decision may wait for a trade after its candle ended, in event time.
    maximum_pending_bars
        How many bars of event time a strategy waits for a prediction.
    from_ms
        Accounts trade windows from then on; what came before warms strategies up. None: from the first on.
    late
        (exchange, pair, start of a window) of predictions that are known to have come too late: in a replay.
    """

    deciders: tuple[Decider, ...]
    expiry_seconds: int = 300
    maximum_pending_bars: int = 5
    from_ms: int | None = None
    late: frozenset[tuple[str, str, int]] = frozenset()
    _of_pair: dict[str, tuple[Decider, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def of(self, pair: str) -> tuple[Decider, ...]:
        """Return who decides for a pair, at most one of each account."""
        if pair not in self._of_pair:
            self._of_pair[pair] = tuple(each for each in self.deciders if pair in each.pairs)
        return self._of_pair[pair]
