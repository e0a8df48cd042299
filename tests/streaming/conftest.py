"""Fixtures of the streaming tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from loguru import logger

from streaming.settings import ServiceSettings

hypothesis_settings.register_profile("streaming", derandomize=True, deadline=None, max_examples=25)
hypothesis_settings.load_profile("streaming")


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    """Settings of a service whose log, data and state live in the test's folder."""
    return ServiceSettings(
        broker_address=f"embedded://{tmp_path}/log",
        data_dir=tmp_path,
        commit_interval_seconds=0.05,
        log_level="WARNING",
    )


@pytest.fixture(autouse=True)
def _plain_logging() -> Iterator[None]:
    """A service's logging ends with its test."""
    yield
    logger.remove()
    logger.add(lambda line: print(line, end="", file=sys.stderr), level="WARNING")
