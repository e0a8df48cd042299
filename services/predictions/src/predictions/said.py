"""What was published of windows whose rows come again: it is said again, whatever model is served by now."""

from __future__ import annotations

from contracts.feature_row import FeatureRow
from contracts.prediction import Prediction
from contracts.topics import PREDICTIONS
from contracts.units import MS_PER_SECOND
from predictions.settings import PredictionsSettings
from streaming.clients import read_key_since


class Said:
    """The predictions behind a pair's committed state.

    After a kill, rows come again whose predictions are on the log already. If another version is the champion by
    then it would predict those windows a second time. The log is asked once for each pair that is taken over; what is
    found is forgotten as its rows come.
    """

    def __init__(self, settings: PredictionsSettings) -> None:
        self._settings = settings
        self._of: dict[str, dict[int, list[Prediction]]] = {}

    def look(self, row: FeatureRow) -> None:
        """Ask the log what was said of `row`'s pair from `row` on."""
        found: dict[int, list[Prediction]] = {}
        since_ms = row.window_start_ms + row.interval_s * MS_PER_SECOND
        for record in read_key_since(self._settings, PREDICTIONS, row.pair, since_ms):
            said = record.readable_message()
            if isinstance(said, Prediction) and said.exchange == row.exchange and said.interval_s == row.interval_s:
                of_window = found.setdefault(said.window_start_ms, [])
                if said not in of_window:
                    of_window.append(said)
        self._of[row.pair] = found

    def of(self, row: FeatureRow) -> list[Prediction]:
        """Return what was said of `row`; nothing of one that nobody predicted."""
        return self._of.get(row.pair, {}).pop(row.window_start_ms, [])
