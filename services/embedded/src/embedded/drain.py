"""Let everything that is on its way arrive: after the source has ended, stage by stage in flow order."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from contracts.services import INPUTS
from contracts.services import service as service_of
from contracts.topics import REFERENCE_CANDLES, TopicSpec
from embedded.preflight import references
from embedded.services import group_of
from embedded.supervisor import Supervisor
from results.run_log import RunLog
from results.run_settings import environment_settings


def drain(supervisor: Supervisor, log: RunLog, services: Iterable[str], timeout_s: float | None = None) -> bool:
    """Wait until each of `services`, in flow order, has committed its whole input.

    A service publishes before it commits, so when a stage has committed everything its successor's input is complete.

    Parameters
    ----------
    supervisor
        Looks after the processes meanwhile.
    log
        The run's log.
    services
        Names of services; others are not waited for.
    timeout_s
        How long each stage may take.

    Returns
    -------
    bool
        False if a stage took longer.

    Raises
    ------
    StopRequestedError, ProcessFailedError
        As `Supervisor.wait_until`.
    """
    wanted = set(services)
    for service in INPUTS:
        unread = set() if _reads_references(supervisor, service) else {REFERENCE_CANDLES.name}
        inputs = [spec for spec in service_of(service).inputs if spec.name not in unread]
        caught_up = partial(_caught_up, log, group_of(service), inputs)
        if service in wanted and not supervisor.wait_until(caught_up, timeout_s):
            return False
    return True


def _reads_references(supervisor: Supervisor, service: str) -> bool:
    process = supervisor.processes.get(service)
    if service != "indicators" or process is None:
        return False
    return bool(references(environment_settings(process.spec.environment)).reference_pairs)


def _caught_up(log: RunLog, group: str, inputs: Iterable[TopicSpec]) -> bool:
    return all(log.lag(group, spec) <= 0 for spec in inputs)
