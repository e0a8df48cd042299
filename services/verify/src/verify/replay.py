"""The services of the flow, once more: on a fresh embedded log, fed with the trades of another."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from contracts.services import service
from contracts.topics import (
    FORWARD_TEST_EVENTS,
    PREDICTIONS,
    PREDICTIONS_SHADOW,
    SIGNALS,
    STRATEGY_CHECKS,
    STRATEGY_SETTINGS,
    TRADES,
    TopicSpec,
)
from results.run_folder import RunFolder
from streaming.clients import create_topics
from streaming.embedded.producer import EmbeddedProducer
from streaming.record import Record
from streaming.settings import ServiceSettings
from verify.due import why_predictions_are_due
from verify.given import interleaved, is_given
from verify.late import late_predictions
from verify.log import Log, Snapshot
from verify.said import hashes_said
from verify.served import served_versions

_COPY_AT_ONCE = 1_000


class Runner(Protocol):
    """Runs services on the log of a folder; whoever starts the processes of this machine brings it."""

    settings: ServiceSettings
    """Of the log that the services write."""

    def running(self) -> AbstractContextManager[object]:
        """Leave no process behind when the block ends."""

    def start(self, services: Sequence[str], late: Path, said: Path | None) -> None:
        """Start those of `services` that need no model.

        Parameters
        ----------
        late
            File of the predictions that decisions were made without.
        said
            File of the hashes on signals of strategies that were given other parameters; None if none were.
        """

    def predict_again(self, served: Path, database: Path | None) -> str | None:
        """Start what predicts with the versions that `served` names; return why that cannot be.

        Parameters
        ----------
        database
            The run's own registry; the configured one if it left none.
        """

    def why_no_models(self) -> str | None:
        """Wait until the models are loaded; return why there are none."""

    def tick(self) -> None:
        """Look after the processes."""

    def drain(self, services: Sequence[str]) -> None:
        """Wait until the running ones of `services` have worked off their inputs."""


#: Makes a runner in a folder, with settings by environment variable.
MakeRunner = Callable[[RunFolder, Mapping[str, str]], Runner]


@dataclass
class Replayed:
    """The log that the replay has written.

    Attributes
    ----------
    own_logs
        Service -> the log that it wrote, where that is another one.
    unverified
        Service -> why it could not be replayed; what reads its topic was given what was published there.
    late_predictions
        How many had come too late for the decisions that wait for them, which were made without them here too.
    """

    log: Log
    own_logs: dict[str, Log] = field(default_factory=dict)
    unverified: dict[str, str] = field(default_factory=dict)
    copied_trades: int = 0
    late_predictions: int = 0

    def log_of(self, name: str) -> Log:
        """Return the log that a service has written.

        Returns
        -------
        Log
            With all its outputs.
        """
        return self.own_logs.get(name, self.log)


@contextmanager
def replayed(
    source: Log, snapshot: Snapshot, settings: Mapping[str, str], services: Sequence[str], make_runner: MakeRunner
) -> Iterator[Replayed]:
    """Replay the trades of `source` through `services`, from the first on, and keep the result while the block runs.

    Raises
    ------
    ProcessFailedError, StopRequestedError
        As `Supervisor.wait_until`.
    """
    with tempfile.TemporaryDirectory(prefix="tradestream-verify-") as folder:
        place = RunFolder(Path(folder).resolve())
        place.create()
        yield Replay(source, snapshot, place, lambda at: make_runner(at, settings)).run(services)


class Replay:
    """One replay, step by step.

    Parameters
    ----------
    source, snapshot
        What is replayed.
    place
        Folder of what the replay writes.
    runner_in
        Makes what runs services in a folder.
    """

    def __init__(
        self, source: Log, snapshot: Snapshot, place: RunFolder, runner_in: Callable[[RunFolder], Runner]
    ) -> None:
        self._source = source
        self._snapshot = snapshot
        self._place = place
        self._runner_in = runner_in
        self._runner = runner_in(place)
        self._result = Replayed(Log(self._runner.settings, place))
        self._late_file = place.file("late.json")
        self._said_file: Path | None = None

    def run(self, services: Sequence[str]) -> Replayed:
        """Run `services` on the trades until nothing is left to do; what reads what was given after the others."""
        later = [name for name in services if self._was_given(name)]
        first = [name for name in services if name not in later]
        self._say_late()
        self._said_file = self._say_settings()
        with self._runner.running():
            self._runner.start(first, self._late_file, self._said_file)
            predicts = "predictions" in first and self._start_predictions()
            self._result.copied_trades = self._copy(TRADES)
            if predicts and (reason := self._runner.why_no_models()):
                self._go_without_models(reason)
            self._runner.drain(first)
        for name in later:
            self._run_with_what_was_given(name)
        return self._result

    def _say_late(self) -> None:
        """Write down which predictions were late; a run without signals has none."""
        late = late_predictions(self._recorded(SIGNALS), self._recorded(PREDICTIONS))
        self._result.late_predictions = len(late)
        self._late_file.write_text(json.dumps(late), encoding="utf-8")

    def _say_settings(self) -> Path | None:
        """Take over what was set, tested and loaded, and write down since when it held; None if nothing was."""
        given = (STRATEGY_SETTINGS, FORWARD_TEST_EVENTS, STRATEGY_CHECKS)
        records = {spec: list(self._source.read(spec)) for spec in given}
        if not any(records.values()):
            return None
        for spec, each in records.items():
            _write(self._runner, spec, each)
        file = self._place.file("said.json")
        settings, tests, checks = (records[spec] for spec in given)
        said = hashes_said(settings, self._recorded(SIGNALS), tests, checks)
        file.write_text(json.dumps(said), encoding="utf-8")
        return file

    def _was_given(self, name: str) -> bool:
        return any(is_given(spec, record) for spec in _given_to(name) for record in self._recorded(spec))

    def _run_with_what_was_given(self, name: str) -> None:
        """Run a service on a log of its own: the replayed messages, and between them what was given."""
        place = RunFolder(self._place.out / f"with-what-was-given-to-{name}")
        place.create()
        runner = self._runner_in(place)
        self._result.own_logs[name] = Log(runner.settings, place)
        for spec in _given_to(name):
            _write(runner, spec, interleaved(spec, self._recorded(spec), self._result.log.read(spec)))
        with runner.running():
            runner.start([name], self._late_file, self._said_file)
            runner.drain([name])

    def _recorded(self, spec: TopicSpec) -> Iterator[Record]:
        return self._source.read(spec, self._snapshot.ends[spec.name])

    def _start_predictions(self) -> bool:
        """Start what predicts again, unless nothing was predicted or there is nothing to predict with."""
        entries = served_versions(self._recorded(PREDICTIONS), self._recorded(PREDICTIONS_SHADOW))
        if not entries:
            due = why_predictions_are_due(self._source)
            if due is not None:
                self._result.unverified["predictions"] = f"the log has none, yet {due}"
            return False
        file = self._place.file("served.json")
        file.write_text(json.dumps(entries), encoding="utf-8")
        reason = self._runner.predict_again(file, self._source.registry)
        if reason:
            self._go_without_models(reason)
        return reason is None

    def _go_without_models(self, reason: str) -> None:
        self._result.unverified["predictions"] = reason
        self._copy(PREDICTIONS)

    def _copy(self, spec: TopicSpec) -> int:
        """Put the records of a topic on the fresh log, as they are."""
        return _write(self._runner, spec, self._recorded(spec))


def _given_to(name: str) -> list[TopicSpec]:
    """Return the inputs of a service on which something may lie that does not follow from the trades."""
    return [spec for spec in service(name).inputs if spec.given]


def _write(runner: Runner, spec: TopicSpec, records: Iterable[Record]) -> int:
    """Write records of a topic to a runner's log; return how many there were."""
    target = runner.settings
    create_topics(target, [spec])
    producer = EmbeddedProducer({"bootstrap.servers": target.broker_address})
    copied = 0
    for record in records:
        producer.produce(
            spec.full_name(target.environment),
            value=record.value,
            key=record.key,
            timestamp=record.timestamp_ms,
            headers=list(record.headers.items()),
        )
        copied += 1
        if copied % _COPY_AT_ONCE == 0:
            producer.flush()
            runner.tick()
    producer.flush()
    producer.close()
    return copied
