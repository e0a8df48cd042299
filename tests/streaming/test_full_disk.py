"""A full disk stops the service with a clear error; with space again it goes on and nothing is lost."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.streaming.tally import TALLIES, TallySettings, beats, topology

from contracts.topics import TRADES
from streaming.clients import read_dead_letters, read_topic
from streaming.embedded.errors import LogFullError
from streaming.embedded.log import EmbeddedLog
from streaming.embedded.producer import EmbeddedProducer
from streaming.embedded.topic_log import TopicSettings
from streaming.producer import open_producer
from streaming.service.runner import run_service
from streaming.testing import run_topology


def mount(*arguments: str) -> bool:
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    if not mount("-t", "tmpfs", "-o", "size=1m", "none", str(disk)):
        pytest.skip("needs the right to mount a tmpfs")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=False)


def enlarge(disk: Path) -> None:
    assert mount("-o", "remount,size=64m", str(disk))


def test_a_producer_is_told_and_loses_nothing(small_disk: Path) -> None:
    log = EmbeddedLog(small_disk)
    log.create_topic("t", TopicSettings())
    producer = EmbeddedProducer({"bootstrap.servers": f"embedded://{small_disk}"})
    produced = 0
    with pytest.raises(LogFullError, match=str(small_disk)):
        while produced < 10_000:
            for _ in range(10):
                producer.produce("t", b"%d" % produced + b"x" * 1_000, key=b"k")
                produced += 1
            producer.flush()
    rows, end = log.topic("t").read(0, 0, 100_000)
    assert end == len(rows) and end % 10 == 0, "half a batch was written"
    enlarge(small_disk)
    producer.flush()
    rows, end = log.topic("t").read(0, 0, 100_000)
    assert [int((row[3] or b"").rstrip(b"x")) for row in rows] == list(range(end))
    assert end >= produced - 10
    producer.close()


@pytest.mark.parametrize("guarantee", ["at-least-once", "exactly-once"])
def test_a_service_stops_and_goes_on_after_a_restart(
    small_disk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], guarantee: str
) -> None:
    settings = TallySettings(
        broker_address=f"embedded://{small_disk}",
        data_dir=tmp_path,
        processing_guarantee=guarantee,
        commit_interval_seconds=0.02,
    )
    messages = beats(400)
    with open_producer(settings, "test") as producer:
        for message in messages:
            producer.produce(TRADES, message)
    filler = small_disk / "filler"
    with pytest.raises(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    options = {
        "service": "tally",
        "inputs": [TRADES],
        "outputs": [TALLIES],
        "topology": topology,
        "stop_at_end": True,
    }
    assert run_service(settings, **options) == 1  # type: ignore[arg-type]
    said = capsys.readouterr().err
    assert str(small_disk) in said and "no space left" in said
    enlarge(small_disk)
    assert run_service(settings, **options) == 0  # type: ignore[arg-type]
    assert list(read_dead_letters(settings, "tally")) == []
    found = list(dict.fromkeys(record.message().to_json() for record in read_topic(settings, TALLIES)))
    expected = run_topology(topology, TallySettings(), "tally", {TRADES: messages}, [TALLIES])["tallies"]
    assert found == [message.to_json() for message in expected]
