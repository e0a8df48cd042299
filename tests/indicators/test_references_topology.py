"""The service with a reference pair: two topics in, the same rows through restarts and kill -9."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from loguru import logger
from tests.support.bar_series import MIDNIGHT_MS, simulated
from tests.support.offsets import commit_offsets
from tests.support.processes import start
from tests.support.waiting import GIVE_UP_SECONDS, wait_for

from contracts.candle import Candle
from contracts.feature_row import FeatureRow
from contracts.heartbeat import Heartbeat
from contracts.reference_candle import ReferenceCandle
from contracts.state import MemoryState
from contracts.topics import CANDLES, REFERENCE_CANDLES, TECHNICAL_INDICATORS, TRADES, TRADES_CHECKPOINTS
from contracts.trades_checkpoint import TradesCheckpoint
from featurestore import open_store
from indicators import __main__ as indicators
from indicators.app import inputs, topology
from indicators.core import join
from indicators.core.fold import Engines, step
from indicators.settings import IndicatorsSettings
from streaming.clients import create_topics, read_dead_letters, read_topic
from streaming.producer import open_producer
from streaming.service.bounded import Bound
from streaming.settings import read_settings
from streaming.telemetry.metrics import DATA_FLAWS, NO_REFERENCE, total
from streaming.testing import TopologyRun, run_topology

PAIRS = {"ETH/USD": "BTC/USD"}
FIRST_MS = MIDNIGHT_MS - 300 * 60_000
BTC, ETH = (
    simulated(700, seed=seed, first_ms=FIRST_MS).candles(pair) for seed, pair in enumerate(["BTC/USD", "ETH/USD"])
)


def copy(candle: Candle, reference: str = "BTC/USD") -> ReferenceCandle:
    return ReferenceCandle(
        exchange=candle.exchange,
        pair="ETH/USD",
        reference_pair=reference,
        interval_s=candle.interval_s,
        window_start_ms=candle.window_start_ms,
        close=candle.close,
        quality=candle.quality,
    )


COPIES = [copy(candle) for candle in BTC]


def rows_of(candles: list[Candle], references: list[ReferenceCandle], set_name: str = "full") -> list[FeatureRow]:
    closes = {(each.pair, each.window_start_ms): float(each.close) for each in references}
    states: dict[str, MemoryState] = {}
    engines: Engines = {}
    return [
        row
        for each in candles
        for row in step(
            states.setdefault(each.pair, MemoryState()),
            each,
            engines,
            set_name,
            closes.get((each.pair, each.window_start_ms), float("nan")),
        )
    ]


def run(candles: list[Any], references: list[Any], folder: Path | None = None, **settings: Any) -> TopologyRun:
    given = IndicatorsSettings(**{"store_url": "off", "reference_pairs": PAIRS, "feature_set": "full", **settings})
    messages = {CANDLES: candles, REFERENCE_CANDLES: references}
    return run_topology(
        topology,
        given,
        "indicators",
        {spec: messages[spec] for spec in inputs(given)},
        [TECHNICAL_INDICATORS],
        folder=folder,
    )


def of_pair(rows: list[Any], pair: str) -> list[Any]:
    return [row for row in rows if row.pair == pair]


def test_rows_of_a_follower_have_its_reference_and_others_wait_for_nothing() -> None:
    rows = run([*BTC, *ETH], COPIES)["technical_indicators"]
    assert of_pair(rows, "ETH/USD") == rows_of(ETH, COPIES) != rows_of(ETH, [])
    assert of_pair(rows, "BTC/USD") == rows_of(BTC, [])


def test_a_restart_goes_on_with_what_waits(tmp_path: Path) -> None:
    first = run(ETH[:400], COPIES[:300], tmp_path)["technical_indicators"]
    second = run(ETH[380:450], COPIES[290:500], tmp_path)["technical_indicators"]
    third = run(ETH[450:], COPIES[500:], tmp_path)["technical_indicators"]
    assert (len(first), len(first) + len(second)) == (300, 450)
    assert first + second + third == rows_of(ETH, COPIES)


def test_copies_that_nobody_waits_for_and_candles_that_cannot_be_used_change_nothing() -> None:
    """Of the settings before, and of a pair without a reference; a candle that waits and turns out to be no good."""
    stray = [copy(candle, reference="SOL/USD") for candle in ETH] + [COPIES[0].model_copy(update={"pair": "SOL/USD"})]
    shifted = ETH[50].model_copy(update={"window_start_ms": ETH[50].window_start_ms + 1})
    out = run([*ETH[:50], shifted, *ETH[50:100]], [*stray, *COPIES[:100]])
    assert out["technical_indicators"] == rows_of(ETH[:100], COPIES)
    (letter,) = out.dead_letters
    assert (letter.value, letter.headers["reason"]) == (shifted.to_json(), b"processing-failed")


def test_rows_that_were_waited_for_too_long_are_counted_and_said_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(join, "MAX_WAITING", 10)
    before = total(DATA_FLAWS, kind=NO_REFERENCE)
    said: list[str] = []
    handler = logger.add(said.append, level="WARNING", format="{message}")
    try:
        rows = run(ETH[:50], [])["technical_indicators"]
    finally:
        logger.remove(handler)
    assert rows == rows_of(ETH[:40], [])
    assert total(DATA_FLAWS, kind=NO_REFERENCE) - before == 40
    assert said == ["ETH/USD: too far from BTC/USD: the oldest candles go on without it\n"]


def test_another_reference_is_said_once(tmp_path: Path) -> None:
    first = run(ETH[:100], COPIES[:100], tmp_path)["technical_indicators"]
    said: list[str] = []
    handler = logger.add(said.append, level="WARNING", format="{message}")
    try:
        second = run(
            ETH[100:200],
            [copy(candle, "SOL/USD") for candle in BTC[100:200]],
            tmp_path,
            reference_pairs={"ETH/USD": "SOL/USD"},
        )["technical_indicators"]
    finally:
        logger.remove(handler)
    assert first + second == [*rows_of(ETH[:100], COPIES), *rows_of(ETH[:200], COPIES[100:])[100:]]
    assert said == [
        "ETH/USD: compared with SOL/USD now, before with BTC/USD: features that compare are null until warm\n"
    ]


def test_a_follower_that_no_longer_is_one_lets_go_what_waits(tmp_path: Path) -> None:
    """The state is that of both topics as long as another pair has a reference."""
    run(ETH[:100], COPIES[:60], tmp_path)
    rows = run(ETH[100:120], COPIES[60:120], tmp_path, reference_pairs={"SOL/USD": "BTC/USD"})
    assert rows["technical_indicators"] == rows_of(ETH[:120], [])[60:]
    assert rows.dead_letters == []


def test_an_error_that_is_no_candles_fault_stops_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any) -> Any:
        raise OSError("no space left on device")

    monkeypatch.setattr(join, "step", failing)
    with pytest.raises(OSError, match="no space left"):
        run(ETH[:3], COPIES[:3])


def test_without_references_there_is_one_topic_and_nothing_waits() -> None:
    settings = IndicatorsSettings(store_url="off")
    assert inputs(settings) == [CANDLES]
    out = run_topology(topology, settings, "indicators", {CANDLES: ETH[:50]}, [TECHNICAL_INDICATORS])
    assert out["technical_indicators"] == rows_of(ETH[:50], [], "core")


def environment_of(folder: Path) -> dict[str, str]:
    return {
        "TRADESTREAM_BROKER_ADDRESS": f"embedded://{folder}/log",
        "TRADESTREAM_DATA_DIR": str(folder),
        "TRADESTREAM_COMMIT_INTERVAL_SECONDS": "0.05",
        "TRADESTREAM_REFERENCE_PAIRS": json.dumps(PAIRS),
        "INDICATORS_FEATURE_SET": "full",
    }


def test_the_job_hands_over_what_waits_to_the_live_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job ends once the candles of history are committed; the live one, in a new pod, goes on with the rest."""
    for name, value in {**environment_of(tmp_path), "INDICATORS_VARIANT": "historical"}.items():
        monkeypatch.setenv(name, value)
    settings = read_settings(IndicatorsSettings)
    create_topics(settings, [TRADES, TRADES_CHECKPOINTS, CANDLES, REFERENCE_CANDLES, TECHNICAL_INDICATORS])
    beat = Heartbeat(exchange="kraken", pair="ETH/USD", venue_time_us=1)
    done = TradesCheckpoint(
        exchange="kraken",
        pair="ETH/USD",
        last_trade_id=None,
        last_timestamp_us=None,
        cursor="0",
        covered_to_us=0,
        history_complete=True,
    )
    with open_producer(settings, "candles") as producer:
        for spec, messages in ((TRADES, [beat]), (TRADES_CHECKPOINTS, [done]), (CANDLES, ETH[:300])):
            for message in messages:
                producer.produce(spec, message)
        for copied in COPIES[:250]:
            producer.produce(REFERENCE_CANDLES, copied)
    commit_offsets(settings, "candles-dev", TRADES, {0: 1})
    assert indicators.main() == 0
    by_job = [record.message() for record in read_topic(settings, TECHNICAL_INDICATORS)]
    assert len(by_job) == 250
    by_live = run(ETH[300:], COPIES[250:], tmp_path)["technical_indicators"]
    assert by_job + by_live == rows_of(ETH, COPIES)


def test_the_job_is_not_done_before_the_references_are_read(tmp_path: Path) -> None:
    settings = IndicatorsSettings(broker_address=f"embedded://{tmp_path}/log", reference_pairs=PAIRS)
    create_topics(settings, [CANDLES, REFERENCE_CANDLES])
    with open_producer(settings, "candles") as producer:
        for candle, copied in zip(ETH[:5], COPIES[:5], strict=True):
            producer.produce(CANDLES, candle)
            producer.produce(REFERENCE_CANDLES, copied)
    bound = Bound(settings, "indicators-dev", CANDLES, lambda: {0: 5}, beside=[REFERENCE_CANDLES])
    commit_offsets(settings, "indicators-dev", CANDLES, {0: 5})
    assert not bound.reached()
    with open_producer(settings, "candles") as producer:  # live ones are not waited for
        producer.produce(REFERENCE_CANDLES, COPIES[5])
    commit_offsets(settings, "indicators-dev", REFERENCE_CANDLES, {0: 5})
    assert bound.reached()


@pytest.mark.slow
def test_killed_while_candles_wait(tmp_path: Path) -> None:
    settings = IndicatorsSettings(broker_address=f"embedded://{tmp_path}/log", data_dir=tmp_path)
    create_topics(settings, [CANDLES, REFERENCE_CANDLES, TECHNICAL_INDICATORS])

    def published() -> list[Any]:
        return [record.message() for record in read_topic(settings, TECHNICAL_INDICATORS)]

    def windows() -> int:
        return len({row.window_start_ms for row in published()})

    with open_producer(settings, "candles") as producer:
        for mine, references in ((slice(0, 400), slice(0, 250)), (slice(400, 700), slice(250, 700))):
            for spec, messages in ((CANDLES, ETH[mine]), (REFERENCE_CANDLES, COPIES[references])):
                for message in messages:
                    producer.produce(spec, message)
            producer.flush()
            process = start("indicators", tmp_path, **environment_of(tmp_path))
            if references.stop < len(ETH):
                wait_for(lambda: windows() >= 100, "the first rows", of=process)
                process.kill()
                process.wait(GIVE_UP_SECONDS)
    wait_for(lambda: windows() == len(ETH), "all rows", of=process)
    process.terminate()
    assert process.wait(GIVE_UP_SECONDS) == 0
    assert set(published()) == set(rows_of(ETH, COPIES))
    assert list(read_dead_letters(settings, "indicators")) == []
    with open_store(f"sqlite:///{tmp_path}/store.sqlite") as store:
        assert store.sql("SELECT count(*) FROM technical_indicators").rows == [(len(ETH),)]
