"""Who is killed when: drawn from a seed, the same on every log."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Literal

from tests.chaos.live_run import LiveRun

from contracts.services import FLOW_NAMES

Aim = Literal["anywhere", "recovery", "checkpoint"]
#: One kill in so many is aimed at the recovery from another, and one at a checkpoint.
_ONE_IN = 5
_RECOVERING_SECONDS = (0.02, 1.0)


@dataclass(frozen=True, order=True)
class Kill:
    """`service` dies `at_seconds` after the market began to run, or at its next checkpoint from then on."""

    at_seconds: float
    service: str
    aim: Aim


def plan_kills(seed: int, kills: int, seconds: float) -> list[Kill]:
    """Return `kills` of each service, spread at random over `seconds`."""
    dice = random.Random(seed)
    plan = []
    for service in FLOW_NAMES:
        aimed = kills // _ONE_IN
        moments = [dice.uniform(0, seconds - max(_RECOVERING_SECONDS)) for _ in range(kills - aimed)]
        in_checkpoint = aimed if service != "trades" else 0  # it has no state, so none to be inside of
        plan += [Kill(moment, service, "checkpoint") for moment in moments[:in_checkpoint]]
        plan += [Kill(moment, service, "anywhere") for moment in moments[in_checkpoint:]]
        recovering = [moment + dice.uniform(*_RECOVERING_SECONDS) for moment in dice.sample(moments, aimed)]
        plan += [Kill(moment, service, "recovery") for moment in recovering]
    return sorted(plan)


def _is_time(run: LiveRun, kill: Kill) -> bool:
    return run.seconds_live >= kill.at_seconds


def carry_out(plan: list[Kill], run: LiveRun) -> None:
    """Kill as planned; what ends by itself meanwhile is started again and counted."""
    for kill in plan:
        run.watch_until(partial(_is_time, run, kill), f"{kill}")
        assert run.processes[kill.service].exitcode is None, f"{kill.service} had ended before {kill}"
        run.kill(kill.service, in_checkpoint=kill.aim == "checkpoint")


def tell_kills(run: LiveRun) -> str:
    """Return who was killed how often, how often inside a checkpoint, and how often before its first word."""
    killed, inside, starting = Counter(run.killed), Counter(run.inside_checkpoint), Counter(run.starting)
    each = ", ".join(
        f"{name} {killed[name]} ({inside[name]}, {starting[name]})" for name in FLOW_NAMES if killed[name]
    )
    return (
        f"{len(run.killed)} kills, {len(run.inside_checkpoint)} inside a checkpoint, "
        f"{len(run.starting)} before the service's first word: {each}; {run.restarts} ended by themselves"
    )
