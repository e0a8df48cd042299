"""The user data stream as it is listened to: what is asked, what is handed on, and when it counts as dead."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from tests.exchanges_binance.test_private_messages import EXECUTION, NAMES, event
from tests.support.waiting import wait_for
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from exchanges.binance.private_stream import BinanceUserStream
from exchanges.private.stream import StreamEvent, StreamLost, StreamNews, StreamOpened
from exchanges.resilience import Backoff

TOKEN = json.dumps({"apiKey": "the-key", "timestamp": 1, "signature": "the-signature"})
TAKEN = '{"id":"1","status":200,"result":{"subscriptionId":0}}'
PONG = '{"id":"2","status":200,"result":{}}'


@contextmanager
def venue(*frames: str, pongs: int = 0) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Answer a subscription with `frames`, then so many pings, then nothing any more."""
    asked: list[dict[str, Any]] = []

    def answer(connection: ServerConnection) -> None:
        try:
            for message in connection:
                asked.append(json.loads(message))
                pings = sum(each["method"] == "ping" for each in asked)
                for frame in frames if pings == 0 else [PONG] if pings <= pongs else []:
                    connection.send(frame)
        except ConnectionClosed:
            return

    with serve(answer, "127.0.0.1", 0) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}", asked
        finally:
            server.shutdown()
            thread.join()


def heard(url: str, silence_seconds: float = 0.2) -> list[StreamEvent]:
    """Return what is heard until the connection is lost."""
    stream = BinanceUserStream(url, NAMES, silence_seconds=silence_seconds, backoff=Backoff(first_seconds=0.01))
    found: list[StreamEvent] = []
    try:
        stream.begin(TOKEN)

        def lost() -> bool:
            found.extend(stream.read())
            return any(isinstance(each, StreamLost) for each in found)

        wait_for(lost, lambda: f"the end after {found}")
    finally:
        stream.close()
    return found


def test_news_are_handed_on_and_what_cannot_be_read_is_something_missed() -> None:
    shut = '{"event":{"e":"serverShutdown","E":1}}'
    with venue(TAKEN, event(), "not JSON", event(x="NEW", X="unheard of"), event(s="ETHUSDT"), shut) as (url, asked):
        opened, first, *missed, lost = heard(url)
    assert isinstance(opened, StreamOpened)
    assert isinstance(first, StreamNews) and first.executions == (EXECUTION,) and not first.missed
    assert missed == [StreamNews(missed=True), StreamNews(missed=True)]
    assert isinstance(lost, StreamLost) and "serverShutdown" in lost.reason
    assert asked == [{"id": "1", "method": "userDataStream.subscribe.signature", "params": json.loads(TOKEN)}]


def test_a_quiet_connection_is_asked_and_lives_as_long_as_it_answers() -> None:
    with venue(TAKEN, pongs=2) as (url, asked):
        _, lost = heard(url)
    assert [each["method"] for each in asked[1:]] == ["ping"] * 3
    assert isinstance(lost, StreamLost) and "no message for 0.2 s" in lost.reason


def test_a_refused_subscription_is_told_in_the_venues_words_and_without_the_key() -> None:
    with venue('{"id":"1","status":400,"error":{"code":-1022,"msg":"Signature for this request is not valid."}}') as (
        url,
        _,
    ):
        (lost,) = heard(url)
    assert isinstance(lost, StreamLost)
    assert "-1022 Signature" in lost.reason and "the-key" not in lost.reason and "the-signature" not in lost.reason
