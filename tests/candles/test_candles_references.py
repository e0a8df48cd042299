"""The candles of a reference pair are copied to each pair that is compared with it, and nothing else changes."""

from __future__ import annotations

from typing import Any

import pytest
from tests.candles import market

from candles.app import outputs, topology
from candles.settings import CandlesSettings
from contracts.topics import CANDLES, REFERENCE_CANDLES, TRADES
from streaming.errors import SettingsError
from streaming.settings import read_settings
from streaming.testing import TopologyRun, run_topology

FOLLOWED = {"ETH/USD": "BTC/USD", "SOL/USD": "BTC/USD"}


def serve(messages: list[Any], **settings: Any) -> TopologyRun:
    given = CandlesSettings(store_url="off", **settings)
    return run_topology(topology, given, "candles", {TRADES: messages}, outputs(given))


def trades() -> list[Any]:
    """Three minutes of two pairs, then a trade that is late for the first minute."""
    frames = [market.frame([market.at(30 * n, n, price=str(100 + n)) for n in range(1, 7)])]
    frames += [frames[0].model_copy(update={"pair": "ETH/USD"})]
    return [*frames, market.frame([market.at(50, 7, price="99")])]


def test_each_follower_gets_each_final_candle_of_its_reference_once() -> None:
    run = serve(trades(), reference_pairs=FOLLOWED)
    finals = [each for each in run["candles"] if each.pair == "BTC/USD" and each.revision == 0]
    assert len(finals) == 3
    assert any(each.revision for each in run["candles"]), "nothing was late"
    for follower in FOLLOWED:
        copies = [each for each in run["reference-candles"] if each.pair == follower]
        assert {each.reference_pair for each in copies} == {"BTC/USD"}
        assert [(each.window_start_ms, each.close, each.quality) for each in copies] == [
            (each.window_start_ms, each.close, each.quality) for each in finals
        ]
    records = run.records["reference-candles"]
    assert {record.key for record in records} == {pair.encode() for pair in FOLLOWED}
    assert [record.timestamp_ms for record in records] == [each.window_end_ms for each in run["reference-candles"]]


def test_candles_are_the_same_with_references_and_without() -> None:
    plain, followed = serve(trades()), serve(trades(), reference_pairs=FOLLOWED)
    assert "reference-candles" not in plain
    assert [record.value for record in plain.records["candles"]] == [
        record.value for record in followed.records["candles"]
    ]
    assert outputs(CandlesSettings()) == [CANDLES]
    assert outputs(CandlesSettings(reference_pairs=FOLLOWED)) == [CANDLES, REFERENCE_CANDLES]


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ('{"BTC/USD": "BTC/USD"}', "expected another pair than itself as the reference of BTC/USD"),
        ('{"ETH/USD": "BTCUSD"}', "expected a pair written BASE/QUOTE"),
        ('{"ETHUSD": "BTC/USD"}', "expected a pair written BASE/QUOTE"),
        ("BTC/USD", "expected JSON"),
        ('{"ETH/USD": "BTC/USD", "ETH/USD": "SOL/USD"}', "expected ETH/USD once, was there 2 times"),
    ],
)
def test_references_that_cannot_be_are_refused(value: str, complaint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADESTREAM_REFERENCE_PAIRS", value)
    with pytest.raises(SettingsError, match=f"TRADESTREAM_REFERENCE_PAIRS.*{complaint}"):
        read_settings(CandlesSettings)
