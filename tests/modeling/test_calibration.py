"""Calibration brings back what is off, leaves alone what is not, and stands inside the graph."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper
from sklearn.isotonic import IsotonicRegression

from modeling.calibration import ISOTONIC_SAMPLES, Platt, calibrated, fit_calibrator
from modeling.isotonic import Isotonic
from modeling.kind import Fitted
from modeling.metrics import brier
from modeling.onnx_graph import INPUT, head_nodes, model_bytes
from modeling.onnx_model import OnnxModel


def _market(count: int, boldness: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Windows, outcomes, forecasts whose logits are `boldness` times the truth's, and the truth."""
    random = np.random.default_rng(2)
    logits = random.normal(0, 0.6, count)
    truth = 1 / (1 + np.exp(-logits))
    y = (random.random(count) < truth).astype(float)
    return np.arange(count, dtype=np.int64), y, 1 / (1 + np.exp(-boldness * logits)), truth


def _expected_calibration_error(y: np.ndarray, p: np.ndarray) -> float:
    place = np.minimum((p * 20).astype(int), 19)
    return sum(abs(float((y - p)[place == each].sum())) for each in range(20)) / len(y)


@pytest.mark.parametrize("boldness", [2.0, 0.5])
def test_logits_that_are_off_are_brought_back(boldness: float) -> None:
    found = fit_calibrator(*_market(6_000, boldness)[:3], 1)
    assert isinstance(found, Platt) and found.slope == pytest.approx(1 / boldness, rel=0.15)
    times, y, said, truth = _market(50_000, boldness)
    after = found.apply(said)
    assert _expected_calibration_error(y, after) <= 0.02 < _expected_calibration_error(y, said)
    assert brier(y, after) <= 1.01 * brier(y, truth)
    assert times[-1] == 49_999


def test_what_is_not_off_stays() -> None:
    assert fit_calibrator(*_market(6_000, 1.0)[:3], 1) is None


def test_noise_is_not_calibrated() -> None:
    random = np.random.default_rng(3)
    times = np.arange(2_000, dtype=np.int64)
    y = random.integers(0, 2, 2_000).astype(float)
    assert fit_calibrator(times, y, np.full(2_000, 0.51), 5) is None
    assert fit_calibrator(times[:50], y[:50], random.random(50), 5) is None


def _plain() -> Fitted:
    """A graph whose logit is its only input."""
    nodes, constants = head_nodes(INPUT, np.array([[1.0]], dtype=np.float32), np.zeros(1, dtype=np.float32))
    nodes[0].input[0] = "row"
    graph = [helper.make_node("Reshape", [INPUT, "row_shape"], ["row"]), *nodes]
    constants["row_shape"] = np.array([-1, 1], dtype=np.int64)

    def native(x: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-x[:, -1, 0].astype(np.float64)))

    return Fitted(model_bytes(graph, constants, 1, 1), native, {})


def test_it_stands_inside_the_graph() -> None:
    plain = _plain()
    assert calibrated(plain, None) is plain
    fitted = calibrated(plain, Platt(0.5, 0.1))
    x = np.linspace(-4, 4, 50, dtype=np.float32).reshape(-1, 1, 1)
    wanted = 1 / (1 + np.exp(-(0.5 * x[:, 0, 0].astype(float) + 0.1)))
    assert OnnxModel(fitted.onnx).predict_many(x) == pytest.approx(wanted, abs=1e-6)
    assert fitted.native(x) == pytest.approx(wanted, abs=1e-6)
    assert fitted.params == {"calibration": "platt", "calibration_slope": 0.5, "calibration_intercept": 0.1}
    assert calibrated(plain, Platt(0.5, 0.1)).onnx == fitted.onnx


def _stepped(truth: np.ndarray) -> np.ndarray:
    """Timid about what is nearly a coin and bold about the rest: no slope and no shift undo both."""
    return 1 / (1 + np.exp(-np.clip(3 * np.log(truth / (1 - truth)) ** 3, -8, 8)))


#: How forecasts are off, and what must then be chosen of few samples and of many.
OFF: dict[str, tuple[Callable[[np.ndarray], np.ndarray], type, type]] = {
    "a shape": (_stepped, Platt, Isotonic),
    "too bold": (lambda truth: 1 / (1 + (1 / truth - 1) ** 2), Platt, Platt),
    "shifted": (lambda truth: 1 / (1 + (1 / truth - 1) * 1.5), Platt, Platt),
    "nothing": (lambda truth: truth, type(None), type(None)),
}


@pytest.mark.parametrize("off", OFF)
@pytest.mark.parametrize("many", [False, True])
def test_a_shape_is_taken_where_it_is_better_and_samples_are_many(off: str, many: bool) -> None:
    makes, of_few, of_many = OFF[off]
    times, y, _, truth = _market(12_000, 1.0)
    count = len(times) if many else ISOTONIC_SAMPLES - 1
    said = makes(truth)
    found = fit_calibrator(times[:count], y[:count], said[:count], 1)
    assert isinstance(found, of_many if many else of_few)
    if isinstance(found, Isotonic):
        shape, two = found.apply(said), Platt.fit(y, said).apply(said)
        assert brier(truth, shape) < brier(truth, two), "nearer to what is true"


def test_noise_of_many_samples_is_not_calibrated() -> None:
    random = np.random.default_rng(4)
    y, said = random.integers(0, 2, 8_000).astype(float), 1 / (1 + np.exp(-random.normal(0, 0.02, 8_000)))
    assert fit_calibrator(np.arange(8_000), y, said, 5) is None


@settings(derandomize=True, max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(20, 400), digits=st.integers(1, 7))
def test_the_graph_says_what_scikit_learn_says(seed: int, count: int, digits: int) -> None:
    """Also between points, beyond them, on ties and on steps as narrow as single precision allows."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 1, count).round(digits).astype(np.float32)
    plain = _plain()
    model = OnnxModel(plain.onnx)
    said = model.predict_many(logits.reshape(-1, 1, 1))
    y = (random.random(count) < said**2).astype(float)
    found = Isotonic.fit(y, said)
    if found is None:
        return
    lowest, highest = found.came[0], found.came[-1]
    ends = max(min(50, count // 2), count // 100)
    ordered = y[np.argsort(said, kind="stable")]
    assert lowest >= (ordered[:ends].sum() + 1) / (ends + 2) - 1e-12, "no bolder than its lowest samples together"
    assert highest <= (ordered[-ends:].sum() + 1) / (ends + 2) + 1e-12
    theirs = IsotonicRegression(y_min=lowest, y_max=highest, out_of_bounds="clip").fit(said, y)
    asked = np.concatenate([logits, random.normal(0, 3, 200), [-30, 30]]).astype(np.float32).reshape(-1, 1, 1)
    fitted = calibrated(plain, found)
    ours, wanted = OnnxModel(fitted.onnx).predict_many(asked), theirs.predict(model.predict_many(asked))
    assert np.abs(ours - wanted).max() <= 1e-6
    assert np.abs(fitted.native(asked) - wanted).max() <= 1e-6
    assert (np.diff(ours[np.argsort(asked[:, 0, 0], kind="stable")]) >= -1e-7).all(), "it never falls"
    assert ours.min() >= lowest - 1e-7 and ours.max() <= highest + 1e-7
    assert calibrated(plain, Isotonic.fit(y, said)).onnx == fitted.onnx
    assert fitted.params == {"calibration": "isotonic", "calibration_points": len(found.said)}


def test_a_few_samples_that_went_one_way_make_nothing_certain() -> None:
    """A later model that is bolder than those of the folds has many samples where they had a handful."""
    random = np.random.default_rng(12)
    said = np.concatenate([random.uniform(0.4, 0.6, 6_000), np.full(4, 0.3), np.full(4, 0.7)])
    y = np.concatenate([(random.random(6_000) < said[:6_000]).astype(float), np.zeros(4), np.ones(4)])
    found = Isotonic.fit(y, said)
    assert found is not None
    assert 0.35 < found.apply(np.array([0.2]))[0] < 0.5 < found.apply(np.array([0.8]))[0] < 0.65


def test_what_is_flat_is_no_shape() -> None:
    assert Isotonic.fit(np.repeat([1.0, 0.0], 50), np.linspace(0.4, 0.6, 100)) is None
