"""Training on each label: what it learns, what it is traded on, and what its card says."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from contracts.errors import BadSettingError
from modeling.dataset import Dataset, build_dataset
from modeling.judging.trading import trade
from modeling.labels import LABELS, LabelName
from modeling.model_card import ModelCard
from modeling.splits import walk_forward
from training.fit import Trained, train_model
from training.recipe import out_of_sample
from training.settings import TrainingSettings

#: Costs that about half of these rows' moves exceed.
CHEAP = {"EXECUTION_FEE_BPS": 15, "EXECUTION_SLIPPAGE_BPS": 0, "minimum_confidence": 0.5, "cooldown_bars": 0}


def _settings(name: LabelName) -> TrainingSettings:
    return TrainingSettings.model_validate({"label": name, **CHEAP})


@pytest.fixture(scope="module")
def data(history) -> dict[LabelName, Dataset]:
    return {name: build_dataset(history, 1, 5, 60, label=_settings(name).label_rule) for name in LABELS}


@pytest.fixture(scope="module")
def trained(data) -> dict[LabelName, Trained]:
    return {name: train_model(data[name], _settings(name), lambda *_: None) for name in LABELS}


@pytest.mark.parametrize("name", LABELS)
def test_the_card_says_what_is_foreseen(name: LabelName, trained) -> None:
    card = trained[name].card
    assert card.label == _settings(name).label_rule
    assert ModelCard.read(card.to_json()) == card
    without = card.model_dump(mode="json", exclude={"label"})
    assert ModelCard.model_validate(without).label.name == "rise", "cards from before there were labels"


def test_what_is_enough_at_lower_fees_is_refused_at_higher_ones(data) -> None:
    """A third of the moves exceed 30 basis points, one in a hundred 84, and none a tenth of the price."""
    settings = _settings("rise")
    with pytest.raises(BadSettingError, match=r"84 basis points \(from \d+ on\).*was '5 bars, over which 1\.\d % "):
        train_model(data["rise"], TrainingSettings(), lambda *_: None)
    with pytest.raises(BadSettingError, match=r"\(at none up to 1,440 bars\)"):
        train_model(data["rise"], settings.model_copy(update={"fee_bps": Decimal(2_000)}), lambda *_: None)


@pytest.mark.parametrize("name", LABELS)
def test_bars_of_neither_side_are_traded_and_not_judged(name: LabelName, trained, data) -> None:
    """But for `rise`, whose zeros are closes that did not move."""
    found, card = data[name], trained[name].card
    judged = trained[name].validation
    assert card.metrics["n"] == len(judged) and set(found.samples.y[judged]) == {0.0, 1.0}
    settings = _settings(name)
    own = trade(
        found.times_ms[judged],
        found.pair_numbers[judged],
        found.next_opens[judged],
        trained[name].forecast,
        settings.trading_rule,
        60_000,
    )
    assert card.verdict is not None
    if LABELS[name].trades_zeros:
        assert len(found.idle.samples) > 100
        assert card.verdict.buys != own.buys
    else:
        assert len(found.idle.samples) == 0
        assert card.verdict.buys == own.buys


@pytest.mark.parametrize("name", ["net", "triple_barrier"])
def test_every_bar_between_the_judged_ones_is_forecast(name: LabelName, data) -> None:
    settings, found = _settings(name), data[name]
    folds = list(walk_forward(found.times_ms, 300_000, settings.folds, settings.first_train_fraction))
    stitched = out_of_sample(settings.recipe, found, folds, lambda *_: None)
    idle = stitched.idle
    assert np.isfinite(idle.forecast).all() and len(np.unique(idle.times_ms)) > 50
    spans = [(found.times_ms[fold.test].min(), found.times_ms[fold.test].max()) for fold in folds]
    expected = sum(int(((found.idle.times_ms >= low) & (found.idle.times_ms <= high)).sum()) for low, high in spans)
    assert len(idle.times_ms) == expected
