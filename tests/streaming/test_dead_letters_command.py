"""Dead letters are read, sent back to where they came from, and applied once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.streaming.tally import beat

from contracts.audit_event import AuditEvent
from contracts.clock import FixedClock
from contracts.errors import TransientError
from contracts.heartbeat import Heartbeat
from contracts.topics import AUDIT_LOG, TRADES, TopicSpec
from streaming.clients import read_topic
from streaming.dead_letters.dead_letter import REPLAY_OF, DeadLetter
from streaming.dead_letters.replay import Choice, find_dead_letters, obstacles, replay
from streaming.errors import ServiceError
from streaming.producer import open_producer
from streaming.record import Record
from streaming.settings import ServiceSettings
from streaming.testing import TopologyRun, run_topology
from streaming.topics import Topics, publish

GOOD = [beat(number) for number in range(5)]
BAD = GOOD[2]
CLOCK = FixedClock(1_800_000_000_000_000)
#: Letters are looked for under the names of services that are in the flow.
SERVICE = "candles"
ECHO = TopicSpec("echo", (Heartbeat,), key="pair", written_by=SERVICE)


def once(error: Exception | None) -> Callable[..., None]:
    """A topology that publishes each message once, as services do, and fails on one while `error` lasts."""

    def build(inputs: dict[str, Any], topics: Topics, settings: ServiceSettings) -> None:
        def apply(message: Heartbeat, state: Any) -> list[Heartbeat]:
            if error is not None and message == BAD:
                raise error
            if state.get(message.message_id) is not None:
                return []
            state.set(message.message_id, True)
            return [message]

        publish(inputs["trades"].apply(apply, stateful=True, expand=True), topics["echo"])

    return build


@pytest.fixture
def at(tmp_path: Path) -> ServiceSettings:
    return ServiceSettings(broker_address=f"embedded://{tmp_path}/log", data_dir=tmp_path)


def run(at: ServiceSettings, error: Exception | None, messages: Any = ()) -> TopologyRun:
    return run_topology(once(error), at, SERVICE, {TRADES: messages}, [ECHO], folder=at.data_dir)


def send(at: ServiceSettings, chosen: list[DeadLetter]) -> int:
    return replay(at, chosen, "operator", CLOCK)


@pytest.mark.parametrize("error", [ValueError("a bug, mended since"), TransientError("a database that was away")])
def test_what_works_by_now_is_applied_once(at: ServiceSettings, error: Exception) -> None:
    assert run(at, error, GOOD)["echo"] == [m for m in GOOD if m != BAD]
    (letter,) = find_dead_letters(at)
    assert (letter.id, letter.reason, letter.replayed_at_us) == ("candles:0", "processing-failed", None)
    assert str(letter.source) == "trades-dev[0] offset 2"

    assert send(at, [letter]) == 1
    assert run(at, None)["echo"] == [BAD]
    sent = list(read_topic(at, TRADES))[-1]
    assert (sent.key, sent.value, sent.timestamp_ms) == (BAD.key.encode(), BAD.to_json(), BAD.event_time_ms)
    assert sent.headers[REPLAY_OF] == b"candles:0"
    assert sent.headers["schema"] == b"heartbeat", "the original headers are kept"
    assert not {"reason", "error", "source_topic"} & set(sent.headers)

    assert send(at, find_dead_letters(at)) == 1
    again = run(at, None)
    assert again["echo"] == [], "applied before, so ignored"
    assert again.dead_letters == []


def test_what_is_still_of_no_use_comes_back_once(at: ServiceSettings) -> None:
    poison = ("BTC/USD", b"\xff")
    run(at, None, [GOOD[0], poison, GOOD[1]])
    (letter,) = find_dead_letters(at)
    send(at, [letter])
    for _ in range(2):
        run(at, None)
    first, second = find_dead_letters(at)
    assert (first.record.value, second.record.value) == (b"\xff", b"\xff")
    assert (second.id, second.replay_of) == ("candles:1", "candles:0")
    assert (first.replayed_at_us, second.replayed_at_us) == (CLOCK.now_us(), None)


def test_a_replay_is_remembered_in_the_audit_log(at: ServiceSettings) -> None:
    run(at, ValueError("bad luck"), GOOD)
    assert send(at, find_dead_letters(at)) == 1
    (event,) = (record.message() for record in read_topic(at, AUDIT_LOG))
    assert isinstance(event, AuditEvent)
    assert (event.action, event.actor, event.subject) == ("dead_letter_replayed", "operator", "candles:0")
    assert event.details["to"] == "trades-dev[0] offset 2"
    (letter,) = find_dead_letters(at)
    assert letter.replayed_at_us == CLOCK.now_us()


def test_letters_are_chosen_by_service_id_and_reason(at: ServiceSettings) -> None:
    run(at, ValueError("bad luck"), [("x", b"bad"), *GOOD])
    with open_producer(at, "trades") as producer:
        producer.dead_letter("ETH/USD", b"-1", reason="bad-row", error="price: expected", source="kraken")
    assert [letter.id for letter in find_dead_letters(at)] == ["candles:0", "candles:1", "trades:0"]
    assert [letter.id for letter in find_dead_letters(at, Choice("candles", reason="undecodable"))] == ["candles:0"]
    assert [letter.id for letter in find_dead_letters(at, Choice(ids=("trades:0", "candles:1")))] == [
        "candles:1",
        "trades:0",
    ]


def test_what_came_from_no_topic_or_holds_nothing_is_not_sent(at: ServiceSettings) -> None:
    with open_producer(at, "trades") as producer:
        producer.dead_letter("ETH/USD", b"-1", reason="bad-row", error="price: expected", source="kraken")
    (letter,) = find_dead_letters(at)
    assert "kraken" in obstacles(at, [letter])[letter.id]
    with pytest.raises(ServiceError, match="trades:0"):
        send(at, [letter])

    def lose(inputs: dict[str, Any], topics: Topics, settings: ServiceSettings) -> None:
        def tell(message: Heartbeat) -> Heartbeat:
            topics.dead_letters.send(message.key, None, "too-late", "lost")
            return message

        publish(inputs["trades"].apply(tell), topics["echo"])

    run_topology(lose, at, SERVICE, {TRADES: GOOD[:1]}, [ECHO], folder=at.data_dir)
    (told,) = find_dead_letters(at, Choice("candles"))
    assert "no message" in obstacles(at, [told])[told.id]


def written_letter(headers: dict[str, bytes | None]) -> DeadLetter:
    own: dict[str, bytes | None] = {
        "reason": b"made",
        "source_topic": b"trades-dev",
        "source_partition": b"3",
        "source_offset": b"4",
        "dead_lettered_at_us": b"5",
    }
    return DeadLetter(SERVICE, Record("x", 0, 0, b"BTC/USD", b"{}", own | headers, 0))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dead_lettered_at_us", b"now"),
        ("dead_lettered_at_us", b"9" * 5_000),
        ("source_partition", b"abc"),
        ("source_partition", b"-1"),
        ("source_offset", b"\xff"),
    ],
)
def test_a_damaged_header_is_told_and_stops_only_a_replay(name: str, value: bytes) -> None:
    letter = written_letter({name: value})
    assert f"{name} is '" in (letter.damage or "")
    assert (letter.reason, letter.source.topic) == ("made", "trades-dev")
    assert isinstance(letter.set_aside_at_us, int)
    assert "header is damaged" in (letter.cannot_be_replayed({"trades-dev": [3]}) or "")


@pytest.mark.parametrize(
    ("partitions", "words"),
    [
        ({"trades-dev": [0, 1, 2, 3]}, None),
        ({"trades-dev": [0, 1]}, "partition 3 of trades-dev, which has 2 here"),
        ({"trades-dev": []}, "trades-dev, which does not exist on this log"),
        ({}, "trades-dev, which is no topic of this environment"),
    ],
)
def test_a_letter_needs_the_partition_it_came_from(partitions: dict[str, list[int]], words: str | None) -> None:
    letter = written_letter({})
    assert letter.damage is None
    assert letter.cannot_be_replayed(partitions) == (words and f"it came from {words}")


def test_what_cannot_be_read_in_the_audit_log_hides_no_letter(at: ServiceSettings) -> None:
    run(at, ValueError("bad luck"), GOOD)
    send(at, find_dead_letters(at))
    with open_producer(at, "candles") as producer:
        producer.send_bytes(AUDIT_LOG.full_name("dev"), 0, b"x", b"\xff{", timestamp_ms=1, headers=[])
        producer.send_bytes(AUDIT_LOG.full_name("dev"), 0, b"x", None, timestamp_ms=1, headers=[])
    (letter,) = find_dead_letters(at)
    assert letter.replayed_at_us == CLOCK.now_us()
