"""The listener to Kraken's channel `executions`: what it makes of frames, gaps, garbage, refusals and silence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from tests.support.waiting import wait_for
from websockets.sync.server import ServerConnection, serve

from exchanges.kraken.private_stream import KrakenExecutions
from exchanges.private.stream import StreamEvent, StreamLost, StreamNews, StreamOpened
from exchanges.resilience import Backoff

TAKEN = json.dumps({"method": "subscribe", "success": True, "result": {"channel": "executions"}})
REFUSED = json.dumps({"method": "subscribe", "success": False, "error": "EAPI:Invalid token"})
HEARTBEAT = json.dumps({"channel": "heartbeat"})


def frame(sequence: int, kind: str = "update", **row: Any) -> str:
    record = {"order_id": "V1", "order_status": "new", "exec_type": "new", "timestamp": "2026-03-02T10:00:09.220118Z"}
    data = [{**record, **row}]
    return json.dumps({"channel": "executions", "type": kind, "sequence": sequence, "data": data})


@contextmanager
def venue(*says: str, then_silent: bool = False) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Say these frames to whoever has asked, and close or stay; yield the address and what was asked."""
    asked: list[dict[str, Any]] = []

    def answer(connection: ServerConnection) -> None:
        asked.append(json.loads(connection.recv()))
        for text in says:
            connection.send(text)
        if then_silent:
            for _ in connection:
                pass

    with serve(answer, "127.0.0.1", 0) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}", asked
        finally:
            server.shutdown()
            thread.join()


def heard(url: str, until: type[StreamEvent], **more: Any) -> list[StreamEvent]:
    """Return what is heard up to the first event of a kind."""
    stream, found = KrakenExecutions(url, backoff=Backoff(first_seconds=0.01), **more), list[StreamEvent]()
    try:
        stream.begin("the token")

        def seen() -> bool:
            found.extend(stream.read())
            return any(isinstance(each, until) for each in found)

        wait_for(seen, lambda: f"{until.__name__} after {found}")
        wait_for(lambda: stream.needs_token() or until is not StreamLost, "the next token to be asked for")
    finally:
        stream.close()
    return found


def test_frames_are_handed_on_in_order_and_a_gap_is_seen() -> None:
    with venue(TAKEN, frame(1, "snapshot"), HEARTBEAT, frame(2, cum_qty=0.5), frame(4), frame(5)) as (url, asked):
        opened, *news, lost = heard(url, StreamLost)
    assert isinstance(opened, StreamOpened) and isinstance(lost, StreamLost)
    assert [each.missed for each in news if isinstance(each, StreamNews)] == [False, False, True, False]
    params = asked[0]["params"]
    assert (params["token"], params["snap_trades"], params["snap_orders"]) == ("the token", True, True)


def test_what_cannot_be_read_is_something_missed_and_ends_nothing() -> None:
    with venue(TAKEN, "not JSON", frame(1, order_status="unheard of"), frame(2)) as (url, _):
        _, *news, _ = heard(url, StreamLost)
    assert [each.missed for each in news if isinstance(each, StreamNews)] == [True, True, False]


def test_a_refused_subscription_is_told_in_the_venues_words_and_without_the_token() -> None:
    with venue(REFUSED) as (url, _):
        (lost,) = heard(url, StreamLost)
    assert isinstance(lost, StreamLost)
    assert "EAPI:Invalid token" in lost.reason and "the token" not in lost.reason


def test_silence_is_a_dead_connection() -> None:
    with venue(TAKEN, then_silent=True) as (url, _):
        _, lost = heard(url, StreamLost, silence_seconds=0.05)
    assert isinstance(lost, StreamLost) and "no message for 0.05 s" in lost.reason


def test_a_venue_that_is_not_there_is_one_that_tells_nothing() -> None:
    (lost,) = heard("ws://127.0.0.1:9", StreamLost)
    assert isinstance(lost, StreamLost) and "no connection to ws://127.0.0.1:9" in lost.reason


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_listener_that_breaks_is_not_believed_to_listen(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_: Any) -> None:
        raise RuntimeError("a fault of the program")

    monkeypatch.setattr("exchanges.kraken.private_stream.parse_executions", breaks)
    with venue(TAKEN) as (url, _):
        stream = KrakenExecutions(url)
        stream.begin("the token")
        found: list[StreamEvent] = []
        wait_for(lambda: found.extend(stream.read()) or found, "the end of the listener")
        stream.close()
    assert isinstance(found[-1], StreamLost)
