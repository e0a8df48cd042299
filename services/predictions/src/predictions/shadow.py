"""What a challenger says of the rows that were just predicted: told apart, and of no consequence to the champion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loguru import logger

from contracts.feature_row import FeatureRow
from contracts.message import Message
from contracts.prediction import AnyPrediction
from contracts.shadow_prediction import ShadowPrediction
from contracts.state import PartOfState, State
from contracts.topics import PREDICTIONS_SHADOW
from modeling.registered import NoModelError
from modeling.sequence import Run
from predictions import metrics
from predictions.core.decision import step
from predictions.core.quality import watch
from predictions.core.shift import seen_of
from predictions.core.switch import last_version, switched
from predictions.said import Said
from predictions.served_model import ServedModel
from predictions.settings import PredictionsSettings
from predictions.speakers import Challenger, Speakers

#: Of the pair's state: what is remembered of challengers, beside the same of champions.
_PART = "shadow-"


class Shadow:
    """Asks a challenger about each row that the champion has spoken of.

    One window, one version, as of champions: what was said before a kill is said again. Whatever a challenger does,
    nothing is raised here: a row that it cannot speak of has no shadow, which is counted and said once.

    Parameters
    ----------
    challengers
        Who speaks in shadow; None where nobody does.
    settings
        Of the log, and the alias.
    """

    def __init__(self, challengers: Speakers | None, settings: PredictionsSettings) -> None:
        self._challengers = challengers or Challenger(None, _nobody)
        self._alias = settings.challenger
        self._said = Said(settings, PREDICTIONS_SHADOW, "shadowed", "challenger")
        self._failed: set[tuple[int, str]] = set()

    def look(self, row: FeatureRow) -> None:
        """Ask the log what was said in shadow of `row`'s pair from `row` on."""
        self._said.look(row)

    def of(
        self, before: Run, after: Run, row: FeatureRow, spoken: Sequence[AnyPrediction], state: State
    ) -> Iterator[Message]:
        """Yield what is to be published of a row beside what the champion says.

        Parameters
        ----------
        before, after
            The run of bars that the row goes on from, and with it.
        spoken
            The champion's predictions of the row; where there are none there is no shadow.
        state
            Of the row's pair.
        """
        part = PartOfState(state, _PART)
        shadows = self._said.of(row) or self._say(before, row, spoken, last_version(part))
        yield from shadows
        yield from switched(part, shadows, self._alias, self._challengers.trained_to_ms, "shadowed")
        facts = self._challengers.facts(shadows[-1].model_version) if shadows else None
        foresees = self._challengers.foresees(shadows[-1].model_version) if shadows else None
        yield from watch(part, row, shadows, foresees, before, "challenger", seen_of(after, facts, shadows))

    def _say(
        self, before: Run, row: FeatureRow, spoken: Sequence[AnyPrediction], last: int | None
    ) -> list[AnyPrediction]:
        champions = {each.model_version for each in spoken}
        found: list[AnyPrediction] = []
        for model in self._challengers.of(row, last, self._said.version(row, last)) if spoken else ():
            if model.facts.version not in champions:  # who has been promoted challenges nobody
                found += map(ShadowPrediction.of, self._asked(model, before, row))
        return found

    def _asked(self, model: ServedModel, before: Run, row: FeatureRow) -> Sequence[AnyPrediction]:
        try:
            return step(before, row, model.facts, model.forecast)[1]
        except Exception as error:  # noqa: BLE001 - whatever a challenger does, the champion goes on
            metrics.SHADOW_FAILURES.labels(model=model.facts.name).inc()
            what = (model.facts.version, type(error).__name__)
            if what not in self._failed:
                self._failed.add(what)
                logger.warning("no shadow by version {} of {}: {}", model.facts.version, row.pair, error)
            return ()


def _nobody(version: int) -> ServedModel:
    raise NoModelError(f"version {version}: nobody challenges here")
