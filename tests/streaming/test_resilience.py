"""Outside calls: retried, then left alone."""

from __future__ import annotations

import asyncio

import pytest

from streaming.service.resilience import CircuitOpenError, resilient


def test_a_call_that_fails_twice_succeeds() -> None:
    calls = []

    @resilient("venue", attempts=3, first_pause_seconds=0.0)
    def ask() -> str:
        calls.append(1)
        if len(calls) < 3:
            raise ConnectionError("away")
        return "answer"

    assert ask() == "answer"
    assert len(calls) == 3


def test_other_errors_are_not_retried() -> None:
    calls = []

    @resilient("venue", attempts=3, first_pause_seconds=0.0)
    def ask() -> None:
        calls.append(1)
        raise ValueError("bad request")

    for _ in range(10):
        with pytest.raises(ValueError, match="bad request"):
            ask()
    assert len(calls) == 10, "an error of the caller opened the circuit"


def test_the_circuit_opens() -> None:
    calls = []

    @resilient("venue", attempts=1, failures_to_open=2)
    def ask() -> None:
        calls.append(1)
        raise ConnectionError("away")

    for _ in range(2):
        with pytest.raises(ConnectionError):
            ask()
    with pytest.raises(CircuitOpenError):
        ask()
    assert len(calls) == 2


def test_async_calls_too() -> None:
    calls = []

    @resilient("venue", attempts=2, first_pause_seconds=0.0, failures_to_open=1)
    async def ask(fail: bool) -> str:
        calls.append(1)
        if fail:
            raise ConnectionError("away")
        return "answer"

    assert asyncio.run(ask(False)) == "answer"
    with pytest.raises(ConnectionError):
        asyncio.run(ask(True))
    assert len(calls) == 3
    with pytest.raises(CircuitOpenError):
        asyncio.run(ask(False))
