"""The settings a run writes down: a value counts as changed when it says something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.accounts_settings import AccountsSettings
from results.run_folder import RunFolder
from results.run_settings import environment_settings, record_settings, settings_of

ACCOUNTS = '[{"name": "main", "pairs": ["BTC/USD"], "position_pct": "20"}]'
SAME_ACCOUNTS = '[{"position_pct":"20","pairs":["BTC/USD"],"name":"main"}]'
OTHER_ACCOUNTS = '[{"name": "main", "pairs": ["BTC/USD"], "position_pct": "30"}]'


@pytest.mark.parametrize(
    ("second", "changed"), [(ACCOUNTS, ()), (SAME_ACCOUNTS, ()), (OTHER_ACCOUNTS, ("TRADESTREAM_ACCOUNTS",))]
)
def test_a_setting_changed_only_if_it_says_something_else(
    second: str, changed: tuple[str, ...], tmp_path: Path
) -> None:
    place = RunFolder(tmp_path)
    place.work.mkdir()
    for accounts in (ACCOUNTS, second):
        record_settings(place, {"TRADESTREAM_ACCOUNTS": accounts, "EXECUTION_FEE_BPS": "26"})
    assert settings_of(place).changed == changed


def test_all_that_says_who_trades_is_written_down() -> None:
    """Or a replay would trade by other limits, or for others."""
    said = {str(field.validation_alias): "[]" for field in AccountsSettings.model_fields.values()}
    assert len(said) == 3 and environment_settings(said).items() >= said.items()
