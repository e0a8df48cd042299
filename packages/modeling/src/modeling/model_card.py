"""What is known of a registered model: `model.json` beside `model.onnx`."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from contracts.errors import BadInputError
from features import feature_set_id
from modeling.facts import ModelFacts
from modeling.inputs import INPUT_NAMES, input_set_id
from modeling.sequence import SEQUENCE_BARS

INPUT = "inputs"
OUTPUT = "probability_up"


class ModelCard(BaseModel):
    """Facts of a model that serving checks and a reader wants.

    `metrics` are of the validation part, of the ONNX file as it is served; `baselines` are of the naive forecasts
    on the same samples. `trained_from_ms` and `trained_to_ms` bound every row training has seen, end exclusive;
    rows from `validated_from_ms` on have judged the model and not shaped it.

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
    pairs
        What it was trained on.
    seed
        Of its training.
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
    pairs: tuple[str, ...]
    trained_from_ms: int
    trained_to_ms: int
    validated_from_ms: int
    seed: int
    metrics: dict[str, float]
    baselines: dict[str, dict[str, float]]

    def signature(self) -> dict[str, Any]:
        """Return names, types and shapes of the model's input and output; -1 is any number of samples.

        Returns
        -------
        dict[str, Any]
            With the entries ``inputs`` and ``outputs``.
        """
        inputs = {"name": INPUT, "dtype": "float32", "shape": [-1, self.sequence_length, len(self.input_names)]}
        return {"inputs": [inputs], "outputs": [{"name": OUTPUT, "dtype": "float32", "shape": [-1]}]}

    def to_json(self) -> str:
        """Return the text of `model.json`.

        Returns
        -------
        str
            Indented, with the signature.
        """
        return json.dumps({**self.model_dump(mode="json"), "signature": self.signature()}, indent=2) + "\n"

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
        for field, expected, got in (
            ("feature_set", feature_set_id(), self.feature_set),
            ("input_set", input_set_id(), self.input_set),
            ("input_names", list(INPUT_NAMES), list(self.input_names)),
            ("interval_s", interval_s, self.interval_s),
        ):
            if got != expected:
                raise BadInputError(f"{field} of model {self.model_name}", f"{expected} (train a new one)", got)
        if self.sequence_length > SEQUENCE_BARS:
            expectation = f"at most {SEQUENCE_BARS} bars"
            raise BadInputError(f"sequence_length of model {self.model_name}", expectation, self.sequence_length)

    def facts(self, version: int) -> ModelFacts:
        """Return what the fold needs to know.

        Returns
        -------
        ModelFacts
            The part of the card that serving uses.
        """
        known = self.model_dump(include=set(ModelFacts.__slots__))
        return ModelFacts(name=self.model_name, version=version, **known)
