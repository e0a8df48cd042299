"""Runs the services for `tradestream verify`: with the settings that a run wrote down, and no others."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from embedded.drain import drain
from embedded.environment import ENVIRONMENT
from embedded.process import ProcessSpec
from embedded.services import Services
from embedded.supervisor import Supervisor
from embedded.trading import trading
from predictions.settings import PredictionsSettings
from results.run_folder import RunFolder
from results.run_log import RunLog
from results.run_settings import decides
from signals.settings import SignalsSettings
from streaming.exit_codes import EXIT_NO_MODEL, EXIT_UNSUITABLE_MODEL
from streaming.settings import SHARED_PREFIX, ServiceSettings, environment_of, environment_variable, load_settings

_MODELS = "predictions"
_DATABASE = "sqlite:///"


class Replayer:
    """The services of one replay, on the log of a folder.

    Parameters
    ----------
    place
        Folder of the log.
    settings
        What the services publish by, by environment variable.
    """

    def __init__(self, place: RunFolder, settings: Mapping[str, str]) -> None:
        self.settings = ServiceSettings(
            broker_address=place.broker_address, environment=ENVIRONMENT, data_dir=place.work
        )
        self._place = place
        services = Services(place, (), model="", seed=0, trades={})
        own = environment_of(PredictionsSettings, store_url="off", log_level="WARNING")
        # The replay runs as fast as it can: what was waited for in time is waited for here, however long that takes.
        given = {**settings, **own, **trading({})}
        self._services = replace(services, extra=unset_others({**services.shared(), **given}) | given)
        self._supervisor = Supervisor(place.logs)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Leave no process behind when the block ends."""
        with self._supervisor.running():
            yield

    def start(self, services: Sequence[str], late: Path, said: Path | None) -> None:
        """Start those of `services` that need no model; `late` and `said` tell signals what it decided by then."""
        told = environment_of(SignalsSettings, late_file=late)
        told |= {} if said is None else environment_of(SignalsSettings, said_file=said)
        for spec in self._services.flow():
            if spec.name in services:
                self._start(replace(spec, environment={**spec.environment, **told}))

    def _start(self, spec: ProcessSpec) -> None:
        self._supervisor.start(replace(spec, folder=self._place.work))  # no `local.env` there

    def predict_again(self, served: Path, database: Path | None) -> str | None:
        """Start what predicts with the versions that `served` names; return why that cannot be."""
        address = f"{_DATABASE}{database.resolve()}" if database else _configured_registry()
        if address.startswith(_DATABASE) and not Path(address.removeprefix(_DATABASE)).exists():
            return f"no registry at {address}"
        serve = self._services.serve()
        told = environment_of(PredictionsSettings, served_file=served, mlflow_uri=address)
        self._start(
            replace(
                serve,
                command=("predictions", "replay"),
                environment={**serve.environment, **told},
                kind="job",
                final_codes=(EXIT_NO_MODEL, EXIT_UNSUITABLE_MODEL),
            )
        )
        return None

    def why_no_models(self) -> str | None:
        """Wait until the models are loaded; return why there are none."""
        process = self._supervisor.processes[_MODELS]
        ready = self._services.ready_file
        self._supervisor.wait_until(lambda: process.finished or ready.exists())
        if not process.finished:
            return None
        del self._supervisor.processes[_MODELS]
        return " ".join(process.last_lines()[-1:]).rpartition("not starting: ")[2]

    def tick(self) -> None:
        """Look after the processes."""
        self._supervisor.tick()

    def drain(self, services: Sequence[str]) -> None:
        """Wait until the running ones of `services` have worked off their inputs."""
        with closing(RunLog(self._place.log, ENVIRONMENT)) as log:
            drain(self._supervisor, log, [name for name in services if name in self._supervisor.processes])


def unset_others(settings: Mapping[str, str]) -> dict[str, str]:
    """Return an empty value for each setting of this environment that is not one of `settings`."""
    here = {name for name in os.environ if decides(name) or name.startswith(SHARED_PREFIX)}  # noqa: TID251
    return dict.fromkeys(here - set(settings), "")


def _configured_registry() -> str:
    configured = os.environ.get(environment_variable(PredictionsSettings, "mlflow_uri"))  # noqa: TID251
    return configured or f"{_DATABASE}{(load_settings(ServiceSettings).data_dir / 'mlflow.db').absolute()}"
