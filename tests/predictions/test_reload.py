"""Promotions, rollbacks and kills at 200 predictions a second, on the embedded log (on Kafka: tests/kafka)."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.model_commands import settings_of
from tests.support.reloading import assert_reloaded


@pytest.mark.long
@pytest.mark.timeout(900)
def test_one_version_a_window_while_versions_change_and_the_service_dies(tmp_path: Path) -> None:
    assert_reloaded(settings_of(tmp_path))
