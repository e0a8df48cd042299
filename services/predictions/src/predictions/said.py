"""What was published of windows whose rows come again: it is said again, whatever model is served by now."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Literal, NamedTuple

from contracts.feature_row import FeatureRow
from contracts.message import Message
from contracts.model_event import ModelEvent
from contracts.model_quality import ModelQuality, ModelRole
from contracts.prediction import AnyPrediction
from contracts.topics import MODEL_EVENTS, MODEL_QUALITY, PREDICTIONS, TopicSpec
from contracts.units import MS_PER_SECOND
from predictions.settings import PredictionsSettings
from streaming.clients import read_key_since


class _Told(NamedTuple):
    """That a version spoke from one window of a pair to another, their starts in milliseconds."""

    from_ms: int
    to_ms: int
    version: int


class Said:
    """The predictions behind a pair's committed state, and what follows from predictions that were lost.

    After a kill, rows come again whose predictions are on the log already. If another version is the champion by
    then it would predict those windows a second time. The log is asked once for each pair that is taken over; what is
    found is forgotten as its rows come.

    Each topic has what a killed process wrote up to some message, and not all to the same: its last predictions may
    be lost, and what it told of them be there, that a version speaks from then on, or how it did. Then the same
    version has to say the lost ones.

    Parameters
    ----------
    settings
        Of the log.
    spec
        The topic that they are on.
    event
        What a change of who says them is called.
    role
        Of the version that says them.
    """

    def __init__(
        self,
        settings: PredictionsSettings,
        spec: TopicSpec = PREDICTIONS,
        event: Literal["switched", "shadowed"] = "switched",
        role: ModelRole = "champion",
    ) -> None:
        self._settings = settings
        self._spec = spec
        self._event = event
        self._role = role
        self._of: dict[str, dict[int, list[AnyPrediction]]] = {}
        self._told: dict[str, list[_Told]] = {}

    def look(self, row: FeatureRow) -> None:
        """Ask the log what was said of `row`'s pair from `row` on, and what was told of it."""
        found: dict[int, list[AnyPrediction]] = {}
        for said in self._since(row, self._spec, row.pair):
            if (
                isinstance(said, AnyPrediction)
                and said.exchange == row.exchange
                and said.interval_s == row.interval_s
            ):
                of_window = found.setdefault(said.window_start_ms, [])
                if said not in of_window:
                    of_window.append(said)
        self._of[row.pair] = found
        self._told[row.pair] = sorted(self._look_for_told(row))

    def _since(self, row: FeatureRow, spec: TopicSpec, key: str) -> Iterator[Message | None]:
        since_ms = row.window_start_ms + (row.interval_s * MS_PER_SECOND if spec is self._spec else 0)
        return (record.readable_message() for record in read_key_since(self._settings, spec, key, since_ms))

    def _look_for_told(self, row: FeatureRow) -> Iterator[_Told]:
        where = row.exchange, row.pair
        for event in self._since(row, MODEL_EVENTS, self._settings.model_name):
            if isinstance(event, ModelEvent) and (event.exchange, event.pair, event.event) == (*where, self._event):
                from_ms = event.event_time_ms
                yield _Told(from_ms, from_ms, event.model_version)
        for told in self._since(row, MODEL_QUALITY, self._settings.model_name):
            if isinstance(told, ModelQuality) and (told.exchange, told.pair, told.role) == (*where, self._role):
                last_ms = told.to_ms - told.interval_s * MS_PER_SECOND
                yield _Told(told.from_ms, last_ms, told.model_version)

    def of(self, row: FeatureRow) -> list[AnyPrediction]:
        """Return what was said of `row`; nothing of one that nobody predicted."""
        return self._of.get(row.pair, {}).pop(row.window_start_ms, [])

    def version(self, row: FeatureRow, last: int | None) -> int | None:
        """Return which version has to speak for a row of which nothing is there; None if whoever is served may.

        Parameters
        ----------
        last
            The version that spoke for its pair last: up to what was told, each change of it is told.
        """
        told = self._told.get(row.pair)
        if not told:
            return None
        if row.window_start_ms > max(each.to_ms for each in told):
            del self._told[row.pair]  # as of all rows to come
            return None
        place = bisect_right(told, row.window_start_ms, key=lambda each: each.from_ms)
        return told[place - 1].version if place else last
