"""Orders through all faults of a venue, gateway and execution killed: nothing is sent twice, lost or booked twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.chaos.gateway_without.__main__ import PROTECTIONS
from tests.chaos.order_storm import PRELOADED, Storm
from tests.support.fork_server import prepare_server

from contracts.topics import SIGNALS
from exchanges.private.venues import PRIVATE_VENUES
from streaming.clients import read_topic

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("venue", sorted(PRIVATE_VENUES))
def test_books_equal_the_venues_truth_to_the_last_digit(tmp_path: Path, venue: str) -> None:
    prepare_server(PRELOADED)
    pairs = ("BTC/USD", "ETH/USD", "SOL/USD")
    storm = Storm(tmp_path, signals=60, kills=1, accounts=5, pairs=pairs, share=0.1, venue=venue)
    verdict, hits = storm.run()
    assert verdict.good, verdict.table()
    assert sorted(storm.killed) == ["execution", "gateway"]
    assert verdict.fills > 10 and verdict.unresolved > 0 and sum(hits.values()) > 10
    decisions = sum(1 for record in read_topic(storm.settings, SIGNALS) if b'"decision"' in (record.value or b""))
    assert decisions >= 60


@pytest.mark.long
@pytest.mark.parametrize("venue", sorted(PRIVATE_VENUES))
@pytest.mark.parametrize("without", sorted(PROTECTIONS))
def test_without_a_protection_the_storm_does_harm(tmp_path: Path, without: str, venue: str) -> None:
    prepare_server(PRELOADED)
    verdict, _ = Storm(tmp_path, signals=300, kills=2, accounts=10, share=0.15, without=without, venue=venue).run()
    assert verdict.harm, verdict.table()
