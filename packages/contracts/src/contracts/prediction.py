"""What a model expects of the next bars, and the candle it saw last."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from contracts.mark import Mark
from contracts.units import FiniteFloat
from contracts.window import WindowMessage

Direction = Literal[-1, 0, 1]
PredictionReason = Literal["ok", "not_warm", "gap", "unfamiliar"]
#: Whether what the model was made by has passed the gate.
ModelGate = Literal["passed", "unproven"]


class AnyPrediction(Mark, WindowMessage):
    """What a version says of a final candle, be it traded on or not.

    `probability_up` is the probability that the close `horizon_bars` later is higher, given that it is not equal,
    or of what else the label in the model's card calls up, given that it is up or down;
    `confidence` the probability of the more likely side, `direction` that side. All three are null, null and 0
    unless `reason` is `ok`.
    The `mark_*` fields copy the candle.

    Attributes
    ----------
    model_name, model_version
        Whose prediction it is.
    feature_set
        Id of the features that the model takes.
    model_gate
        ``unproven`` of a model that has not passed the gate; None of predictions from before there was the field.
    novelty
        How far the row is from what the model was trained on, 1 for as far as its training rows are on average; above
        the threshold in its card the reason is ``unfamiliar``. None where the model did not speak, or does not say.
    """

    model_name: str = Field(min_length=1)
    model_version: int = Field(ge=1)
    feature_set: str
    horizon_bars: int = Field(ge=1)
    probability_up: FiniteFloat | None = Field(ge=0, le=1)
    confidence: FiniteFloat | None = Field(ge=0, le=1)
    direction: Direction
    reason: PredictionReason
    model_gate: ModelGate | None = None
    novelty: FiniteFloat | None = Field(None, ge=0)

    @property
    def message_id(self) -> str:
        return f"{self.window_id}:{self.model_name}:{self.model_version}"


class Prediction(AnyPrediction):
    """One per final candle and model version, also when the model could not speak (`reason` says why).

    Of the version that is served. Its `mark_*` fields go to execution, which has one input and marks its positions
    with them.
    """

    schema_name: ClassVar[str] = "prediction"
