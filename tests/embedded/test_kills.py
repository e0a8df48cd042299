"""Kills on request: one at a time, each of a process that has done some work."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from embedded.kills import Kill, KillSwitch


class Process:
    """One that is taken for running until it is reaped, as a child that was killed is."""

    def __init__(self, pid: int) -> None:
        self.pid, self.finished, self.running, self.killed = pid, False, True, 0

    def kill(self) -> None:
        self.killed += 1


def test_a_service_that_is_to_be_killed_twice_is_killed_in_two_processes() -> None:
    first = Process(1)
    supervisor = SimpleNamespace(processes={"signals": first}, on_tick=[], seconds_alive=lambda _: 60.0)
    consumed = iter(range(0, 1_000_000, 1_000))
    log = SimpleNamespace(consumed=lambda *_: next(consumed), count=lambda _: 0)
    kills = [Kill.parse("signals@live"), Kill.parse("signals@live")]
    switch = KillSwitch(kills, cast(Any, supervisor), cast(Any, log), lambda: "live")
    [look] = supervisor.on_tick
    for _ in range(5):
        look()
    assert first.killed == 1 and switch.missed == ["signals@live"]
    second = supervisor.processes["signals"] = Process(2)
    look()
    assert switch.missed  # the second one has not been seen to work yet
    look()
    assert second.killed == 1 and not switch.missed
    assert [each["pid"] for each in switch.done] == [1, 2]
