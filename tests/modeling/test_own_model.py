"""Cards of models of one's own: what they may say, and what is refused before anything is registered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from tests.modeling.test_onnx_interface import RISES, WIDTH, X, sklearn_file

from contracts.errors import BadInputError
from features import FEATURE_NAMES
from modeling.input_list import InputList, input_list
from modeling.inputs import CANDLE_COLUMNS, INPUT_NAMES, named_inputs
from modeling.kinds import MODELS
from modeling.model_card import ModelCard
from modeling.onnx_model import OnnxModel
from modeling.own_model import OwnCard, check_model, made_up
from modeling.registry import ModelRegistry

INPUTS = ("rsi_14", "return_5", "adx_14", "close", "trade_count", "band_width")
GIVEN: dict[str, Any] = {"inputs": INPUTS, "horizon_bars": 5, "trained_to": "2026-03-04T00:00:00Z"}


def card(**changed: Any) -> ModelCard:
    return OwnCard.read(None, {**GIVEN, **changed}).card("direction")


@pytest.fixture(scope="module")
def file() -> bytes:
    return sklearn_file(LogisticRegression().fit(X, RISES), double=True)


def test_a_card_is_a_file_and_options_go_before_it(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    path.write_text(json.dumps({**GIVEN, "horizon_bars": 9}), encoding="utf-8")
    read = OwnCard.read(path, {"horizon_bars": 3, "kind": None, "trained_to": "1772582400000"}).card("mine")
    assert (read.model_name, read.horizon_bars, read.trained_to_ms, read.kind) == (
        "mine",
        3,
        1_772_582_400_000,
        "own",
    )
    assert read.input_names == INPUTS
    read.check_servable(60)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"inputs": None}, "inputs of card: expected a value, in the card or as an option, was None"),
        ({"trained_to": None}, "trained_to of card: expected a value"),
        ({"trained_to": "yesterday"}, "trained_to of card: expected ISO 8601 .*, was 'yesterday'"),
        ({"horizon_bars": 0}, "horizon_bars of card: expected greater than or equal to 1, was 0"),
        ({"sequence_length": 61}, "sequence_length of card: expected less than or equal to 60, was 61"),
        ({"output": "score"}, "output of card: expected 'probability' or 'logit', was 'score'"),
        (
            {"kind": "logistic"},
            f"kind of card: expected a word other than {', '.join(MODELS)}, which are trained here",
        ),
        ({"horizon": 5}, "horizon of card: expected no field of this name, was 5"),
        ({"inputs": ("rsi14",)}, r"inputs: expected a feature .* \(nearest: rsi_14"),
        ({"inputs": ("rsi_14", "rsi_14")}, "inputs: expected each name once, was 'rsi_14'"),
        ({"inputs": ()}, "inputs: expected at least one name"),
    ],
)
def test_what_a_card_says_is_checked(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        card(**changed)


@pytest.mark.parametrize("text", ["{", "[]", None])
def test_a_file_that_is_no_card_is_named(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "card.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInputError, match=r"card.json: expected a card, as"):
        OwnCard.read(path, {})


def test_the_set_is_the_smallest_that_has_the_features() -> None:
    assert InputList(INPUT_NAMES).feature_set == "core"
    assert InputList(("close",)).feature_set == "core"
    assert InputList(("rsi_14",)).feature_set == "core"
    assert InputList(INPUTS).feature_set == "full"
    assert set(named_inputs()) == {*CANDLE_COLUMNS, *FEATURE_NAMES, *INPUT_NAMES}


def test_an_id_is_of_the_inputs_and_not_of_the_whole_set(monkeypatch: pytest.MonkeyPatch) -> None:
    before, other = input_list(("rsi_14", "adx_14")).id, input_list(("adx_14", "rsi_14")).id
    assert before != other
    monkeypatch.setattr("modeling.input_list.definitions", lambda names: [*names, "another window"])
    assert input_list(("rsi_14", "adx_14")).id != before
    with pytest.raises(BadInputError, match="input_set of model direction: expected"):
        card().model_copy(update={"input_set": before}).check_servable(60)


def test_a_file_is_tried_against_its_card(file: bytes) -> None:
    assert len(check_model(file, card())) == 64
    with pytest.raises(
        BadInputError, match=r"ONNX input: expected shape \(any, 5\) or \(any, 1, 5\), for 1 bars of the 5"
    ):
        check_model(file, card(inputs=INPUTS[:5]))
    with pytest.raises(BadInputError, match=r"shape \(any, 12\) or \(any, 2, 6\)"):
        check_model(file, card(sequence_length=2))
    assert check_model(file, card(inputs=INPUTS[:3], sequence_length=2)).shape == (64,)
    with pytest.raises(BadInputError, match="finite numbers, was 'NaN"):
        check_model(file, card(), np.full((1, 1, WIDTH), np.nan))


def test_a_version_is_a_model_of_mlflow(champion, file: bytes, tmp_path: Path) -> None:
    """Both of one's own and of those that training registers."""
    registry = ModelRegistry(uri := f"sqlite:///{tmp_path}/mlflow.db")
    trained = champion.trained
    seen = trained.data.samples.x(slice(0, 3))
    models = {
        "own": (card().model_copy(update={"model_name": "own"}), file, made_up(card())[:3]),
        "direction": (trained.card, trained.fitted.onnx, seen),
    }
    for name, (known, onnx, example) in models.items():
        version = registry.register(
            known, onnx, {}, example=example[:2], experiment="e", artifact_location=(tmp_path / "files").as_uri()
        )
        mlflow.set_tracking_uri(uri)
        loaded = mlflow.pyfunc.load_model(f"models:/{name}/{version}")
        ours = OnnxModel(onnx, known.output)
        fed = ours.interface.shaped(example)
        said = loaded.predict(fed)[ours.interface.output.name]
        theirs = said[:, -1] if said.ndim == 2 else said
        assert np.abs(theirs - ours.predict_many(example)).max() < 1e-6
        assert loaded.metadata.get_input_schema().inputs[0].shape == (-1, *fed.shape[1:])
        assert np.array_equal(loaded.input_example, fed[:2])
        assert loaded.metadata.metadata["inputs"] == list(known.input_names)
        assert mlflow.onnx.load_model(f"models:/{name}/{version}").SerializeToString()
