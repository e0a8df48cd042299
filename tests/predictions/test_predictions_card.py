"""The contract card names every setting, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from predictions.settings import PredictionsSettings
from streaming.settings import environment_variable

_CARD = Path(__file__).parents[2] / "services" / "predictions" / "README.md"


def test_settings_table_is_complete() -> None:
    variables = {environment_variable(PredictionsSettings, field) for field in PredictionsSettings.model_fields}
    own = {variable for variable in variables if variable.startswith("PREDICTIONS_")}
    listed = set(re.findall(r"^\| `(PREDICTIONS_\w+)` \|.*\|.*\|$", _CARD.read_text(encoding="utf-8"), re.MULTILINE))
    assert listed == own
