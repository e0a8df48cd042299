"""What was published of windows whose rows come again: it is said again, whatever model is served by now."""

from __future__ import annotations

from contracts.feature_row import FeatureRow
from contracts.prediction import AnyPrediction
from contracts.topics import PREDICTIONS, TopicSpec
from contracts.units import MS_PER_SECOND
from predictions.settings import PredictionsSettings
from streaming.clients import read_key_since


class Said:
    """The predictions behind a pair's committed state.

    After a kill, rows come again whose predictions are on the log already. If another version is the champion by
    then it would predict those windows a second time. The log is asked once for each pair that is taken over; what is
    found is forgotten as its rows come.

    Parameters
    ----------
    settings
        Of the log.
    spec
        The topic that they are on.
    """

    def __init__(self, settings: PredictionsSettings, spec: TopicSpec = PREDICTIONS) -> None:
        self._settings = settings
        self._spec = spec
        self._of: dict[str, dict[int, list[AnyPrediction]]] = {}

    def look(self, row: FeatureRow) -> None:
        """Ask the log what was said of `row`'s pair from `row` on."""
        found: dict[int, list[AnyPrediction]] = {}
        since_ms = row.window_start_ms + row.interval_s * MS_PER_SECOND
        for record in read_key_since(self._settings, self._spec, row.pair, since_ms):
            said = record.readable_message()
            if (
                isinstance(said, AnyPrediction)
                and said.exchange == row.exchange
                and said.interval_s == row.interval_s
            ):
                of_window = found.setdefault(said.window_start_ms, [])
                if said not in of_window:
                    of_window.append(said)
        self._of[row.pair] = found

    def of(self, row: FeatureRow) -> list[AnyPrediction]:
        """Return what was said of `row`; nothing of one that nobody predicted."""
        return self._of.get(row.pair, {}).pop(row.window_start_ms, [])
