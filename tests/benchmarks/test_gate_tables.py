"""The tables of `make gate-real` and `make psi-study` are tables: nothing stands between their rows."""

from __future__ import annotations

import pytest
from benchmarks.gate.real import HEAD, RECORDED
from tests.support.processes import run

MINUTES = next(path for path in RECORDED if "1m" in path.name)


@pytest.mark.long
@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("benchmarks.gate.real", (MINUTES, "--pair", "BTC/EUR", "--kinds", "logistic,lightgbm")),
        ("benchmarks.gate.stability", ("--seeds", "1")),
    ],
)
def test_what_training_says_does_not_stand_between_the_rows(module: str, arguments: tuple[object, ...]) -> None:
    done = run(module, *arguments)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    lines = done.stdout.rstrip().splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith("|"))
    table = lines[first:]
    assert len(table) == len(HEAD) + 2 and all(line.startswith("| ") or set(line) <= set("|-") for line in table)
