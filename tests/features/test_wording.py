"""What is printed of a feature is what is computed, and the tutorial's example of a new feature works."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from features import FAMILIES, FEATURES, Family, Feature, feature_set_id, functions
from features.expressions import CalendarName, Column, ColumnName, Expression, Function, Talib
from features.wording import abbreviated, known_after

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs/tutorial/own-feature.md"


class Words(dict[str, Any]):
    """What the words of a printed formula mean; a name in capitals is a function of TA-Lib."""

    def __init__(self, parts: dict[str, str]) -> None:
        super().__init__(WORDS)
        self.parts = parts

    def __missing__(self, name: str) -> Any:
        if not name.isupper():
            return read(self.parts[name], self.parts)

        def outputs(*inputs: Column, **parameters: float) -> Any:
            kind = Talib(name, tuple(column.name for column in inputs), tuple(parameters.items()), (0,))
            return Several(kind) if name in {"MACD", "STOCHRSI", "SUPERTREND", "DI"} else kind

        return outputs


class Several:
    """A TA-Lib function with several outputs."""

    def __init__(self, kind: Talib) -> None:
        self.kind = kind

    def __getitem__(self, output: int) -> Talib:
        return replace(self.kind, output=output, outputs=2)


WORDS = {
    **{name: Column(name) for name in get_args(ColumnName)},
    **{name: functions.calendar(name) for name in get_args(CalendarName)},
    **{name: getattr(functions, name) for name in ("lag", "mean", "deviation", "log", "sqrt", "sign", "positive")},
    "sum": functions.total,
    "max": functions.highest,
    "min": functions.lowest,
    "sin": functions.sine,
    "cos": functions.cosine,
    "step": lambda value: Function("step", value),
    "otherwise": lambda quotient, value: functions.ratio(quotient.left, quotient.right, value),
}


def read(text: str, parts: dict[str, str]) -> Expression:
    """The expression that a printed formula is."""
    python = re.sub(r"\((.*), or (\S+) if that divides by 0\)", r"otherwise(\1, \2)", text)
    return eval(python, {"__builtins__": {}}, Words(parts))


@pytest.mark.parametrize(
    ("feature", "family"),
    [pytest.param(feature, family, id=feature.name) for family in FAMILIES for feature in family.features],
)
def test_a_formula_is_printed_as_it_is_executed(feature: Feature, family: Family) -> None:
    text, parts = abbreviated(feature.formula, family.parts)
    assert str(read(text, parts)) == str(feature.formula)


def test_how_much_history_in_words() -> None:
    words = {feature.name: known_after(feature) for feature in FEATURES}
    assert words["sma_7"] == "7 bars"
    assert words["range_ratio"] == "1 bar"
    assert words["ema_7"] == "an anchor with 80 bars before it"
    assert words["rsi_14"] == "an anchor with 295 to 668 bars before it"
    assert words["ema_7_slope"] == "an anchor with 80 bars before it and 1 bar after it"
    assert words["range_ratio_15m"] == "1 closed bar of 15 minutes"
    assert words["reference_log_return_1"] == "2 bars with a reference"
    slow = functions.ema(7) - functions.mean(functions.close, 200)
    assert known_after(Feature("slow", slow, "quote", "", "")) == "200 bars and an anchor with 80 bars before it"


#: What a feature that is added in one file must bring with it, without another line.
_BRINGS = """
from contracts.feature_row import FeatureRow
from contracts.feature_columns import FEATURE_SET_IDS, serves
from features import FEATURES, feature_set_id
from docs.writers import features as page
from contracts.schemas import render
from featurestore.ddl import statements
import numpy as np
from tests.support.bar_series import simulated
from results.gallery.bars import Bars
from results.gallery.page import render as gallery
from features.batch import compute
feature = next(feature for feature in FEATURES if feature.name == "efficiency_10")
assert feature.bars() == 11 and feature.memory == "finite"
assert "efficiency_10" in FeatureRow.model_fields and "efficiency_10" in render(FeatureRow)
assert any('"efficiency_10"' in statement for statement in statements())
assert any(line.startswith("| `efficiency_10` |") for line in page.lines()) and "### Efficiency" in page.lines()
assert serves(FEATURE_SET_IDS["full"], FEATURE_SET_IDS["core"]), feature_set_id("core")
bars = simulated(60)
values = compute(bars.starts_ms, bars.columns, 60, [feature])["efficiency_10"]
steps = np.diff(bars.columns["close"])[-10:]
assert np.isnan(values[:10]).all() and abs(values[-1] - steps.sum() / np.abs(steps).sum()) < 1e-12
print(feature_set_id("core"))
"""


def test_the_example_of_a_new_feature_works(tmp_path: Path) -> None:
    """In a copy of contracts and features: the file is saved there, and nothing else is touched."""
    example = re.search(r"```python\n(.*?)```", TUTORIAL.read_text(encoding="utf-8"), re.DOTALL)
    assert example
    for member in ("contracts", "features"):
        shutil.copytree(ROOT / f"packages/{member}/src/{member}", tmp_path / member)
    (tmp_path / "features/catalogue/efficiency.py").write_text(example.group(1), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    output = ""
    for command in (["-m", "features.columns", str(tmp_path / "contracts/feature_columns.json")], ["-c", _BRINGS]):
        done = subprocess.run(
            [sys.executable, *command], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        output += done.stdout
    assert output.strip() == feature_set_id("core"), "models of the set core are still served"
