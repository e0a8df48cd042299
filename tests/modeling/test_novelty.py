"""What is unlike the training rows is found, what is like them is not, and the graph says what the formula says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from benchmarks.gate.markets import MINUTE_MS, RULES, START_MS, market
from onnx import helper
from sklearn.cluster import KMeans

from contracts.errors import BadInputError
from modeling.dataset import Dataset, Samples, build_dataset
from modeling.kind import Fitted, Scaling
from modeling.model_card import ModelCard
from modeling.novelty import Novelty, with_novelty
from modeling.onnx_graph import head_nodes, model_bytes
from modeling.onnx_model import OnnxModel
from modeling.registered import StoredModel
from predictions.served_model import ServedModel

HOURS = 40
#: Of the touched bars: where they begin, and how many averages of 60 closes then look over a step.
FIRST, LOOK_BACK = 1_900, 60
TURBULENT = 240


def _step(columns: dict[str, Any]) -> dict[str, Any]:
    """Prices half as high again from one bar on."""
    factor = np.where(np.arange(len(columns["close"])) < FIRST, 1.0, 1.5)
    return columns | {name: columns[name] * factor for name in ("open", "high", "low", "close")}


def _turbulence(columns: dict[str, Any]) -> dict[str, Any]:
    """Returns and ranges twenty times as wide on some bars."""
    opened, closed = columns["open"], columns["close"]
    place = np.arange(len(closed))
    factor = np.where((place >= FIRST) & (place < FIRST + TURBULENT), 20.0, 1.0)
    close = opened[0] * np.exp(np.cumsum(np.log(closed / opened) * factor))
    opens = np.concatenate([opened[:1], close[:-1]])
    above = (columns["high"] / np.maximum(opened, closed) - 1) * factor
    below = np.minimum((1 - columns["low"] / np.minimum(opened, closed)) * factor, 0.9)
    high, low = np.maximum(opens, close) * (1 + above), np.minimum(opens, close) * (1 - below)
    return columns | {"open": opens, "close": close, "high": high, "low": low}


def _data(seed: int, length: int, touch: Callable[[dict[str, Any]], dict[str, Any]] = dict) -> Dataset:
    return build_dataset(market(RULES["noise"], seed, HOURS, touch=touch).rows, length, 5, 60)


@pytest.fixture(scope="module", params=[1, 6])
def length(request: pytest.FixtureRequest) -> int:
    found: int = request.param
    return found


@pytest.fixture(scope="module")
def train(length: int) -> Samples:
    return _data(0, length).samples


@pytest.fixture(scope="module")
def novelty(train: Samples) -> Novelty:
    return Novelty.of(train)


def _unfamiliar(novelty: Novelty, train: Samples, data: Dataset) -> np.ndarray:
    served = OnnxModel(with_novelty(_plain(train.length, train.bars.shape[1]), novelty).onnx)
    said = np.concatenate([served.novelty_many(x) for x in data.samples.chunks()])
    return np.round(said, 4) > novelty.threshold(train)


def test_ordinary_rows_of_another_market_are_familiar(novelty: Novelty, train: Samples, length: int) -> None:
    assert _unfamiliar(novelty, train, _data(100, length)).mean() <= 0.01


@pytest.mark.parametrize(("touch", "bars"), [(_step, LOOK_BACK), (_turbulence, TURBULENT)])
def test_touched_rows_are_unfamiliar(novelty: Novelty, train: Samples, length: int, touch: Any, bars: int) -> None:
    data = _data(200, length, touch)
    place = (data.times_ms - START_MS) // MINUTE_MS
    touched = (place >= FIRST) & (place < FIRST + bars)
    found = _unfamiliar(novelty, train, data)
    assert touched.sum() > 2.9 * bars
    assert found[touched].mean() >= 0.99
    assert found[place < FIRST].mean() <= 0.01


def test_it_is_the_least_distance_to_a_centre_of_the_farthest_bar(novelty: Novelty, train: Samples) -> None:
    """Against every distance on its own, without the binomial formula of the graph."""
    x = train.x(slice(0, 200))
    z = (x.astype(float) - novelty.scaling.mean) / novelty.scaling.deviation
    every = np.linalg.norm(z[:, :, None, :] - novelty.centres, axis=-1)
    wanted = every.min(axis=2).max(axis=1) / novelty.unit
    assert novelty.distances(x) == pytest.approx(wanted, abs=1e-9)
    served = OnnxModel(with_novelty(_plain(train.length, train.bars.shape[1]), novelty).onnx)
    assert served.novelty_many(x) == pytest.approx(wanted, rel=1e-6)
    one = [served.answer(each.astype(float).tolist()) for each in x[:20]]
    assert [each.novelty for each in one] == pytest.approx(wanted[:20], rel=1e-6)
    assert [each.probability_up for each in one] == served.predict_many(x[:20]).tolist()


def test_the_mean_of_training_rows_is_one_and_few_are_above_the_threshold(novelty: Novelty, train: Samples) -> None:
    last = Samples(train.bars, train.ends, 1, train.y)
    assert novelty.distances(last.x()).mean() == pytest.approx(1.0, abs=1e-9)
    seen = np.concatenate([novelty.distances(x) for x in train.chunks()])
    assert novelty.threshold(train) == pytest.approx(2 * np.quantile(seen, 0.999), abs=1e-4)
    assert (seen > novelty.threshold(train)).mean() < 0.001


def test_centres_are_about_as_near_as_those_of_scikit_learn(novelty: Novelty, train: Samples) -> None:
    last = Samples(train.bars, train.ends, 1, train.y).x()
    z = (last[:, 0].astype(float) - novelty.scaling.mean) / novelty.scaling.deviation
    theirs = KMeans(len(novelty.centres), n_init=1, random_state=7).fit(z).cluster_centers_
    ours, others = (((z[:, None] - each) ** 2).sum(axis=-1).min(axis=1).mean() for each in (novelty.centres, theirs))
    assert ours < 1.1 * others


def test_by_hand() -> None:
    """Deviations (1, 2) around (1, 0), centres 0 and (3, 4): (7, 16) is (6, 8), 5 from the second, 2.5 units of 2."""
    scaling = Scaling(np.array([1, 0], dtype=np.float32), np.array([1, 2], dtype=np.float32))
    novelty = Novelty(scaling, np.array([[0.0, 0.0], [3.0, 4.0]]), 2.0)
    served = OnnxModel(with_novelty(_plain(2, 2), novelty).onnx)
    sequence = [[7.0, 16.0], [1.0, 2.0]]  # the second bar is (0, 1), half a unit from the first centre
    assert served.answer(sequence).novelty == 2.5
    assert served.answer(sequence[::-1]).novelty == 2.5
    assert served.answer([[1.0, 2.0], [1.0, 0.0]]).novelty == 0.5
    far = served.answer([[3e38, -3e38], [0.0, 0.0]]).novelty
    assert far == pytest.approx(1e4 * 2**0.5 / 2, rel=1e-3)  # as far as it reaches, and a number


def test_rows_that_are_all_alike_give_a_number() -> None:
    same = Samples(np.ones((50, 3), dtype=np.float32), np.arange(50), 1, np.zeros(50))
    novelty = Novelty.of(same)
    assert (novelty.unit, novelty.threshold(same)) == (1.0, 0.0)
    assert novelty.distances(np.full((1, 1, 3), 2, dtype=np.float32)) == pytest.approx(3**0.5)


def test_a_model_without_the_output_does_not_say() -> None:
    model = OnnxModel(_plain(1, 2).onnx)
    assert model.interface.novelty is None
    assert model.answer([[0.0, 0.0]]).novelty is None
    with pytest.raises(BadInputError, match="one called novelty"):
        model.novelty_many(np.zeros((1, 1, 2)))


def test_a_threshold_without_the_output_is_refused(champion: Any) -> None:
    card: ModelCard = champion.trained.card
    assert card.novelty_threshold is not None
    plain = _plain(card.sequence_length, len(card.input_names)).onnx
    with pytest.raises(BadInputError, match="one called novelty"):
        ServedModel.of(StoredModel(1, card, plain), 60)
    older = ModelCard.read(card.model_copy(update={"novelty_threshold": None}).to_json())
    assert ServedModel.of(StoredModel(1, older, plain), 60).facts.novelty_threshold is None


def _plain(bars: int, inputs: int) -> Fitted:
    """A model that says little: the sigmoid of a hundredth of the sum."""
    shape = {"row_shape": np.array([-1, bars * inputs], dtype=np.int64)}
    weight, bias = np.full((1, bars * inputs), 0.01, dtype=np.float32), np.zeros(1, dtype=np.float32)
    head, constants = head_nodes("row", weight, bias)
    nodes = [helper.make_node("Reshape", ["inputs", "row_shape"], ["row"]), *head]
    return Fitted(model_bytes(nodes, {**shape, **constants}, bars, inputs), lambda x: x.mean(axis=(1, 2)), {})
