"""How a version of a model has done on a pair: a window of predictions, held against what came."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from contracts.message import Message
from contracts.units import FiniteFloat, Pair

#: What makes a window an alarm: losses that the probabilities do not explain, or a market unlike the training data.
DriftAlarm = Literal["loss", "unfamiliar"]
#: What a version does: speak for all to hear, or in shadow beside the one that does.
ModelRole = Literal["champion", "challenger"]


class ModelQuality(Message):
    """What became of `predictions` predictions of one version on one pair, once that was known.

    `judged` of them spoke, and one of the two things happened that the version's label has; what is said of those is
    null where there are none. The others were unlike the training data (`unfamiliar`).

    Attributes
    ----------
    model_name, model_version
        Which version of which model.
    role
        Whether it was served or spoke in shadow; None of windows from before there was the field.
    exchange, pair, interval_s
        Where it spoke.
    from_ms, to_ms
        Event time: start of the first window that was counted, end of the one that completed the count.
    unfamiliar_share
        Share of `predictions` that were unlike the training data.
    log_loss, loss_to_coin
        Mean of ``-ln`` of the probability given to what happened, and how far above a coin's it is: less is better.
    hit_rate, expected_hit_rate
        Share whose more likely side happened, and the mean confidence: what it is if confidence can be trusted.
    calibration_error
        Mean distance of the hit rate from the confidence over the bins of confidence, weighted by their size.
    surprise
        By how many standard errors losses, of this window and the one before, are above what the version's own
        probabilities led to expect.
    judged_below_52, judged_to_55, judged_to_60, judged_above_60
        By confidence, how many: below 0.52, to 0.55, to 0.6, and from there on.
    hit_rate_below_52, hit_rate_to_55, hit_rate_to_60, hit_rate_above_60
        Of the same, the share whose more likely side happened.
    alarm
        Whether the model has drifted, and what says so; null if not.
    input_psi
        Of this window and the one before, the population stability index of each input against the training data, as
        JSON by name. Null of a first window, and of versions that do not know how it was in training; so the next.
    prediction_psi
        The same of the probabilities.
    psi_excess, psi_most
        The greatest index of an input over its limit, and of which input that is: above 1 no part of the training
        data was like it.
    """

    schema_name: ClassVar[str] = "model_quality"

    model_name: str = Field(min_length=1)
    model_version: int = Field(ge=1)
    exchange: str = Field(min_length=1)
    pair: Pair
    interval_s: int = Field(gt=0)
    from_ms: int
    to_ms: int
    predictions: int = Field(ge=1)
    judged: int = Field(ge=0)
    unfamiliar_share: FiniteFloat = Field(ge=0, le=1)
    log_loss: FiniteFloat | None = None
    loss_to_coin: FiniteFloat | None = None
    hit_rate: FiniteFloat | None = None
    expected_hit_rate: FiniteFloat | None = None
    calibration_error: FiniteFloat | None = None
    surprise: FiniteFloat | None = None
    judged_below_52: int = 0
    hit_rate_below_52: FiniteFloat | None = None
    judged_to_55: int = 0
    hit_rate_to_55: FiniteFloat | None = None
    judged_to_60: int = 0
    hit_rate_to_60: FiniteFloat | None = None
    judged_above_60: int = 0
    hit_rate_above_60: FiniteFloat | None = None
    alarm: DriftAlarm | None = None
    role: ModelRole | None = None
    input_psi: str | None = None
    prediction_psi: FiniteFloat | None = None
    psi_excess: FiniteFloat | None = None
    psi_most: str | None = None

    @property
    def key(self) -> str:
        return self.model_name

    @property
    def event_time_ms(self) -> int:
        return self.to_ms

    @property
    def message_id(self) -> str:
        where = f"{self.exchange}:{self.pair}:{self.interval_s}"
        return f"{self.model_name}:{self.model_version}:{where}:{self.to_ms}"
