"""The historical Job and the live service share one group: what one has done, the other does not do again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest
from tests.candles import market
from tests.support.processes import Running, start_service
from tests.support.waiting import GIVE_UP_SECONDS, wait_for

from candles import __main__ as candles
from candles.app import topology
from candles.settings import CandlesSettings
from contracts.candle import Candle
from contracts.topics import CANDLES, TRADES, TRADES_CHECKPOINTS
from contracts.trades_checkpoint import TradesCheckpoint
from streaming.backfill_end import BackfillEnd
from streaming.clients import committed_offsets, create_topics, end_offsets, lag, read_topic
from streaming.producer import open_producer
from streaming.service.assembly import assemble
from streaming.service.bounded import Bound, progress_text


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CandlesSettings:
    """Settings of an embedded log, in the environment too; the store is off."""
    given = {
        "TRADESTREAM_BROKER_ADDRESS": f"embedded://{tmp_path}/log",
        "TRADESTREAM_DATA_DIR": str(tmp_path),
        "TRADESTREAM_STORE_URL": "off",
        "TRADESTREAM_COMMIT_INTERVAL_SECONDS": "0.05",
        "TRADESTREAM_METRICS_PORT": "0",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = CandlesSettings(broker_address=given["TRADESTREAM_BROKER_ADDRESS"], data_dir=tmp_path)
    create_topics(settings, [TRADES, TRADES_CHECKPOINTS, CANDLES])
    return settings


def checkpoint(pair: str, complete: bool) -> TradesCheckpoint:
    return TradesCheckpoint(
        exchange="kraken",
        pair=pair,
        last_trade_id=None,
        last_timestamp_us=None,
        cursor="0",
        covered_to_us=0,
        history_complete=complete,
    )


def write(
    settings: CandlesSettings, messages: list[Any], complete: bool | None = None, pair: str = "BTC/USD"
) -> None:
    """Write trades and, where given, what the trades service says of the history of `pair`."""
    with open_producer(settings, "trades") as producer:
        for message in messages:
            producer.produce(TRADES, message)
        producer.flush()
        if complete is not None:
            producer.produce(TRADES_CHECKPOINTS, checkpoint(pair, complete))


def market_parts(count: int = 600) -> tuple[list[Any], list[Any], list[Candle]]:
    """History, what comes live after it, and the candles of both."""
    trades = [market.at(7 * index, index + 1, str(100 + index % 13)) for index in range(count)]
    cut = count * 2 // 3
    past = [market.heartbeat(0), *market.frames(trades[:cut], 3), market.end(7 * cut - 5, final=False)]
    live = [*market.frames(trades[cut:], 1), market.heartbeat(7 * count + 60)]
    return past, live, market.run([*past, *live])


def job(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("CANDLES_VARIANT", "historical")
    return candles.main()


def serve(settings: CandlesSettings) -> None:
    """Run the live service, in a new pod, to the end of its input."""
    rmtree(settings.state_dir_for("candles"), ignore_errors=True)
    app = assemble(
        settings.model_copy(update={"store_url": "off"}),
        service="candles",
        inputs=[TRADES],
        outputs=[CANDLES],
        topology=topology,
        stop_at_end=True,
    )
    app._setup_signal_handlers = lambda: None  # type: ignore[method-assign]
    app.run()


def candles_of(settings: CandlesSettings) -> list[Candle]:
    return [record.message() for record in read_topic(settings, CANDLES)]


def test_the_live_service_goes_on_without_gap_or_repeat_in_a_new_pod(log, monkeypatch) -> None:
    past, live, expected = market_parts()
    write(log, past, complete=True)
    assert job(monkeypatch) == 0
    assert committed_offsets(log, "candles-dev", TRADES) == {0: len(past)}
    assert candles_of(log) == market.run(past)
    write(log, live)
    serve(log)
    assert candles_of(log) == expected
    assert lag(log, "candles-dev", TRADES) == 0


def test_a_job_with_nothing_to_do_ends_at_once_even_beside_the_live_service(log, monkeypatch) -> None:
    past, live, expected = market_parts(60)
    write(log, past, complete=True)
    assert job(monkeypatch) == 0
    write(log, live)
    with running(log, "live"):
        wait_for(lambda: lag(log, "candles-dev", TRADES) == 0, "candles to catch up")
        assert job(monkeypatch) == 0
    assert candles_of(log) == expected


def test_a_job_waits_for_the_trades_job(log, monkeypatch) -> None:
    past, _, _ = market_parts(60)
    begun = threading.Event()
    monkeypatch.setattr(BackfillEnd, "__call__", _noting(BackfillEnd.__call__, begun))

    def trades_job() -> None:
        assert begun.wait(GIVE_UP_SECONDS)
        write(log, past[:5], complete=False)
        write(log, [], complete=True, pair="ETH/USD")
        wait_for(lambda: committed_offsets(log, "candles-dev", TRADES).get(0) == 5, "its commit")
        write(log, past[5:], complete=True)

    writer = threading.Thread(target=trades_job)
    writer.start()
    assert job(monkeypatch) == 0
    writer.join()
    assert candles_of(log) == market.run(past)


def _noting(call: Callable[..., Any], event: threading.Event) -> Callable[..., Any]:
    def noted(self: BackfillEnd):
        event.set()
        return call(self)

    return noted


def test_what_history_waits_for_is_said_in_words(log) -> None:
    end = BackfillEnd(log, pairs=["SOL/USD"])
    assert BackfillEnd(log)() == "the trades service to begin"
    write(log, [], complete=False)
    assert end() == "the trades service to complete the history of BTC/USD, SOL/USD"
    write(log, [], complete=True)
    assert end() == "the trades service to complete the history of SOL/USD"
    write(log, [], complete=True, pair="SOL/USD")
    assert end() == end_offsets(log, TRADES)


def test_the_end_of_history_stays_where_it_was_while_live_trades_come(log) -> None:
    past, live, _ = market_parts(60)
    write(log, past, complete=True)
    bound = Bound(log, "candles-dev", TRADES, BackfillEnd(log))
    later = BackfillEnd(log, stages=[("candles", TRADES, CANDLES)])
    assert not bound.reached() and later() == "candles to be done with history"
    write(log, live[:10])
    serve(log)
    assert bound.reached() and later() == end_offsets(log, CANDLES)


def test_a_job_that_is_killed_goes_on_where_it_was(log, monkeypatch) -> None:
    past, live, expected = market_parts(3_000)
    write(log, past, complete=True)
    for _ in range(2):
        written = len(candles_of(log))
        with running(log, "historical") as process:
            wait_for(
                lambda was=written: process.poll() is not None or len(candles_of(log)) > was, "candles, or its end"
            )
        rmtree(log.state_dir_for("candles"), ignore_errors=True)
    assert job(monkeypatch) == 0
    write(log, live)
    serve(log)
    found = [candle.to_json() for candle in candles_of(log)]
    assert list(dict.fromkeys(found)) == [candle.to_json() for candle in expected]


@contextmanager
def running(log: CandlesSettings, variant: str) -> Iterator[Running]:
    """The service in a process of its own, killed at the end."""
    process = start_service("candles", log, CANDLES_VARIANT=variant)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_progress_says_when_it_will_be_over() -> None:
    assert progress_text(2_000, 1_000, 10.0) == "50% done, 100 messages/s, 0:10 left"
    assert progress_text(10_000, 9_000, 10.0) == "10% done, 100 messages/s, 1:30 left"
    assert progress_text(100, 100, 0.0) == "0% done, 0 messages/s, time left not known yet"
