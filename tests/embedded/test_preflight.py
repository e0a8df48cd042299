"""Settings that no run could work with are refused before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.processes import free_port

from contracts.errors import BadInputError
from embedded.preflight import _require_store, require_features
from streaming.errors import SettingsError

PAIRS = ("BTC/USD", "ETH/USD")


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"INDICATORS_FEATURE_SET": "ful"}, r"INDICATORS_FEATURE_SET: expected one of core, full, was 'ful'"),
        (
            {"TRADESTREAM_REFERENCE_PAIRS": '{"ETH/USD": "XBT/USD"}'},
            r"pairs that stream, BTC/USD, ETH/USD, was 'XBT/USD'",
        ),
        ({"TRADESTREAM_REFERENCE_PAIRS": "ETH/USD=BTC/USD"}, r"TRADESTREAM_REFERENCE_PAIRS: expected .*JSON"),
        ({"TRADESTREAM_REFERENCE_PAIRS": '{"ETH/USD": "ETH/USD"}'}, r"expected another pair than itself"),
        ({"TRADESTREAM_REFERENCE_PAIRS": '{"ETH/USD": "BTC-USD"}'}, r"TRADESTREAM_REFERENCE_PAIRS: expected"),
        (
            {"TRADESTREAM_REFERENCE_PAIRS": '{"ETH/USD": "BTC/USD", "ETH/USD": "SOL/USD"}'},
            r"expected ETH/USD once, was there 2 times",
        ),
        ({"TRADESTREAM_REFERENCE_PAIRS": '["ETH/USD"]'}, r"TRADESTREAM_REFERENCE_PAIRS: expected a valid dictionary"),
    ],
    ids=["set", "does not stream", "no JSON", "itself", "no pair", "twice", "a list"],
)
def test_refused(settings: dict[str, str], complaint: str) -> None:
    with pytest.raises(BadInputError, match=complaint):
        require_features(settings, PAIRS)


def test_what_works_passes() -> None:
    require_features({}, PAIRS)
    # A follower may be subscribed later.
    require_features({"TRADESTREAM_REFERENCE_PAIRS": '{"ETH/USD": "BTC/USD", "SOL/USD": "BTC/USD"}'}, PAIRS)
    require_features({"INDICATORS_FEATURE_SET": "full", "TRADESTREAM_REFERENCE_PAIRS": "{}"}, PAIRS)
    require_features({"TRADESTREAM_REFERENCE_PAIRS": ""}, PAIRS)


def test_a_store_that_does_not_answer_is_told_before_anything_starts(tmp_path: Path) -> None:
    url = f"postgresql://someone:secret@127.0.0.1:{free_port()}/features"
    with pytest.raises(SettingsError, match="TRADESTREAM_STORE_URL: expected a database, PostgreSQL: ") as refused:
        _require_store({"TRADESTREAM_STORE_URL": url})
    assert "secret" not in str(refused.value)
    for fine in ("off", f"sqlite:///{tmp_path}/store.sqlite", ""):
        _require_store({"TRADESTREAM_STORE_URL": fine})
    assert list(tmp_path.iterdir()) == []
