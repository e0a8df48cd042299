"""A dead feed is not a quiet market, a busy service not a stuck one."""

from __future__ import annotations

import time

import pytest
from prometheus_client import Gauge
from tests.streaming.tally import beats

from contracts.clock import FixedClock, SystemClock
from contracts.timestamps import iso_utc_ms
from contracts.topics import TRADES
from streaming.clients import create_topics
from streaming.producer import open_producer
from streaming.service.intake import Intake
from streaming.settings import ServiceSettings
from streaming.telemetry import metrics
from streaming.telemetry.health import CATCHING_UP_MESSAGES, STUCK_SECONDS, Health
from streaming.telemetry.lag_watch import LagWatch
from streaming.telemetry.loop_histogram import LoopHistogram, quantile
from streaming.telemetry.progress import Progress

TOPIC = "trades-dev"


class Loop:
    def __init__(self, seconds_ago: float | None = 0.0) -> None:
        self.heartbeat_seconds = None if seconds_ago is None else time.monotonic() - seconds_ago


def at_work() -> Progress:
    progress = Progress(Intake())
    progress.on_assign([(TOPIC, 0)])
    return progress


def test_states_in_the_order_of_a_life() -> None:
    progress = Progress(Intake())
    health = Health(Loop(None), progress=progress)
    assert (health.condition().state, health.ready()[0], health.live()[0]) == ("starting", False, True)
    health = Health(Loop(), progress=progress)
    assert health.condition().state == "starting", "no partitions yet"
    progress.on_assign([(TOPIC, 0)])
    progress.recovering = lambda: True
    assert (health.condition().state, health.ready()[0], health.live()[0]) == ("recovering", False, True)
    progress.recovering = bool
    progress.lags = {(TOPIC, 0): CATCHING_UP_MESSAGES + 1}
    assert (health.condition().state, health.ready()[0]) == ("catching-up", True)
    progress.lags = {(TOPIC, 0): 0}
    assert (health.condition().state, health.ready()[0]) == ("ready", True)
    metrics.DEAD_LETTERS.labels(topic="test_health", reason="test").inc()
    assert (health.condition().state, health.ready()[0]) == ("degraded", True)
    health.stopping = True
    assert (health.condition().state, health.ready()[0], health.live()[0]) == ("stopping", False, True)


def test_a_long_recovery_is_no_hanging_loop() -> None:
    progress = at_work()
    progress.recovering = lambda: True
    assert Health(Loop(STUCK_SECONDS * 10), progress=progress).live()[0]


def test_a_loop_that_hangs_is_not_live() -> None:
    condition = Health(Loop(STUCK_SECONDS + 1), progress=at_work()).condition()
    assert (condition.state, condition.live, condition.ready) == ("not-live", False, False)


def test_a_failing_check_is_a_dead_feed_which_no_restart_brings_back() -> None:
    feed = [True, "kraken spoke 0.2 s ago"]
    health = Health(Loop(), [lambda: (bool(feed[0]), str(feed[1]))])
    assert health.ready()[0]
    assert "kraken spoke 0.2 s ago" in health.ready()[1]
    feed[:] = [False, "kraken silent for 31 s"]
    condition = health.condition()
    assert (condition.state, condition.live, condition.ready) == ("dead-feed", True, False)
    assert "kraken silent for 31 s" in condition.text


def test_a_consumer_behind_a_dead_feed_is_ready_and_says_how_old_its_last_event_is() -> None:
    progress = at_work()
    progress.lags = {(TOPIC, 0): 0}
    newest_ms = metrics.newest_event_ms() or 1_772_582_400_000
    metrics.LAST_EVENT.labels(topic="test_health").set(newest_ms / 1_000)
    clock = FixedClock((newest_ms + 75_000) * 1_000)
    ready, text = Health(Loop(), progress=progress, clock=clock).ready()
    assert ready
    assert "last event 75.0 s old" in text
    for ahead_ms in (-200 * 86_400_000, 5_000):
        clock = FixedClock((newest_ms - ahead_ms) * 1_000)
        assert f"last event at {iso_utc_ms(newest_ms)}" in Health(Loop(), progress=progress, clock=clock).ready()[1]


def test_a_topic_of_which_nothing_has_come_has_no_last_event(monkeypatch: pytest.MonkeyPatch) -> None:
    gauge = Gauge("last_event", "Of nothing yet", ["topic"], registry=None)
    monkeypatch.setattr(metrics, "LAST_EVENT", gauge)
    gauge.labels(topic=TOPIC).set(0.0)
    assert metrics.newest_event_ms() is None
    assert "last event" not in Health(Loop(), progress=at_work()).ready()[1]


def test_an_input_that_grows_and_reaches_nobody_is_starvation(
    settings: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_topics(settings, [TRADES])
    progress = at_work()
    watch = LagWatch(settings, "tally-dev", [TRADES], progress, SystemClock())
    health = Health(Loop(), progress=progress)
    watch.measure()
    assert progress.lags == {(TOPIC, 0): 0}
    with open_producer(settings, "test") as producer:
        producer.produce(TRADES, beats(1)[0])
        producer.flush()
        watch.measure()
        assert progress.lags == {(TOPIC, 0): 1}
        assert health.condition().state == "ready", "not for long yet"
        progress.idle_turns += 1
        watch.measure()
        monkeypatch.setattr("streaming.telemetry.health.STUCK_SECONDS", 0.0)
        health = Health(Loop(seconds_ago=-1.0), progress=progress)  # no limit is too short for a loop ahead of time
        condition = health.condition()
        assert (condition.state, condition.live) == ("not-live", False)
        progress.on_processed(TOPIC, 0, 0)
        watch.measure()
        assert progress.lags == {(TOPIC, 0): 0}
        assert health.condition().state == "ready"
    watch.close()


class TwoPartitions:
    """A log of which somebody else says how it grows."""

    def __init__(self) -> None:
        self.ends = {0: 10, 1: 10}

    def watermarks(self, topic: str) -> dict[int, tuple[int, int]]:
        return {partition: (0, end) for partition, end in self.ends.items()}

    def committed(self, group: str, topic: str, partitions: object) -> dict[int, int]:
        return {0: 10, 1: 10}


@pytest.mark.parametrize(
    ("taken", "idle", "starving"),
    [((0, 1), True, []), ((0,), True, [1]), ((0,), False, []), ((), True, [0, 1])],
    ids=["both come", "one is not fetched", "one has to wait for its turn", "none comes"],
)
def test_a_partition_that_is_no_longer_fetched_is_told_from_one_that_waits(
    settings: ServiceSettings,
    monkeypatch: pytest.MonkeyPatch,
    taken: tuple[int, ...],
    idle: bool,
    starving: list[int],
) -> None:
    log = TwoPartitions()
    monkeypatch.setattr("streaming.telemetry.lag_watch.open_client", lambda _: log)
    progress = at_work()
    progress.on_assign([(TOPIC, 1)])
    watch = LagWatch(settings, "tally-dev", [TRADES], progress, SystemClock())
    watch.measure()
    for look in range(3):
        log.ends = {0: 20 + look, 1: 20 + look}
        for partition in taken:
            progress.on_processed(TOPIC, partition, 11 + look)
        progress.idle_turns += idle
        watch.measure()
    assert [partition for _, partition in progress.starved] == starving
    assert (progress.starved_since_seconds is not None) == bool(starving)


def test_lag_counts_from_what_the_group_has_committed(settings: ServiceSettings) -> None:
    with open_producer(settings, "test") as producer:
        for message in beats(4):
            producer.produce(TRADES, message)
    progress = at_work()
    watch = LagWatch(settings, "tally-dev", [TRADES], progress, SystemClock())
    watch.measure()
    assert progress.lags == {(TOPIC, 0): 12}
    progress.on_revoke([(TOPIC, 0)])
    watch.measure()
    assert progress.lags == {}
    watch.close()


def test_the_latency_targets_are_bounds_of_the_buckets() -> None:
    targets = {0.05, 0.02, 0.03, 0.01, 0.15}
    assert targets <= set(metrics.LATENCY_SECONDS)


def test_a_labelled_histogram_and_its_quantiles() -> None:
    histogram = LoopHistogram("test_seconds", "A test", (0.1, 0.2), label="stage", register=False)
    series = histogram.labels("a")
    for value in (0.05, 0.15, 0.15, 0.15, 9.0):
        series.observe(value)
    (family,) = histogram.collect()
    assert {sample.labels["stage"] for sample in family.samples} == {"a"}
    assert quantile(series.bounds, series.counts, 0.5) == pytest.approx(0.15)
    assert quantile(series.bounds, series.counts, 0.99) == 0.2
    assert quantile(series.bounds, [0, 0, 0], 0.5) is None
