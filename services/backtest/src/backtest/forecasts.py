"""What versions of a model say of the bars of a pair, as columns: what `predictions` publishes bar by bar."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from backtest.bars import GAP, Bars
from backtest.decided import NOTHING_SAID
from contracts.prediction import PredictionReason
from features.given import Predicted
from modeling.facts import NOVELTY_DIGITS, Answer

#: As `predictions` rounds what leaves it.
_DIGITS = 6


class Forecasts:
    """Of the bars of one pair; of most of them nothing was said yet.

    Parameters
    ----------
    bars
        Of which versions are asked.
    """

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._reasons: list[PredictionReason | None] = [None] * len(bars)
        self._ups: list[float | None] = [None] * len(bars)
        self._versions: list[int | None] = [None] * len(bars)

    def ask(self, version: int, from_ms: int, to_ms: int | None = None) -> None:
        """Let a version speak of bars that begin in ``from_ms <= time < to_ms``, none of which is warm so far.

        Parameters
        ----------
        version
            Its number.
        from_ms, to_ms
            None is open.
        """
        begin = int(self._bars.starts_ms.searchsorted(from_ms))
        end = len(self._bars) if to_ms is None else int(self._bars.starts_ms.searchsorted(to_ms))
        for place in range(begin, end):
            self._versions[place] = version
            self._reasons[place] = "gap" if self._bars.qualities[place] == GAP else "not_warm"

    def answer(self, start_ms: int, answer: Answer, threshold: float | None) -> None:
        """Take what the version that was asked says of a bar.

        Parameters
        ----------
        start_ms
            When the bar begins.
        answer
            Not rounded.
        threshold
            Novelty above which it does not speak.
        """
        place = int(self._bars.starts_ms.searchsorted(start_ms))
        is_strange = (
            threshold is not None and answer.novelty is not None and round(answer.novelty, NOVELTY_DIGITS) > threshold
        )
        self._reasons[place] = "unfamiliar" if is_strange else "ok"
        self._ups[place] = None if is_strange else round(answer.probability_up, _DIGITS)

    @property
    def has_spoken(self) -> bool:
        """Whether a version knew enough of any bar to look at it."""
        return any(reason in ("ok", "unfamiliar") for reason in self._reasons)

    def bars(self, until: int, model: str, horizon_bars: int, names: Iterable[str] = ()) -> Bars:
        """Return the bars with what was said of them, as `run_folders` reads it of a run.

        Parameters
        ----------
        until
            The first bar that is left out.
        model
            Its registered name.
        horizon_bars
            How far it looks ahead.
        names
            What strategies call it; whatever that is, there is one model.

        Returns
        -------
        Bars
            With `given` and `said`.
        """
        bars, ups, versions = self._bars[:until], self._ups[:until], self._versions[:until]
        window = f"{bars.exchange}:{bars.pair}:{bars.interval_s}"
        asked = [version is not None for version in versions]
        directions = [_direction(up) if spoke else None for up, spoke in zip(ups, asked, strict=True)]
        said: dict[str, Sequence[Any]] = {
            **{name: [None] * len(bars) for name in NOTHING_SAID},
            "reason": self._reasons[:until],
            "probability_up": ups,
            "confidence": [None if up is None else round(max(up, 1 - up), _DIGITS) for up in ups],
            "direction": directions,
            "horizon_bars": [horizon_bars if spoke else None for spoke in asked],
            "model_name": [model if spoke else None for spoke in asked],
            "model_version": versions,
            "prediction_id": [
                None if version is None else f"{window}:{start}:{model}:{version}"
                for start, version in zip(bars.starts_ms.tolist(), versions, strict=True)
            ],
        }
        # As signals takes it: nothing is said where the model leans to neither side.
        leans = np.array([bool(direction) for direction in directions], dtype=bool)
        given = {name: np.where(leans, np.array(said[name], dtype=np.float64), np.nan) for name in Predicted._fields}
        return replace(
            bars.with_given({f"{called}.{name}": given[name] for called in {model, *names} for name in given}),
            said=said,
        )


def _direction(up: float | None) -> int:
    return 0 if up is None or up == 0.5 else 1 if up > 0.5 else -1
