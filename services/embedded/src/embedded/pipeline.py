"""What every plan does with the services: fill the past, train, serve, go live, let it drain, write it down."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Protocol

from contracts.clock import SystemClock
from contracts.services import FLOW, INPUTS, SERVICE_NAMES, service
from contracts.timestamps import iso_utc
from embedded.drain import drain
from embedded.environment import ENVIRONMENT
from embedded.kills import Kill, KillSwitch
from embedded.model_commands import adopt
from embedded.process import ManagedProcess, ProcessSpec
from embedded.services import Services, group_of
from embedded.stall_watch import StallWatch
from embedded.supervisor import Supervisor
from embedded.terminal.hang_up import leave_terminal
from embedded.terminal.state import Phase, RunState, StateReader
from modeling.registered import StoredModel
from predictions.settings import PredictionsSettings
from results.report.wording import model_named
from results.run_log import RunLog
from results.run_settings import record_settings
from results.summary import RunRecord
from streaming.exit_codes import EXIT_TOO_FEW_ROWS
from streaming.settings import environment_of

_SHOW_EVERY_S = 0.5


class View(Protocol):
    """Something that shows a run's state."""

    def show(self, state: RunState) -> None:
        """Show `state` as it is now."""

    def close(self) -> None:
        """End showing."""


#: What training says before its reason.
_NOT_TRAINING = "not training: "


def why_untrained(training: ManagedProcess) -> str:
    """Return why a training gave no model, in its own words.

    Returns
    -------
    str
        The end of a sentence.
    """
    said = training.last_lines(1)
    words = said[0].partition(_NOT_TRAINING)[2].strip() if said else ""
    return f"there is no model: {words or 'there were too few samples'}"


class Pipeline:
    """The services of one run and the record of what was done with them.

    Parameters
    ----------
    services
        Makes the processes.
    state, record
        What is shown and what is written down.
    view
        Shows the state.
    kills
        Services to kill on purpose.
    feed_never_rests
        Whether a feed that brings nothing stands still: that of a market made here does.
    """

    def __init__(
        self,
        services: Services,
        state: RunState,
        record: RunRecord,
        view: View,
        kills: Sequence[Kill] = (),
        *,
        feed_never_rests: bool = False,
    ) -> None:
        self.services = services
        self.state = state
        self.record = record
        self.run_folder = services.run_folder
        self.log = RunLog(self.run_folder.log, ENVIRONMENT)
        self.supervisor = Supervisor(self.run_folder.logs, progress_of=self._progress_of)
        self.kill_switch = KillSwitch(list(kills), self.supervisor, self.log, lambda: self.state.phase)
        watch = StallWatch(self.supervisor.processes.values, self._has_work, self._progress_of)
        self.supervisor.on_tick.append(watch.look)
        self._feed_never_rests = feed_never_rests
        self._view = view
        self._progress_file = services.progress_file
        self._reader = StateReader(state, RunLog(self.run_folder.log, ENVIRONMENT), self._progress_file)
        self._ready_file = services.ready_file
        for stale in (self._ready_file, self._progress_file):
            stale.unlink(missing_ok=True)
        self._started_s = self._phase_started_s = time.monotonic()
        self._shown_s = 0.0
        self.supervisor.on_tick.append(self._show)
        state.processes = self.supervisor.processes
        record.started_at = iso_utc(SystemClock().now_us())

    @contextmanager
    def running(self) -> Iterator[None]:
        """Own the processes, the signals and the screen for a while."""
        record_settings(self.run_folder, self.services.shared())
        try:
            with self.supervisor.running():
                yield
        except BaseException:
            self.close_view()
            raise
        finally:
            self.log.close()
            self._reader.close()

    def enter(self, phase: Phase) -> None:
        """Begin a phase; the time of the one before is written down."""
        now_s = time.monotonic()
        if self.state.phase not in ("starting", "done"):
            taken_s = self.record.phases.get(self.state.phase, 0.0) + now_s - self._phase_started_s
            self.record.phases[self.state.phase] = round(taken_s, 2)
        self.state.phase, self._phase_started_s = phase, now_s
        self.record.wall_seconds = round(now_s - self._started_s, 2)
        self.record.finished_at = iso_utc(SystemClock().now_us())
        self._shown_s = 0.0
        if phase == "report":  # nothing ticks any more: the last picture says what is being done
            self._view.show(self.state)

    def close_view(self) -> None:
        """Give the screen back."""
        self._view.close()

    def _show(self) -> None:
        now_s = time.monotonic()
        if now_s - self._shown_s < _SHOW_EVERY_S:
            return
        self._shown_s = now_s
        self.state.elapsed_s, self.state.phase_elapsed_s = now_s - self._started_s, now_s - self._phase_started_s
        self._reader.refresh()
        try:
            self._view.show(self.state)
        except OSError:  # the terminal has gone; the signal that says so is on its way
            leave_terminal()

    def start(self, *specs: ProcessSpec) -> None:
        """Start processes."""
        for spec in specs:
            self.supervisor.start(spec)

    def backfill(self, **fields: Any) -> None:
        """Write the past and let it become feature rows."""
        self.enter("backfill")
        self.start(self.services.trades_historical(**fields))
        self.supervisor.wait_for_job("trades-historical")
        drain(self.supervisor, self.log, [each.name for each in FLOW if "historical" in each.variants])

    def serve_or_train(self, model: StoredModel | None, until_ms: int | None = None) -> bool:
        """Serve another run's model, or train one; return False if there are too few warm rows to train on."""
        if model is None:
            return self.train(until_ms)
        self.enter("train")
        address, version = adopt(self.run_folder, model)
        name = model.card.model_name
        self.record.notes.append(
            f"{name} version {model.version} was taken over from elsewhere; in this run's own registry it is "
            f"version {version}."
        )
        told = environment_of(PredictionsSettings, mlflow_uri=address)
        self.services = replace(self.services, extra={**self.services.extra, **told})
        self.serve()
        return True

    def train(self, until_ms: int | None = None) -> bool:
        """Train a model and serve it; return False if there are too few warm rows."""
        self.enter("train")
        self.start(self.services.train(until_ms))
        training = self.supervisor.processes["train"]
        # A registered model is enough to go on, training need not have tidied up. Not earlier: training and serving
        # would both create MLflow's database.
        self.supervisor.wait_until(lambda: training.finished or self._is_registered())
        if training.finished and training.exit_code == EXIT_TOO_FEW_ROWS:
            return False
        self.serve()
        return True

    @property
    def untrained(self) -> str:
        """Why training gave no model, in its own words."""
        return why_untrained(self.supervisor.processes["train"])

    def _progress_of(self, spec: ProcessSpec) -> object:
        """Return how much a process has taken in; of a source, how much it has written."""
        if spec.belongs_to not in SERVICE_NAMES:
            return None
        of = service(spec.belongs_to)
        return self.log.consumed(group_of(of.name), of.input) if of.input else self.log.count(of.writes[0])

    def _has_work(self, process: ManagedProcess) -> bool:
        """Return whether a process has input that it has not committed, or reads a feed that never rests."""
        if self._feed_never_rests and process.spec.belongs_to not in INPUTS:
            return self.state.phase in ("backfill", "live")  # meanwhile the market stands still
        return self.state.lags.get(process.spec.name, 0) > 0

    def _is_registered(self) -> bool:
        return self._progress_file.exists() and '"done"' in self._progress_file.read_text(encoding="utf-8")

    def serve(self) -> None:
        """Start the predictions service and wait until it says which model it serves."""
        self.start(self.services.serve())
        self.supervisor.wait_until(self._ready_file.exists)
        facts: dict[str, Any] = json.loads(self._ready_file.read_text(encoding="utf-8"))
        self.record.model = {
            "name": facts["model_name"],
            "version": facts["model_version"],
            "kind": facts["kind"],
            "trained_to_ms": facts["trained_to_ms"],
            "proven": facts["proven"],
            "metrics": facts["metrics"],
            "baselines": facts["baselines"],
        }
        self.record.labels = {str(facts["model_version"]): facts["label"]}
        self.state.model = model_named(facts["model_name"], facts["model_version"], proven=facts["proven"])

    def wait_for_source(self) -> None:
        """Wait until the live feed has ended by itself."""
        self.supervisor.wait_for_job("trades")

    def drain(self, timeout_s: float | None = None) -> None:
        """Let everything that is on its way arrive; with `timeout_s` a stage that takes longer ends the wait."""
        self.enter("drain")
        if "train" in self.supervisor.processes:
            training = self.supervisor.processes["train"]
            self.supervisor.wait_until(lambda: training.finished or self._is_registered())
        served = [name for name in INPUTS if name in self.supervisor.processes]
        has_model = self.record.model is not None
        stages = [name for name in served if has_model or name != "predictions"]
        if not drain(self.supervisor, self.log, stages, timeout_s):
            self.record.notes.append(
                "Stopped before everything on its way had arrived; the next start goes on there."
            )
