"""`docs/how-to/strategies.md` is true: its strategies pass their checks, and the command says what the page shows."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from tests.support.workspace import ROOT
from typer.testing import CliRunner

from embedded.cli import app
from strategies.built_in import STRATEGIES
from strategies.checks.laws import LAWS
from strategies.checks.markets import made_up, with_given
from strategies.formulas import formulas_of
from strategies.loading import load
from strategies.running import targets

PAGE = (ROOT / "docs/how-to/strategies.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
FILES = [block for block in BLOCKS if "(Strategy)" in block]
(SHOWN,) = re.findall(r"```text\n\$ (.*?)\n(.*?)```", PAGE, re.DOTALL)


def test_the_command_says_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sma_trend.py").write_text(FILES[0], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    command, said = SHOWN
    done = CliRunner().invoke(app, command.split()[1:])
    assert done.exit_code == 0, done.output
    assert [line.rstrip() for line in done.stdout.splitlines()] == said.splitlines()


@pytest.mark.parametrize("place", range(len(FILES)))
def test_its_strategies_hold_every_law(place: int, tmp_path: Path) -> None:
    path = tmp_path / "of_the_page.py"
    path.write_text(FILES[place], encoding="utf-8")
    file = load(path)
    formulas = formulas_of(file.made())
    bars = 3_000 if formulas.is_anchored else 900
    market = with_given(made_up(bars)[0], formulas.asked, formulas.models)
    assert {name: law(file, {}, market) for name, law in LAWS.items()} == dict.fromkeys(LAWS)
    said = targets(file.made(), market.rows)
    assert {0.0, 1.0} <= set(said[~np.isnan(said)])


def test_its_program_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sma_trend.py").write_text(FILES[0], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(compile(BLOCKS[-1], "strategies.md", "exec"), names)
    assert len(names["held"]) == 3_000  # type: ignore[arg-type]


def test_its_search_suggests_what_may_be_given() -> None:
    class Trial:
        def suggest_int(self, name: str, low: int, high: int, *, step: int) -> int:
            return low + step

        def suggest_float(self, name: str, low: float, high: float, *, step: float) -> float:
            return low + step

    names: dict[str, object] = {}
    (search,) = (block for block in BLOCKS if "def suggested" in block)
    exec(compile(search, "strategies.md", "exec"), names)
    for file in STRATEGIES.values():
        given = names["suggested"](Trial(), file.kind)  # type: ignore[operator]
        assert file.made(given).values == given
