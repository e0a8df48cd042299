"""`tradestream data` as a process against the simulated venue: killed, stopped, misspelt."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import polars as pl
import pytest
from tests.support.processes import start
from tests.support.waiting import wait_for
from typer.testing import CliRunner

from contracts.timestamps import iso_utc_ms
from embedded.cli import app
from streaming.embedded.group import ExclusiveLock
from streaming.exit_codes import EXIT_FAILED, EXIT_STOPPED

LIVE_MS = 1_772_445_600_000
BEGIN_MS = LIVE_MS - 2 * 3_600_000


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("venue")
    ready = folder / "venue.json"
    settings = {"HISTORY_FROM_MS": BEGIN_MS, "LIVE_FROM_MS": LIVE_MS, "REQUESTS_PER_SECOND": 0, "READY_FILE": ready}
    process = start("exchanges.simulator", folder, **{f"SIMULATOR_{name}": str(v) for name, v in settings.items()})
    yield json.loads(str(wait_for(lambda: ready.exists() and ready.read_text(), "the simulator")))["rest_url"]
    process.kill()
    process.wait()


def tradestream(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["data", *map(str, arguments)], env={"COLUMNS": "200"})
    return done.exit_code, done.output


def test_killed_and_stopped_it_goes_on_and_has_what_the_venue_had(address: str, tmp_path: Path) -> None:
    tree, said = tmp_path / "trades", tmp_path / "embedded.log"
    words = ("fetch", "--from", str(BEGIN_MS), "--folder", str(tree), "--rest-url", address)
    for pair, how, code in (("BTC/USD", signal.SIGKILL, -signal.SIGKILL), ("ETH/USD", signal.SIGINT, EXIT_STOPPED)):
        process = start("embedded", tmp_path, "data", *words, "--pairs", pair)
        # It asks one page a second, and has none yet.
        first = tree / f"exchange=kraken/pair={pair.replace('/', '-')}/coverage.json"
        wait_for(first.exists, "the first word", of=process)
        process.send_signal(how)
        assert process.wait(20) == code, said.read_text()
    assert "the same command goes on from there" in said.read_text()
    assert tradestream(*words, "--pairs", "BTC/USD,ETH/USD")[0] == 0
    for pair in ("BTC/USD", "ETH/USD"):
        answer = httpx.get(f"{address}/sim/trades?pair={pair}&since_ms={BEGIN_MS}&until_ms={LIVE_MS}").json()
        stored = pl.read_parquet(tree / f"*/pair={pair.replace('/', '-')}/*/*.parquet", hive_partitioning=False)
        names = {"trade_id": "trade_ids", "timestamp_us": "timestamps_us", "price": "prices", "side": "sides"}
        assert {name: stored[name].to_list() for name in names} == {name: answer[names[name]] for name in names}
    code, listed = tradestream("list", "--folder", tree, "--json")
    _, told = json.loads(listed)
    assert (code, told["trades"], told["missing_ids"]) == (0, len(stored), 0)
    assert (told["complete_from_us"], told["complete_to_us"]) == (BEGIN_MS * 1_000, LIVE_MS * 1_000)
    said_of_repair = tradestream("repair", "--pairs", "ETH/USD", "--folder", tree, "--rest-url", address)
    assert said_of_repair == (0, "ETH/USD: nothing is missing\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("fetch", "--pairs", "BTC/USD", "--from", "yesterday"), "--from: expected ISO 8601"),
        (("fetch", "--pairs", "btcusd", "--from", BEGIN_MS), "pair: expected BASE/QUOTE in capitals"),
        (("fetch", "--pairs", "BTC/EUR", "--from", BEGIN_MS), "does not list 'BTC/EUR'"),
        (
            ("fetch", "--pairs", "BTC/USD", "--from", LIVE_MS + 1),
            f"--from: expected a time before {iso_utc_ms(LIVE_MS)}",
        ),
        (("fetch", "--pairs", "BTC/USD", "--from", BEGIN_MS, "--exchange", "karken"), "did you mean kraken"),
        (("repair",), "--folder: expected a folder that history or tradestream data fetch has written"),
    ],
    ids=str,
)
def test_what_cannot_be_fetched_is_said(
    address: str, tmp_path: Path, arguments: tuple[object, ...], words: str
) -> None:
    code, said = tradestream(*arguments, "--folder", tmp_path / "none", "--rest-url", address)
    assert words in said and code != 0
    assert not list(tmp_path.glob("none/exchange*")), said


def test_two_at_once_are_one_too_many(address: str, tmp_path: Path) -> None:
    lock = ExclusiveLock(tmp_path / ".fetching", "")
    words = ("fetch", "--pairs", "BTC/USD", "--from", BEGIN_MS, "--folder", tmp_path, "--rest-url", address)
    code, said = tradestream(*words)
    lock.release()
    assert "another process fetches trades into it" in said and code == EXIT_FAILED
