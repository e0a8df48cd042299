"""Running a topology over messages and looking at what comes out: the product's own application, not a mock."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from contracts.clock import Clock
from contracts.message import Message
from contracts.topics import TopicSpec
from streaming.broker_address import SCHEME
from streaming.clients import create_topics, end_offsets, read_dead_letters, read_topic
from streaming.embedded.producer import EmbeddedProducer
from streaming.producer import open_producer
from streaming.record import Record
from streaming.service.assembly import Topology, assemble
from streaming.settings import SettingsT

#: A message, or the key and bytes of something that is none.
Input = Message | tuple[str, bytes]


class TopologyRun(dict[str, list[Any]]):
    """The output messages by topic name, of the topics' classes.

    Attributes
    ----------
    records
        The same, undecoded, with headers and timestamps.
    dead_letters
        What was set aside.
    """

    records: dict[str, list[Record]]
    dead_letters: list[Record]


def run_topology(
    topology: Topology[SettingsT],
    settings: SettingsT,
    service: str,
    inputs: Mapping[TopicSpec, Iterable[Input]],
    outputs: Sequence[TopicSpec],
    *,
    folder: Path | None = None,
    clock: Clock | None = None,
) -> TopologyRun:
    """Run `topology` until its inputs are exhausted and return what it wrote.

    The application is the real one, with windows, state and changelogs, over an embedded log.

    Parameters
    ----------
    settings
        Broker, data and state folders are replaced.
    inputs
        Messages by topic, in the order they are written.
    outputs
        The topics to read; the topology gets these and the inputs.
    folder
        Of log and state; run twice on the same one, the second run goes on where the first ended and its outputs only
        are returned. A temporary folder by default.

    Returns
    -------
    TopologyRun

    Examples
    --------
    ::

        run = run_topology(topology, CandlesSettings(), "candles", {TRADES: frames}, [CANDLES])
        assert [candle.close for candle in run["candles"]] == [...]
    """
    with _folder(folder) as place:
        local = settings.model_copy(
            update={"broker_address": f"{SCHEME}{place}/log", "data_dir": place, "state_dir": place / "state"}
        )
        create_topics(local, [*inputs, *outputs])
        starts = {spec: end_offsets(local, spec) for spec in outputs}
        letters_before = _count_dead_letters(local, service)
        _write(local, inputs, clock)
        app = assemble(
            local,
            service=service,
            inputs=list(inputs),
            outputs=list(outputs),
            topology=topology,
            clock=clock,
            stop_at_end=True,
        )
        app.leave_signals_alone()
        app.run()
        run = TopologyRun()
        run.records = {spec.name: list(read_topic(local, spec, starts[spec])) for spec in outputs}
        run.dead_letters = list(read_dead_letters(local, service, {0: letters_before}))
        run.update({name: [record.message() for record in records] for name, records in run.records.items()})
        return run


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="tradestream-") as temporary:
        yield Path(temporary)


def _count_dead_letters(settings: Any, service: str) -> int:
    return sum(1 for _ in read_dead_letters(settings, service))


def _write(settings: Any, inputs: Mapping[TopicSpec, Iterable[Input]], clock: Clock | None) -> None:
    raw = EmbeddedProducer({"bootstrap.servers": settings.broker_address})
    with open_producer(settings, "test", clock) as producer:
        for spec, messages in inputs.items():
            for message in messages:
                if isinstance(message, Message):
                    producer.produce(spec, message)
                    continue
                producer.flush()
                key, value = message
                raw.produce(spec.full_name(settings.environment), key=key, value=value)
                raw.flush()
    raw.close()
