"""The fills of a storm of orders lead down to their trades where the store is PostgreSQL, too."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from benchmarks.postgres import running_postgres
from tests.chaos.live_storm import PRELOADED, LiveStorm
from tests.support.fork_server import prepare_server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.skipif(not shutil.which("initdb"), reason="PostgreSQL's initdb is not installed"),
]


def test_every_fill_is_explained_within_a_second(tmp_path: Path) -> None:
    prepare_server(PRELOADED)
    with running_postgres() as store:
        storm = LiveStorm(
            tmp_path, signals=0, kills=1, accounts=3, pairs=("BTC/USD", "ETH/USD"), share=0.1, seconds=12, store=store
        )
        verdict, _ = storm.run()
        explained = storm.explained()
    assert verdict.good, verdict.table()
    print(explained)
    assert explained.fills == verdict.fills > 10
    assert not explained.missing
    assert explained.slowest_seconds < 1
