"""How the processes of a run fared, as `summary.json` says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.services import FLOW_NAMES
from embedded.process import ManagedProcess


def process_states(processes: Mapping[str, ManagedProcess]) -> dict[str, dict[str, dict[str, Any]]]:
    """Return what each process used and how it ended, under `services` and `jobs`."""
    return {"services": _services(processes), "jobs": _jobs(processes)}


def _services(processes: Mapping[str, ManagedProcess]) -> dict[str, dict[str, Any]]:
    """Return one entry per service; restarts are summed over its variants, the rest is of the last that ran.

    A service that never ran (nothing to predict with) has null for its pid.
    """
    states = {}
    for service in FLOW_NAMES:
        own = [each for each in processes.values() if each.spec.belongs_to == service and not _is_training(each)]
        last = _state(own[-1]) if own else dict(_NEVER_RAN)
        states[service] = {**last, "restarts": sum(each.restarts for each in own)}
    return states


_NEVER_RAN = {"pid": None, "restarts": 0, "exit_code": None, "cpu_s": 0.0, "peak_rss_mb": 0.0}


def _jobs(processes: Mapping[str, ManagedProcess]) -> dict[str, dict[str, Any]]:
    """Return the processes that are not the services themselves: jobs, training, the simulated venue."""
    return {
        name: _state(each)
        for name, each in processes.items()
        if each.spec.belongs_to not in FLOW_NAMES or name not in FLOW_NAMES
    }


def _is_training(process: ManagedProcess) -> bool:
    return process.spec.name == "train"


def _state(process: ManagedProcess) -> dict[str, Any]:
    return {
        "pid": process.pid,
        "restarts": process.restarts,
        "exit_code": process.exit_code,
        "cpu_s": round(process.usage.cpu_s, 2),
        "peak_rss_mb": round(process.usage.peak_rss_mb, 1),
    }
