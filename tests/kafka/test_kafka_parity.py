"""Embedded and Kafka: the same six services, one setting changed, the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from six_services import SixServices, Written

Run = Callable[..., SixServices]


@pytest.fixture
def services(
    broker: object, settings_of_a_run: dict[str, str], tmp_path: Path, on_kafka: object, request: pytest.FixtureRequest
) -> Run:
    """Six services on Kafka, with topics of the test's own."""

    def make(**given: str) -> SixServices:
        return SixServices(
            broker.address, tmp_path, {**settings_of_a_run, **given}, on_kafka.environment  # type: ignore[attr-defined]
        )

    return make


def assert_same(found: Written, expected: Written) -> None:
    """Every id, and under every id the same bytes: topic by topic, so that a difference names its topic first."""
    assert found.distinct == expected.distinct
    assert {key for key, values in found.values.items() if len(values) != 1} == set(), "one id with two values"
    assert found.values == expected.values


def test_the_market_is_worth_comparing(undisturbed: Written) -> None:
    print(undisturbed.messages)
    for topic, least in {"trades": 100, "candles": 2_000, "predictions": 500, "orders": 20, "fills": 10}.items():
        assert undisturbed.messages[topic] >= least, f"{topic} has {undisturbed.messages[topic]}"


def test_kafka_and_the_embedded_log_carry_the_same_bytes(services: Run, undisturbed: Written) -> None:
    run = services()
    with run.running():
        run.drain()
    written = run.collect()
    print(written.messages, written.partitions)
    assert_same(written, undisturbed)
    assert written.repeated == 0, "nothing was killed, so nothing is repeated"
    assert written.partitions["trades"] > 1, "the pairs are spread over partitions"
