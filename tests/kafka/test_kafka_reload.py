"""Promotions, rollbacks and kills at 200 predictions a second, on Apache Kafka (embedded: tests/predictions)."""

from __future__ import annotations

import pytest
from tests.support.reloading import assert_reloaded

from streaming.settings import ServiceSettings


@pytest.mark.long
@pytest.mark.timeout(900)
def test_one_version_a_window_while_versions_change_and_the_service_dies(on_kafka: ServiceSettings) -> None:
    assert_reloaded(on_kafka)
