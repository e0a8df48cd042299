"""`tradestream dead-letters`: what is listed, shown and sent, and what is only said without --yes."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.message_examples import example
from tests.support.writes_log import put
from typer.testing import CliRunner

from contracts.candle import Candle
from contracts.topics import CANDLES, dead_letters_name
from embedded.cli import app
from streaming.clients import read_topic
from streaming.dead_letters.dead_letter import Source, dead_letter_headers
from streaming.producer import open_producer
from streaming.settings import ServiceSettings


@pytest.fixture
def log(tmp_path: Path) -> ServiceSettings:
    """Two letters: a candle that indicators could not use, and a row of a venue that was no trade."""
    put(tmp_path, CANDLES, [example(Candle)])
    settings = ServiceSettings(broker_address=f"embedded://{tmp_path}")
    with open_producer(settings, "indicators") as producer:
        producer.dead_letter("x", b"", reason="made", error="so that the topic exists", source="here")
        headers = dead_letter_headers(
            "indicators", "processing-failed", "a bug", Source("candles-dev", 0, 0), 2_000_000
        )
        producer.send_bytes(
            dead_letters_name("indicators", "dev"),
            0,
            b"BTC/USD",
            example(Candle).to_json(),
            timestamp_ms=2,
            headers=headers,
        )
    return settings


def tradestream(log: ServiceSettings, *options: str) -> tuple[int, str]:
    where = log.broker_address.removeprefix("embedded://")
    done = CliRunner().invoke(app, ["dead-letters", *options, "--run", where])
    return done.exit_code, done.output


def test_letters_are_listed_and_shown(log: ServiceSettings) -> None:
    code, said = tradestream(log)
    assert code == 0
    assert "indicators:1  1970-01-01T00:00:02Z  from candles-dev[0] offset 0, key BTC/USD: processing-failed" in said
    assert "1  indicators: made" in said
    code, said = tradestream(log, "show", "--id", "indicators:1")
    assert code == 0
    assert '"close": "1.25"' in said
    assert "so that the topic exists" not in said


def test_a_replay_is_said_first_and_done_with_yes_once(log: ServiceSettings) -> None:
    code, said = tradestream(log, "replay")
    assert code == 0
    assert "indicators:0  left out: it came from here, which is no topic" in said
    assert "1 would be sent again" in said
    assert len(list(read_topic(log, CANDLES))) == 1
    assert "1 sent again" in tradestream(log, "replay", "--yes")[1]
    assert [record.value for record in read_topic(log, CANDLES)] == [example(Candle).to_json()] * 2
    assert "0 sent again" in tradestream(log, "replay", "--yes")[1]
    assert "1 sent again" in tradestream(log, "replay", "--yes", "--force", "--id", "indicators:1")[1]


def put_letter(log: ServiceSettings, **headers: bytes) -> None:
    """Set the candle aside once more, with `headers` as another program might have written them."""
    own = dict(
        dead_letter_headers("indicators", "processing-failed", "a bug", Source("candles-dev", 0, 0), 3_000_000)
    )
    with open_producer(log, "indicators") as producer:
        producer.send_bytes(
            dead_letters_name("indicators", "dev"),
            0,
            b"ETH/USD",
            example(Candle).to_json(),
            timestamp_ms=3,
            headers=list((own | headers).items()),
        )


def test_a_letter_with_a_damaged_header_is_listed_and_the_others_are_sent(log: ServiceSettings) -> None:
    put_letter(log, dead_lettered_at_us=b"now", source_partition=b"abc")
    code, said = tradestream(log)
    assert code == 0
    assert "indicators:2  at a time it does not say  from candles-dev, key ETH/USD: processing-failed" in said
    assert "its header is damaged: source_partition is 'abc', dead_lettered_at_us is 'now'" in said
    code, said = tradestream(log, "show", "--id", "indicators:2")
    assert code == 0
    assert "source_partition is 'abc'" in said and '"close": "1.25"' in said
    code, said = tradestream(log, "replay", "--yes")
    assert code == 0
    assert "indicators:2  left out: its header is damaged" in said
    assert "1 sent again" in said


def test_a_letter_of_a_partition_that_is_not_there_is_left_out(log: ServiceSettings) -> None:
    put_letter(log, source_partition=b"7")
    code, said = tradestream(log, "replay", "--yes")
    assert code == 0
    assert "indicators:2  left out: it came from partition 7 of candles-dev, which has 1 here" in said
    assert "1 sent again" in said


@pytest.mark.parametrize("action", ["list", "show", "replay"])
def test_a_service_that_is_none_is_refused(log: ServiceSettings, action: str) -> None:
    code, said = tradestream(log, action, "--service", "bogus")
    assert code == 2
    assert "--service: expected one of trades, candles," in said and "'bogus'" in said


@pytest.mark.parametrize("options", [("mend",), ("show", "--id", "indicators:7")])
def test_bad_input_ends_with_two(log: ServiceSettings, options: tuple[str, ...]) -> None:
    assert tradestream(log, *options)[0] == 2
