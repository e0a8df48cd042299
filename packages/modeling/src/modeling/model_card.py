"""What is known of a registered model: `model.json` beside `model.onnx`."""

from __future__ import annotations

import json
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from contracts.errors import BadInputError
from modeling.facts import ModelFacts
from modeling.hyperparameter import Number
from modeling.input_list import InputList, input_list
from modeling.judging.verdict import Verdict
from modeling.labels import RISE, LabelRule
from modeling.sequence import SEQUENCE_BARS
from modeling.stability import Spread

#: What an output says: a probability of a higher close, or its logarithm of odds.
OutputKind = Literal["probability", "logit"]


class TuningTry(BaseModel):
    """What a search tried.

    Attributes
    ----------
    hyperparameters
        All that the kind has.
    log_loss
        Of its forecasts out of sample, as far as they go.
    folds
        How many of the folds it was tried on before it was given up.
    """

    model_config = ConfigDict(frozen=True)

    hyperparameters: dict[str, Number]
    log_loss: float
    folds: int


class ModelCard(BaseModel):
    """Facts of a model that serving checks and a reader wants.

    `metrics` are those of the recipe: of forecasts on samples that came after all that had shaped whoever made them.
    `baselines` are of the naive forecasts on the same samples, which begin at `validated_from_ms`. The model itself
    is that recipe on everything: `trained_from_ms` and `trained_to_ms` bound all rows it has seen, end exclusive.

    Attributes
    ----------
    model_name, kind
        What the registry calls it, and which kind of model it is.
    interval_s
        Length of a bar, seconds.
    sequence_length, horizon_bars
        Bars it sees, and how many bars ahead it looks.
    feature_set, input_set, input_names
        Ids of the features and inputs it was trained with, and the inputs' names in order.
    label
        What it foresees: its probability is that of the upper of two things, given that one of them happens.
    output
        What its output says.
    pairs
        What it was trained on.
    seed
        Of its training; None if there is none, or nobody said.
    hyperparameters
        Of its recipe, all that the kind has.
    tuning
        What a search for them tried, the chosen one first; empty if nobody searched.
    verdict
        What was found of the recipe; None if nobody judged it here.
    breakdown
        Its metrics by pair, by fold and by confidence.
    unused_rows
        How many rows were no sample, by cause.
    moves_beyond_costs
        By bars ahead, the share of moves that exceed what buying and selling costs.
    novelty_threshold
        Novelty above which it does not speak; None of a version that does not know how far it is.
    calibration
        What brings its probabilities to what happened: `platt` or `isotonic`; None where nothing has to.
    member_weights
        Of an ensemble, how much each member's word counts; empty of other kinds, and of versions from before it was
        told.
    stability
        How each input, and what it says, was spread over training rows; empty of a version that does not know.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())

    model_name: str
    kind: str
    interval_s: int
    sequence_length: int
    horizon_bars: int
    feature_set: str
    input_set: str
    input_names: tuple[str, ...]
    label: LabelRule = RISE
    output: OutputKind = "probability"
    pairs: tuple[str, ...]
    trained_from_ms: int
    trained_to_ms: int
    validated_from_ms: int
    seed: int | None
    hyperparameters: dict[str, Number] = {}
    tuning: tuple[TuningTry, ...] = ()
    metrics: dict[str, float]
    baselines: dict[str, dict[str, float]]
    verdict: Verdict | None = None
    breakdown: dict[str, dict[str, dict[str, float]]] = {}
    unused_rows: dict[str, int] = {}
    moves_beyond_costs: dict[int, float] = {}
    novelty_threshold: float | None = None
    calibration: Literal["platt", "isotonic"] | None = None
    member_weights: dict[str, float] = {}
    stability: tuple[Spread, ...] = ()

    @property
    def proven(self) -> bool:
        """Whether its recipe passed the gate; whoever shows the model says so if not."""
        return self.verdict is not None and self.verdict.outcome == "passed"

    @property
    def inputs(self) -> InputList:
        """What it sees of a bar; `BadInputError` if a name of it is not known any more."""
        return input_list(self.input_names)

    def to_json(self) -> str:
        """Return the text of `model.json`.

        Returns
        -------
        str
            Indented.
        """
        return json.dumps(self.model_dump(mode="json"), indent=2) + "\n"

    @classmethod
    def read(cls, text: str) -> ModelCard:
        """Read `model.json`.

        Returns
        -------
        ModelCard
            The card.

        Raises
        ------
        BadInputError
            If it is not one.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise BadInputError("model.json", f"a model card ({error.error_count()} errors)", text) from error

    def check_servable(self, interval_s: int) -> None:
        """Refuse a model that was trained on something else than what this code serves.

        Raises
        ------
        BadInputError
            Naming what differs.
        """
        of_model = f"of model {self.model_name}"
        try:
            inputs = self.inputs
        except BadInputError as error:
            raise BadInputError(f"input_names {of_model}", error.expected, error.got) from error
        # Not the set of features: a model of six of them is still served after a seventh has come or changed.
        for field, expected, got in (
            ("input_set", inputs.id, self.input_set),
            ("interval_s", interval_s, self.interval_s),
        ):
            if got != expected:
                raise BadInputError(f"{field} {of_model}", f"{expected} (train a new one)", got)
        if not 1 <= self.sequence_length <= SEQUENCE_BARS:
            expectation = f"1 to {SEQUENCE_BARS} bars"
            raise BadInputError(f"sequence_length {of_model}", expectation, self.sequence_length)

    def facts(self, version: int) -> ModelFacts:
        """Return what the fold needs to know.

        Returns
        -------
        ModelFacts
            The part of the card that serving uses.
        """
        known = {name: getattr(self, name) for name in ModelFacts.__slots__ if name in type(self).model_fields}
        return ModelFacts(
            **(known | {"inputs": self.inputs}), name=self.model_name, version=version, unproven=not self.proven
        )
