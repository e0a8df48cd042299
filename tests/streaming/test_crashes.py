"""kill -9: what was confirmed stays, nothing is torn, and a service's outputs are those of an undisturbed run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.streaming.tally import TALLIES, TallySettings, beats, topology

from contracts.message import Message
from contracts.topics import TRADES
from streaming.clients import lag, read_topic
from streaming.embedded.log import EmbeddedLog
from streaming.producer import open_producer
from streaming.testing import run_topology

RUNNER = "tests.streaming.crash_runner"
BEATS_PER_PAIR = 600


def crash(mode: str, **options: Any) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", RUNNER, mode, json.dumps(options)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_killed_producer_loses_nothing_confirmed_and_tears_no_batch(tmp_path: Path) -> None:
    confirmed = crash("producer", folder=str(tmp_path), seed=7, kills=8)["confirmed"]
    assert sum(last > 0 for last in confirmed.values()) >= 6, f"too few got to work: {confirmed}"
    rows, end = EmbeddedLog(tmp_path).topic("t").read(0, 0, 10_000_000)
    assert [row[0] for row in rows] == list(range(end))
    for name, last in confirmed.items():
        mine = [row[3] for row in rows if row[2] == name.encode()]
        batches = len(mine) // 10
        assert mine == [b"%d-%d" % (batch, part) for batch in range(batches) for part in range(10)]
        assert batches in (last + 1, last + 2), "only the batch being confirmed may be more than was confirmed"


@pytest.fixture(scope="module")
def undisturbed() -> list[Message]:
    run = run_topology(topology, TallySettings(), "tally", {TRADES: beats(BEATS_PER_PAIR)}, [TALLIES])
    assert len(run["tallies"]) == 3 * (BEATS_PER_PAIR // 10 - 1)
    return run["tallies"]


@pytest.mark.parametrize(
    ("guarantee", "wipe", "seed"),
    [("at-least-once", False, 1), ("at-least-once", True, 2), ("exactly-once", False, 3), ("exactly-once", True, 4)],
)
def test_a_killed_service_ends_where_an_undisturbed_one_does(
    tmp_path: Path, undisturbed: list[Message], guarantee: str, wipe: bool, seed: int
) -> None:
    settings = TallySettings(broker_address=f"embedded://{tmp_path}/log", data_dir=tmp_path)
    with open_producer(settings, "test") as producer:
        for message in beats(BEATS_PER_PAIR):
            producer.produce(TRADES, message)

    report = crash("service", folder=str(tmp_path), guarantee=guarantee, seed=seed, kills=5, wipe=wipe)

    assert report["exit"] == 0
    assert report["died"]["before offsets"]
    assert report["compacted"] == (2 if wipe else 0)
    assert report["died"]["after journal"] == (guarantee == "exactly-once")
    found = [record.message() for record in read_topic(settings, TALLIES)]
    distinct = list(dict.fromkeys(message.to_json() for message in found))
    if guarantee == "exactly-once":
        assert len(found) == len(distinct), "written twice"
    assert sorted(distinct) == sorted(message.to_json() for message in undisturbed)
    for pair in {message.key for message in undisturbed}:
        of_pair = [message.to_json() for message in undisturbed if message.key == pair]
        assert [raw for raw in distinct if f'"{pair}"'.encode() in raw] == of_pair
    assert lag(settings, "tally-dev", TRADES) == 0
