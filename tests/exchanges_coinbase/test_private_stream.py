"""The channel ``user`` as it is listened to: what is asked, what is handed on, and when it counts as dead."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from tests.exchanges_coinbase.test_private_messages import CHANGE, TOLD, user
from tests.support.waiting import wait_for
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from exchanges.coinbase.private_stream import CoinbaseOrders
from exchanges.private.stream import StreamEvent, StreamLost, StreamNews, StreamOpened
from exchanges.resilience import Backoff


def listed(*channels: str, sequence: int = 1) -> str:
    return json.dumps(
        {
            "channel": "subscriptions",
            "sequence_num": sequence,
            "events": [{"subscriptions": {channel: ["x"] for channel in channels}}],
        }
    )


@contextmanager
def venue(*frames: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Answer the second request with `frames`, then nothing any more."""
    asked: list[dict[str, Any]] = []

    def answer(connection: ServerConnection) -> None:
        try:
            for message in connection:
                asked.append(json.loads(message))
                for frame in frames if len(asked) == 2 else []:
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


def heard(url: str) -> list[StreamEvent]:
    """Return what is heard until the connection is lost."""
    stream = CoinbaseOrders(url, silence_seconds=0.2, backoff=Backoff(first_seconds=0.01))
    found: list[StreamEvent] = []
    try:
        stream.begin("the-token")

        def lost() -> bool:
            found.extend(stream.read())
            return any(isinstance(each, StreamLost) for each in found)

        wait_for(lost, lambda: f"the end after {found}")
    finally:
        stream.close()
    return found


def test_news_are_handed_on_and_a_number_that_jumps_is_something_missed() -> None:
    frames = (
        listed("heartbeats", sequence=0),
        listed("heartbeats", "user", sequence=1),
        user(TOLD, kind="snapshot", sequence=2),
        '{"channel":"heartbeats","sequence_num":3}',
        user(TOLD, sequence=5),
        '{"channel":"heartbeats","sequence_num":7}',
    )
    with venue(*frames) as (url, asked):
        opened, *news, lost = heard(url)
    assert isinstance(opened, StreamOpened)
    assert news == [
        StreamNews(changes=(CHANGE,)),
        StreamNews(changes=(CHANGE,), missed=True),
        StreamNews(missed=True),
    ]
    assert isinstance(lost, StreamLost) and "no message for 0.2 s" in lost.reason
    assert asked == [
        {"type": "subscribe", "channel": channel, "jwt": "the-token"} for channel in ("heartbeats", "user")
    ]


def test_what_cannot_be_read_is_something_missed() -> None:
    with venue(listed("user"), "not JSON", user({**TOLD, "status": "unheard of"}, sequence=2)) as (url, _):
        _, *news, _ = heard(url)
    assert news == [StreamNews(missed=True)] * 2


def test_a_refused_subscription_is_told_in_the_venues_words_and_without_the_token() -> None:
    with venue('{"type":"error","message":"authentication failure"}') as (url, _):
        (lost,) = heard(url)
    assert isinstance(lost, StreamLost)
    assert "authentication failure" in lost.reason and "the-token" not in lost.reason
