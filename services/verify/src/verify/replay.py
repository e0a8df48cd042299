"""The services of the flow, once more: on a fresh embedded log, fed with the trades of another."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from contracts.topics import PREDICTIONS, TRADES, TopicSpec
from embedded.drain import drain
from embedded.process import ProcessSpec
from embedded.run_settings import RunSettings, decides
from embedded.services import ENVIRONMENT, Services
from embedded.settings import EmbeddedSettings
from embedded.supervisor import Supervisor
from results.run_folder import RunFolder
from results.run_log import RunLog
from streaming.clients import create_topics
from streaming.embedded.producer import EmbeddedProducer
from verify.due import why_predictions_are_due
from verify.log import Log, Snapshot
from verify.served import served_versions

#: Exit codes of `python -m predictions replay`: no such model, or one that this code cannot serve.
_MODEL_IS_MISSING = (4, 5)
_COPY_AT_ONCE = 1_000


@dataclass
class Replayed:
    """The log that the replay has written.

    Attributes
    ----------
    unverified
        Service -> why it could not be replayed; what reads its topic was given what was published there.
    """

    log: Log
    unverified: dict[str, str] = field(default_factory=dict)
    copied_trades: int = 0


@contextmanager
def replayed(source: Log, snapshot: Snapshot, settings: RunSettings, services: Sequence[str]) -> Iterator[Replayed]:
    """Replay the trades of `source` through `services`, from the first on, and keep the result while the block runs.

    Raises
    ------
    ProcessFailedError, StopRequestedError
        As `Supervisor.wait_until`.
    """
    with tempfile.TemporaryDirectory(prefix="tradestream-verify-") as folder:
        place = RunFolder(Path(folder).resolve())
        place.create()
        yield _Replay(source, snapshot, settings, place).run(services)


class _Replay:
    def __init__(self, source: Log, snapshot: Snapshot, settings: RunSettings, place: RunFolder) -> None:
        self._source = source
        self._snapshot = snapshot
        self._place = place
        self._ready_file = place.file("predictions-ready.json")
        services = Services(place, (), model="", seed=0, trades={})
        given = {**settings.values, "TRADESTREAM_STORE_URL": "off", "TRADESTREAM_LOG_LEVEL": "WARNING"}
        self._services = replace(services, extra=_unset_others({**services.shared(), **given}) | given)
        own = EmbeddedSettings(broker_address=place.broker_address, environment=ENVIRONMENT, data_dir=place.work)
        self._result = Replayed(Log(own, place))
        self._supervisor = Supervisor(place.logs)

    def run(self, services: Sequence[str]) -> Replayed:
        log = RunLog(self._place.log, ENVIRONMENT)
        try:
            with self._supervisor.running():
                for spec in self._services.flow():
                    if spec.name in services:
                        self._start(spec)
                if "predictions" in services:
                    self._start_predictions()
                self._result.copied_trades = self._copy(TRADES)
                if "predictions" in self._supervisor.processes:
                    self._wait_for_models()
                drain(self._supervisor, log, [name for name in services if name in self._supervisor.processes])
        finally:
            log.close()
        return self._result

    def _start(self, spec: ProcessSpec) -> None:
        self._supervisor.start(replace(spec, folder=self._place.work))  # no `local.env` there

    def _start_predictions(self) -> None:
        """Start what predicts again, unless nothing was predicted or there is nothing to predict with."""
        entries = served_versions(self._source.read(PREDICTIONS, self._snapshot.ends[PREDICTIONS.name]))
        if not entries:
            due = why_predictions_are_due(self._source)
            if due is not None:
                self._result.unverified["predictions"] = f"the log has none, yet {due}"
            return
        address = _registry(self._source)
        if address.startswith("sqlite:///") and not Path(address.removeprefix("sqlite:///")).exists():
            self._go_without_models(f"no registry at {address}")
            return
        file = self._place.file("served.json")
        file.write_text(json.dumps(entries), encoding="utf-8")
        serve = self._services.serve()
        given = {**serve.environment, "PREDICTIONS_SERVED_FILE": str(file), "PREDICTIONS_MLFLOW_URI": address}
        self._start(
            replace(
                serve, command=("predictions", "replay"), environment=given, kind="job", final_codes=_MODEL_IS_MISSING
            )
        )

    def _wait_for_models(self) -> None:
        process = self._supervisor.processes["predictions"]
        self._supervisor.wait_until(lambda: process.finished or self._ready_file.exists())
        if process.finished:
            del self._supervisor.processes["predictions"]
            self._go_without_models(" ".join(process.last_lines()[-1:]).rpartition("not starting: ")[2])

    def _go_without_models(self, reason: str) -> None:
        self._result.unverified["predictions"] = reason
        self._copy(PREDICTIONS)

    def _copy(self, spec: TopicSpec) -> int:
        """Put the records of a topic on the fresh log, as they are."""
        target = self._result.log.settings
        create_topics(target, [spec])
        producer = EmbeddedProducer({"bootstrap.servers": target.broker_address})
        copied = 0
        for record in self._source.read(spec, self._snapshot.ends[spec.name]):
            producer.produce(
                spec.full_name(ENVIRONMENT),
                value=record.value,
                key=record.key,
                timestamp=record.timestamp_ms,
                headers=list(record.headers.items()),
            )
            copied += 1
            if copied % _COPY_AT_ONCE == 0:
                producer.flush()
                self._supervisor.tick()
        producer.flush()
        producer.close()
        return copied


def _unset_others(settings: Mapping[str, str]) -> dict[str, str]:
    """Return an empty value for each setting of this environment that is not one of `settings`."""
    here = {name for name in os.environ if decides(name) or name.startswith("TRADESTREAM_")}  # noqa: TID251
    return dict.fromkeys(here - set(settings), "")


def _registry(source: Log) -> str:
    """Return the address of the model registry that the log's predictions are from."""
    if source.place is not None and (database := source.place.work / "mlflow.db").exists():
        return f"sqlite:///{database.resolve()}"
    configured = os.environ.get("PREDICTIONS_MLFLOW_URI")  # noqa: TID251 - the predictions service's own setting
    return configured or f"sqlite:///{(source.settings.data_dir / 'mlflow.db').absolute()}"
