"""A model of a user's own: an ONNX file and a card that says what it takes, checked before it is registered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from contracts.errors import BadInputError
from contracts.timestamps import parse_time
from contracts.units import Pair
from contracts.validation_errors import expectation
from modeling.input_list import input_list
from modeling.kinds import MODELS
from modeling.model_card import ModelCard, OutputKind
from modeling.onnx_model import OnnxModel
from modeling.sequence import SEQUENCE_BARS

#: Samples that a model is tried on where no rows of a run are at hand.
_PROBES = 64


class OwnCard(BaseModel):
    """What somebody says of a model of their own: a JSON file, or options of `tradestream models register`.

    Attributes
    ----------
    inputs
        Names of what it sees of a bar, in the order in which it takes them.
    horizon_bars
        How many bars ahead it looks.
    trained_to
        End of all rows that it was fitted or chosen on, ISO 8601 or milliseconds: it predicts none before.
    output
        What its output says.
    interval_s, sequence_length
        Length of a bar in seconds, and how many bars it sees.
    kind
        What kind of model it is, for people.
    pairs, metrics, seed
        What it was trained on, with which result, and its seed, for people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    inputs: tuple[str, ...]
    horizon_bars: int = Field(ge=1, le=1_440)
    trained_to: int | str
    output: OutputKind = "probability"
    interval_s: int = Field(60, gt=0)
    sequence_length: int = Field(1, ge=1, le=SEQUENCE_BARS)
    kind: str = Field("own", min_length=1, max_length=100)
    pairs: tuple[Pair, ...] = ()
    metrics: dict[str, float] = {}
    seed: int | None = None

    @field_validator("trained_to")
    @classmethod
    def _is_a_time(cls, given: int | str) -> int | str:
        try:
            parse_time("trained_to", str(given))
        except BadInputError as error:
            raise ValueError(error.expected) from error
        return given

    @field_validator("kind")
    @classmethod
    def _is_not_trained_here(cls, kind: str) -> str:
        """Refuse the name of a kind that is trained here: such a model is trained again where it is lost."""
        if kind in MODELS:
            raise ValueError(f"a word other than {', '.join(MODELS)}, which are trained here")
        return kind

    @classmethod
    def read(cls, path: Path | None, options: Mapping[str, Any]) -> OwnCard:
        """Read a card; an option that is given goes before the file.

        Parameters
        ----------
        path
            JSON; None for options alone.
        options
            By field; None where not given.

        Returns
        -------
        OwnCard
            Checked, as far as it can be without the model.

        Raises
        ------
        BadInputError
            Naming the field, what was expected and what came.
        """
        given = {name: value for name, value in options.items() if value is not None}
        where = str(path) if path is not None else "card"
        try:
            return cls.model_validate({**(_object(path) if path is not None else {}), **given})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            field = ".".join(str(part) for part in first["loc"])
            missing = first["type"] == "missing"
            expected = "a value, in the card or as an option" if missing else expectation(first)
            raise BadInputError(f"{field} of {where}", expected, None if missing else first["input"]) from error

    def card(self, model_name: str) -> ModelCard:
        """Return the card that is registered.

        Returns
        -------
        ModelCard
            Bound to the features and formulas of this code.

        Raises
        ------
        BadInputError
            If an input is unknown or comes twice.
        """
        inputs = input_list(self.inputs)
        trained_to_ms = parse_time("trained_to", str(self.trained_to)) or 0
        return ModelCard(
            model_name=model_name,
            feature_set=inputs.feature_set_id,
            input_set=inputs.id,
            input_names=inputs.names,
            trained_from_ms=0,
            trained_to_ms=trained_to_ms,
            validated_from_ms=trained_to_ms,
            baselines={},
            **self.model_dump(exclude={"inputs", "trained_to"}),
        )


def check_model(onnx: bytes, card: ModelCard, samples: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Refuse an ONNX file that does not do what its card says.

    Parameters
    ----------
    onnx, card
        The model.
    samples
        What it is tried on, shape (samples, bars, inputs); made up if None.

    Returns
    -------
    NDArray[np.float64]
        Its probabilities.

    Raises
    ------
    BadInputError
        If the file is no model, takes other inputs than the card names, or gives no probability.
    """
    model = OnnxModel(onnx, card.output)
    model.interface.require_width(card.sequence_length, len(card.input_names))
    tried = made_up(card) if samples is None else samples
    probabilities = model.predict_many(tried)
    single = [model.predict(sequence.tolist()) for sequence in tried[:2]]
    if np.abs(np.array(single) - probabilities[:2]).max(initial=0.0) > 1e-6:
        raise BadInputError("ONNX model", "the same probability for a sample alone and among others", single)
    return probabilities


def made_up(card: ModelCard) -> NDArray[np.float64]:
    """Return samples of no market, the same ones each time.

    Returns
    -------
    NDArray[np.float64]
        Shape (samples, bars, inputs): positive numbers of growing size, of which a model may take the logarithm.
    """
    drawn = np.random.default_rng(7).uniform(0.5, 1.5, size=(_PROBES, card.sequence_length, len(card.input_names)))
    samples: NDArray[np.float64] = drawn * np.geomspace(1e-3, 1e5, _PROBES)[:, None, None]
    return samples


def _object(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInputError(str(path), "a card, as JSON", str(error)) from error
    if not isinstance(found, dict):
        raise BadInputError(str(path), "a card, as a JSON object", found)
    return found
