"""The contract card names every setting, and no other, and every kind of model."""

from __future__ import annotations

import re

from tests.support.workspace import ROOT

from modeling.kinds import MODELS
from streaming.settings import environment_variable
from training.settings import TrainingSettings

CARD = (ROOT / "services/training/README.md").read_text(encoding="utf-8")


def test_settings_table_is_complete() -> None:
    variables = {environment_variable(TrainingSettings, field) for field in TrainingSettings.model_fields}
    own = {variable for variable in variables if variable.startswith("PREDICTIONS_")}
    assert set(re.findall(r"^\| `(PREDICTIONS_\w+)` \|.*\|.*\|$", CARD, re.MULTILINE)) == own


def test_every_kind_of_model_is_described() -> None:
    described = re.findall(r"^\| `([a-z_]+)` \| .* \| (\d+) bars? \|$", CARD, re.MULTILINE)
    assert described == [(kind.name, str(kind.sequence_length)) for kind in MODELS.values()]
