"""What stands in RisingWave's place in a cluster without its image: real Kafka, PostgreSQL, all of our statements."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from confluent_kafka import Producer
from tests.support import made_up_run
from tests.support.processes import free_port
from tests.support.waiting import wait_for
from tests.support.workspace import ROOT

from contracts.message import Message
from featurestore import Result, Store, open_store, risingwave_apply
from featurestore.ddl import statements
from featurestore.examples import EXAMPLES
from featurestore.risingwave_ddl import topic_of
from featurestore.tables import STORED
from featurestore.target import Target
from featurestore.views import VIEWS
from streaming.kafka.manage_topics import EXIT_OK, reconcile
from streaming.settings import ServiceSettings

NEEDS = pytest.mark.skipif(
    not all(map(shutil.which, ("initdb", "pg_ctl", "psql"))), reason="PostgreSQL and its psql are not installed"
)
NAMES = [*(table.name for table in STORED), *(view.name for view in VIEWS)]


@contextmanager
def running(folder: Path, port: int, log: Path) -> Iterator[str]:
    """The stand-in runs in the block; its address."""
    command = [sys.executable, "-m", "tests.deployments.standins.risingwave", "single_node"]
    command += ["--store-directory", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    with log.open("ab") as file:
        process = subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=file)
    address = f"127.0.0.1:{port}/dev"
    try:
        wait_for(lambda: answers(f"postgresql://root@{address}"), "the stand-in to listen", of=process)
        yield f"risingwave://root@{address}"
    finally:
        process.terminate()
        assert process.wait(60) == 0


def answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def psql(url: str, command: str) -> list[str]:
    """Return the lines that psql prints, called as people call it."""
    host, port = url.partition("@")[2].removesuffix("/dev").split(":")
    return subprocess.run(
        [
            "psql",
            "-h",
            host,
            "-p",
            port,
            "-d",
            "dev",
            "-U",
            "root",
            "-v",
            "ON_ERROR_STOP=1",
            "-X",
            "-A",
            "-t",
            "-q",
            "-c",
            command,
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()


def sent(settings: ServiceSettings, messages: list[Message]) -> None:
    """Write messages to their topics, each with one that is no JSON and one that is nobody's."""
    producer = Producer({"bootstrap.servers": settings.broker_address})
    names = {topic_of(type(message)).full_name(settings.environment) for message in messages}
    for name in names:
        for value in (b"\xff no JSON", b"[1]", None):
            producer.produce(name, value, key=b"poison")
    for message in messages:
        name = topic_of(type(message)).full_name(settings.environment)
        producer.produce(name, message.to_json(), key=message.key)
    producer.flush()


def plain(found: Result) -> list[tuple[Any, ...]]:
    """Return rows in an order of their own, columns by name: SQLite keeps decimals as floats and times as text."""
    order = sorted(range(len(found.columns)), key=found.columns.__getitem__)
    return sorted((tuple(_plain(row[n]) for n in order) for row in found.rows), key=repr)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return str(value)
    return round(float(value), 9) if isinstance(value, Decimal | float) else value


def is_filled(store: Store, expected: Store, name: str) -> bool:
    query = f"SELECT * FROM {name}"
    return plain(store.sql(query)) == plain(expected.sql(query))


@pytest.fixture
def topics(on_kafka: ServiceSettings) -> ServiceSettings:
    assert reconcile(on_kafka, create=True, alter=False) == EXIT_OK
    return on_kafka


@pytest.fixture
def kept() -> Iterator[Path]:
    """A folder that PostgreSQL's own user may enter, which pytest's are not."""
    with tempfile.TemporaryDirectory(prefix="standin-data-", dir="/tmp") as folder:
        yield Path(folder)


@NEEDS
@pytest.mark.slow
def test_all_our_statements_messages_and_queries(topics: ServiceSettings, kept: Path, tmp_path: Path) -> None:
    messages = made_up_run.messages(30)
    target = Target(topics.environment, topics.broker_address)
    half, port = len(messages) // 2, free_port()
    with open_store(f"sqlite:///{tmp_path}/store.sqlite") as expected:
        expected.write(messages)
        sent(topics, messages[:half] + messages[:half])  # twice, as after a restart of a service
        with running(kept, port, tmp_path / "log") as url:
            assert len(list(risingwave_apply.apply(url, target))) == len(statements())
            list(risingwave_apply.apply(url, target))  # a second run changes nothing
            assert psql(url, "SELECT count(*) FROM technical_indicators_history")
        sent(topics, messages[half:])
        with running(kept, port, tmp_path / "log") as url, open_store(url) as store:  # goes on where it was
            for name in NAMES:
                wait_for(lambda name=name: is_filled(store, expected, name), f"{name} to be filled")
            for _, query in EXAMPLES:
                assert plain(store.sql(query)) == plain(expected.sql(query)), query
            newest, counted = (query for _, query in EXAMPLES[:2])
            assert psql(url, counted) == ["|".join(map(str, expected.sql(counted).rows[0]))]
            lines = [line.split("|") for line in psql(url, newest)]
            assert sorted((line[0], float(line[1]), int(line[5]), f"{line[6]}:00") for line in lines) == sorted(
                (row[0], row[1], row[5], row[6]) for row in expected.sql(newest).rows
            )
            psql(url, "DROP TABLE technical_indicators CASCADE")
            list(risingwave_apply.apply(url, target))  # it fills itself from the topic again
            wait_for(lambda: psql(url, counted) == ["|".join(map(str, expected.sql(counted).rows[0]))], "it again")
