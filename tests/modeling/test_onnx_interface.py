"""Models as the exporters of scikit-learn and LightGBM write them say what they said; others are refused in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from lightgbm import LGBMClassifier
from numpy.typing import NDArray
from onnx import TensorProto, helper
from onnxmltools import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType as LightGbmFloat
from skl2onnx import to_onnx
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from contracts.errors import BadInputError
from modeling.onnx_model import OnnxModel

WIDTH = 6
_RANDOM = np.random.default_rng(3)
X: NDArray[np.float64] = _RANDOM.normal(size=(400, WIDTH)).astype(np.float32).astype(np.float64)
RISES = (X[:, 0] + _RANDOM.normal(size=400) > 0).astype(int)

CLASSIFIERS = {
    "logistic": lambda: LogisticRegression(),
    "scaled": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
    "forest": lambda: RandomForestClassifier(15, max_depth=5, random_state=1),
    "boosted": lambda: GradientBoostingClassifier(n_estimators=15, random_state=1),
    "network": lambda: MLPClassifier((5,), max_iter=40, random_state=1),
}


def sklearn_file(model: Any, *, double: bool = False, maps: bool = False) -> bytes:
    kind = DoubleTensorType if double else FloatTensorType
    file = to_onnx(model, initial_types=[("x", kind([None, WIDTH]))], options={"zipmap": maps})
    return bytes(file.SerializeToString())


def served(file: bytes) -> NDArray[np.float64]:
    return OnnxModel(file).predict_many(X[:, None, :])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_scikit_learn(name: str) -> None:
    model = CLASSIFIERS[name]().fit(X, RISES)
    theirs = model.predict_proba(X)[:, 1]
    # Its exporter writes no trees of boosting in double precision that ONNX Runtime reads.
    for how in ({}, {"maps": True}, *([{"double": True}] if name != "boosted" else [])):
        assert np.abs(served(sklearn_file(model, **how)) - theirs).max() < 1e-6, (name, how)


def test_labels_of_any_kind_the_last_is_the_rise() -> None:
    model = LogisticRegression().fit(X, np.where(RISES == 1, "up", "down"))
    for maps in (False, True):
        assert np.abs(served(sklearn_file(model, maps=maps)) - np.asarray(model.predict_proba(X))[:, 1]).max() < 1e-6


def test_lightgbm() -> None:
    model = LGBMClassifier(n_estimators=20, verbose=-1, n_jobs=1).fit(X, RISES)
    for maps in (False, True):
        file = convert_lightgbm(model, initial_types=[("x", LightGbmFloat([None, WIDTH]))], zipmap=maps)
        assert np.abs(served(file.SerializeToString()) - np.asarray(model.predict_proba(X))[:, 1]).max() < 1e-6


def graph(
    nodes: list[onnx.NodeProto],
    inputs: dict[str, tuple[int, list[Any]]],
    outputs: dict[str, tuple[int, list[Any]]],
) -> bytes:
    taken, given = (
        [helper.make_tensor_value_info(name, *of) for name, of in each.items()] for each in (inputs, outputs)
    )
    made = helper.make_graph(nodes, "made", taken, given)
    return bytes(
        helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    )


ANY = ["n", WIDTH]
FLOAT = TensorProto.FLOAT
#: What each graph is, and what is said of it.
REFUSED: dict[str, tuple[bytes, str]] = {
    "no model": (b"no model", "ONNX file: expected a model that ONNX Runtime"),
    "two inputs": (
        graph(
            [helper.make_node("Add", ["a", "b"], ["p"])],
            {"a": (FLOAT, ["n"]), "b": (FLOAT, ["n"])},
            {"p": (FLOAT, ["n"])},
        ),
        r"ONNX input: expected one tensor with all inputs side by side, was 'a: tensor\(float\) \(any\); b:",
    ),
    "integers": (
        graph(
            [helper.make_node("Cast", ["x"], ["p"], to=FLOAT)], {"x": (TensorProto.INT64, ANY)}, {"p": (FLOAT, ANY)}
        ),
        r"expected float or double of shape .*, was 'x: tensor\(int64\) \(any, 6\)'",
    ),
    "one row only": (
        graph([helper.make_node("Sigmoid", ["x"], ["p"])], {"x": (FLOAT, [1, WIDTH])}, {"p": (FLOAT, [1, WIDTH])}),
        r"expected a first dimension of any size .*, was 'x: tensor\(float\) \(1, 6\)'",
    ),
    "labels alone": (
        graph(
            [helper.make_node("Cast", ["x"], ["p"], to=TensorProto.INT64)],
            {"x": (FLOAT, ANY)},
            {"p": (TensorProto.INT64, ANY)},
        ),
        r"ONNX output: expected one output with probabilities",
    ),
    "many columns": (
        graph([helper.make_node("Sigmoid", ["x"], ["p"])], {"x": (FLOAT, ANY)}, {"p": (FLOAT, ANY)}),
        r"expected shape \(400,\), \(400, 1\) or \(400, 2\) for 400 samples, was '\(400, 6\) in p'",
    ),
    "no probability": (
        graph([helper.make_node("ReduceSum", ["x"], ["p"])], {"x": (FLOAT, ANY)}, {"p": (FLOAT, [1, 1])}),
        r"expected shape",
    ),
    "a score": (
        graph([helper.make_node("ReduceMax", ["x"], ["p"], axes=[1])], {"x": (FLOAT, ANY)}, {"p": (FLOAT, ["n", 1])}),
        r"expected a probability in 0..1 in p \(output=logit if .*was '-?\d",
    ),
    "NaN": (
        graph(
            [
                helper.make_node("Neg", ["x"], ["m"]),
                helper.make_node("Abs", ["x"], ["a"]),
                helper.make_node("Neg", ["a"], ["b"]),
                helper.make_node("Log", ["b"], ["l"]),
                helper.make_node("ReduceMax", ["l"], ["p"], axes=[1]),
            ],
            {"x": (FLOAT, ANY)},
            {"p": (FLOAT, ["n", 1])},
        ),
        "ONNX output: expected finite numbers, was 'NaN or infinity in p",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused_in_words(what: str) -> None:
    file, words = REFUSED[what]
    with pytest.raises(BadInputError, match=words):
        served(file)


def test_three_classes_are_refused() -> None:
    model = LogisticRegression().fit(X, RISES + (X[:, 1] > 1))
    with pytest.raises(BadInputError, match=r"\(400, 2\) for 400 samples, was '\(400, 3\)"):
        served(sklearn_file(model))
    with pytest.raises(BadInputError, match=r"two classes, down and up, was '\[0, 1, 2\]"):
        served(sklearn_file(model, maps=True))


def test_the_logarithm_of_odds_is_taken_where_the_card_says_so() -> None:
    file = REFUSED["a score"][0]
    assert np.allclose(
        OnnxModel(file, "logit").predict_many(X[:, None, :]), 1 / (1 + np.exp(-X.max(axis=1))), atol=1e-7
    )


def test_bars_one_after_another_or_as_a_dimension() -> None:
    wide = graph(
        [helper.make_node("ReduceMax", ["x"], ["m"], axes=[1]), helper.make_node("Sigmoid", ["m"], ["p"])],
        {"x": (FLOAT, ["n", 2 * WIDTH])},
        {"p": (FLOAT, ["n", 1])},
    )
    deep = graph(
        [helper.make_node("ReduceMax", ["x"], ["m"], axes=[1, 2]), helper.make_node("Sigmoid", ["m"], ["p"])],
        {"x": (FLOAT, ["n", 2, WIDTH])},
        {"p": (FLOAT, ["n", 1, 1])},
    )
    two_bars = X[:200].reshape(100, 2, WIDTH)
    expected = 1 / (1 + np.exp(-two_bars.max(axis=(1, 2))))
    assert np.allclose(OnnxModel(wide).predict_many(two_bars), expected, atol=1e-7)
    with pytest.raises(BadInputError, match="expected shape"):  # (100, 1, 1) is no shape of probabilities
        OnnxModel(deep).predict_many(two_bars)
    with pytest.raises(BadInputError, match=r"shape \(n, 12\), which the model takes"):
        OnnxModel(wide).predict_many(X[:, None, :])
