"""A storm's run held against a backtest of it and against paper, as `tradestream backtest --of` does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.live_storm import LiveStorm

from backtest.again import again
from backtest.divergence.diverge import Divergence, diverge
from backtest.parity import Compared, hold
from embedded.backtests import terms_of_run
from results.export.write import export
from results.run_folder import RunFolder


def held_against(storm: LiveStorm, out: Path) -> tuple[Sequence[Compared], Sequence[Divergence]]:
    """Leave the storm's log as a run does, in `out`; return what a backtest of it finds."""
    place = RunFolder(out)
    place.create()
    place.log.symlink_to(storm.folder / "log", target_is_directory=True)
    told = {name: value for name, value in storm.variables.items() if "SECRET" not in name and "KEY" not in name}
    record = {"runs": [{"from": "2026-01-01T00:00:00Z", "settings": told}]}
    (place.work / "settings.json").write_text(json.dumps(record), encoding="utf-8")
    export(storm.folder / "log", out)
    accounts = again(out, terms_of_run(out))
    outcomes = [each.outcome() for each in accounts]
    return hold(out, outcomes), [diverge(*each) for each in zip(accounts, outcomes, strict=True)]
