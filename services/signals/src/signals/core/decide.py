"""Rows and predictions of one pair to the marks and decisions of the accounts that trade it.

What comes out is a function of what the two topics hold, not of how their messages were mixed, as long as no
prediction is more than `Desk.maximum_pending_bars` late: a row's mark leaves with the row, and so do the decisions
of strategies that ask for no model; the others wait for the prediction of the row, or for a later one, which says
that there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TypedDict

from contracts.candle_mark import CandleMark
from contracts.feature_row import FeatureRow
from contracts.prediction import Prediction
from contracts.signal import Signal
from contracts.state import State
from contracts.units import MS_PER_SECOND
from features.bars import bar_of_row
from signals.core.at_work import AtWork, Outcome, Streams, forget_others
from signals.core.changes import Changes, Held, NoChanges
from signals.core.followed import Decider, Desk
from signals.core.messages import decision_of, mark_of
from signals.core.reason import reason
from signals.core.waiting import Waiting


class PairState(TypedDict):
    """What is remembered of a pair beside rows, bars and predictions: JSON.

    `row_ms` and `said_ms` are the newest windows that a row and a prediction came of, `begun_ms` that of the first
    prediction: with it accounts begin all of whose strategies wait for one.
    """

    row_ms: int | None
    said_ms: int | None
    begun_ms: int | None


@dataclass
class Told:
    """What a message leads to.

    Attributes
    ----------
    messages
        Marks and decisions, in order.
    failed
        Rows on which a strategy's code failed, and what it raised.
    """

    messages: list[Signal | CandleMark] = field(default_factory=list)
    failed: list[tuple[FeatureRow, str, Exception]] = field(default_factory=list)


def step(
    state: State,
    message: FeatureRow | Prediction,
    desk: Desk,
    streams: Streams,
    changes: Changes | None = None,
) -> Told:
    """Take the next row or prediction of a pair and return what its accounts are told.

    Repeated and older messages give nothing, and of several predictions for one window the first counts: the
    transport repeats messages, and an account must not be told twice.

    Parameters
    ----------
    state
        Of the message's pair; changed in place.
    message
        A final candle with its features, as decisions use it (revision 0), or what a model expects.
    desk
        All accounts with their strategies.
    streams
        The process's cache, empty at first.
    changes
        What operators have set; None: nothing.

    Raises
    ------
    BadInputError
        If the row's numbers are none that formulas can take. The state is unchanged.
    """
    known = changes or NoChanges()
    deciders = (*desk.of(message.pair), *known.tests(message.pair))
    if not deciders:
        return Told()
    turn = _Turn(state, message, desk, deciders, streams, known)
    if isinstance(message, Prediction):
        turn.hear(message)
    else:
        turn.see(message)
    return turn.told


class _Turn:
    """One message's work on the state of a pair and exchange."""

    def __init__(
        self,
        state: State,
        message: FeatureRow | Prediction,
        desk: Desk,
        deciders: Sequence[Decider],
        streams: Streams,
        changes: Changes,
    ) -> None:
        self.told = Told()
        self._state, self._desk, self._streams = state, desk, streams
        self._name = f"{message.exchange}:pair"
        saved: PairState | None = state.get(self._name)
        self._pair = saved or PairState(row_ms=None, said_ms=None, begun_ms=None)
        self._waiting = Waiting(state, message.exchange)
        self._held = Held(state, message.exchange, message.pair, message.interval_s, changes)
        interval_ms = message.interval_s * MS_PER_SECOND
        oldest_ms = (self._pair["row_ms"] or 0) - desk.maximum_pending_bars * interval_ms
        left = [each for each in deciders if (over_ms := self._held.over_ms(each)) is None or over_ms > oldest_ms]
        self._at_once = [each for each in left if not each.followed.waits]
        self._patient = [each for each in left if each.followed.waits]

    def see(self, row: FeatureRow) -> None:
        """Take a row: its mark leaves now, with the decisions that wait for nobody."""
        last_ms, at_ms = self._pair["row_ms"], row.window_start_ms
        if last_ms is not None and at_ms <= last_ms:
            return
        bar_of_row(row)  # raises before anything has changed
        for each in (*self._at_once, *self._patient):
            self._held.take(each, row, is_told=self._may_trade(each, at_ms))
        self._forget_others(row)
        self._mark(row, [each for each in (*self._at_once, *self._patient) if self._has_begun(each, at_ms)])
        self._decide(row, None, self._at_once)
        if self._patient:
            asked = (self._held.at(each, at_ms) for each in self._patient)
            features = (name for followed in asked if followed is not None for name in followed.features)
            self._waiting.add_row(row, frozenset(features))
        self._save(row_ms=at_ms)
        self._release()

    def hear(self, prediction: Prediction) -> None:
        """Take a prediction: with the first one the accounts that wait for models begin."""
        last_ms, at_ms = self._pair["said_ms"], prediction.window_start_ms
        if not self._patient or (last_ms is not None and at_ms <= last_ms):
            return
        self._waiting.add_prediction(prediction)
        begins = self._pair["begun_ms"] is None and self._is_traded(at_ms)
        self._save(said_ms=at_ms, begun_ms=at_ms if begins else self._pair["begun_ms"])
        if begins:
            late = [each for each in self._patient if not each.begins_with_rows]
            for row in self._waiting.rows():
                self._mark(row, [each for each in late if self._has_begun(each, row.window_start_ms)])
        self._release()

    def _is_traded(self, at_ms: int) -> bool:
        return self._desk.from_ms is None or at_ms >= self._desk.from_ms

    def _has_begun(self, decider: Decider, at_ms: int) -> bool:
        """Whether an account trades a window."""
        return self._may_trade(decider, at_ms) and self._held.at(decider, at_ms) is not None

    def _may_trade(self, decider: Decider, at_ms: int) -> bool:
        """Whether accounts trade a window at all: models say nothing of what they were trained on."""
        if decider.begins_with_rows:
            return self._is_traded(at_ms)
        begun_ms = self._pair["begun_ms"]
        return begun_ms is not None and at_ms >= begun_ms

    def _forget_others(self, row: FeatureRow) -> None:
        waits = self._waiting.next_row()
        oldest_ms = row.window_start_ms if waits is None else waits.window_start_ms
        deciding = (self._held.since(each, oldest_ms) for each in (*self._at_once, *self._patient))
        forget_others(self._state, chain.from_iterable(deciding), row)
        if not self._patient and len(self._waiting):
            self._waiting.drop()

    def _release(self) -> None:
        """Let the rows go on that need not wait any more."""
        while (row := self._waiting.next_row()) is not None:
            is_late = (row.exchange, row.pair, row.window_start_ms) in self._desk.late
            prediction = None if is_late else self._waiting.prediction_of(row)
            if prediction is None and not is_late and not self._is_over(row):
                break
            self._waiting.pop()
            self._decide(row, prediction, self._patient)
        self._save()

    def _is_over(self, row: FeatureRow) -> bool:
        """Whether no prediction of `row` will come, or none is waited for any longer."""
        row_ms, said_ms = self._pair["row_ms"], self._pair["said_ms"]
        if said_ms is not None and said_ms >= row.window_start_ms:
            return True
        waits_ms = self._desk.maximum_pending_bars * row.interval_s * MS_PER_SECOND
        return row_ms is not None and row_ms - row.window_start_ms >= waits_ms

    def _mark(self, row: FeatureRow, deciders: Iterable[Decider]) -> None:
        self.told.messages += [mark_of(row, each.account.name) for each in deciders]

    def _decide(self, row: FeatureRow, prediction: Prediction | None, deciders: Iterable[Decider]) -> None:
        """Ask each strategy once, whoever follows it; tell the accounts that trade, the others only see the row."""
        outcomes: dict[str, Outcome] = {}
        for decider in deciders:
            followed = self._held.at(decider, row.window_start_ms)
            if followed is None:
                continue
            if followed.hash not in outcomes:
                outcome = AtWork(self._state, followed, row, self._streams).target(row, prediction)
                outcomes[followed.hash] = outcome
                if outcome.error is not None:
                    self.told.failed.append((row, followed.name, outcome.error))
            if not self._has_begun(decider, row.window_start_ms):
                continue
            outcome = outcomes[followed.hash]
            why = reason(row, prediction, outcome, followed)
            self.told.messages.append(
                decision_of(
                    row, prediction, outcome.target, why, decider.account, followed, self._desk.expiry_seconds
                )
            )

    def _save(self, **changes: int | None) -> None:
        self._pair = PairState(**{**self._pair, **changes})  # type: ignore[typeddict-item]
        self._state.set(self._name, self._pair)


def newest_row_ms(state: State, exchange: str) -> int | None:
    """Return the newest window that a row of a pair on an exchange came of, None before the first."""
    saved: PairState | None = state.get(f"{exchange}:pair")
    return None if saved is None else saved["row_ms"]
