"""What has work and does none is asked where it stands, killed, started again; what is slow or idle is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.waiting import wait_for

from embedded.process import ProcessSpec
from embedded.restart_policy import RestartPolicy
from embedded.stall_watch import StallWatch
from embedded.supervisor import Supervisor

PROGRAMS = Path(__file__).parent / "programs"
PATIENCE_S = 60.0
#: It does not look twice within so long.
LOOK_S = 5.0


class Hanging:
    """A supervised process that stands in `hangs.py`, and a clock that goes when it is told to."""

    def __init__(self, folder: Path) -> None:
        self.now_s = 0.0
        self.progress: object = 7
        self.has_work = True
        self.supervisor = Supervisor(folder / "logs", RestartPolicy(first_delay_s=0.01))
        path = {"PYTHONPATH": str(PROGRAMS)}
        self.process = self.supervisor.start(ProcessSpec("candles", ("hangs",), path))
        wait_for(lambda: "here" in "".join(self.process.last_lines()), "the process to hang")
        self.watch = StallWatch(
            self.supervisor.processes.values,
            lambda _: self.has_work,
            lambda _: self.progress,
            PATIENCE_S,
            lambda: self.now_s,
        )

    def after(self, seconds: float) -> bool:
        """Whether the watch has killed the process when it looks after `seconds`."""
        pid = self.process.pid
        self.now_s += seconds
        self.watch.look()
        self.supervisor.tick()
        return self.process.exit_code is not None or self.process.pid != pid


@pytest.fixture
def hanging(tmp_path: Path):
    made = Hanging(tmp_path)
    yield made
    made.supervisor.kill_all()


def test_what_stands_still_is_asked_where_and_started_again(hanging: Hanging) -> None:
    assert not hanging.after(0)
    assert not hanging.after(PATIENCE_S - 1)
    assert not hanging.process.restarts
    hanging.now_s += LOOK_S
    hanging.watch.look()
    wait_for(lambda: hanging.process.poll() is not None, "its end")
    said = hanging.process.log_path.read_text()
    assert "for_ever" in said, "the function it hangs in is on the stack it was asked for"
    assert "hangs.py" in said
    assert hanging.supervisor.wait_until(lambda: hanging.process.restarts == 1 and hanging.process.running, 10)


def test_every_step_begins_a_new_wait(hanging: Hanging) -> None:
    for step in range(4):
        hanging.progress = step
        assert not hanging.after(PATIENCE_S)


def test_what_has_nothing_to_do_may_rest_and_then_has_its_time(hanging: Hanging) -> None:
    hanging.has_work = False
    assert not hanging.after(0)
    assert not hanging.after(10 * PATIENCE_S)
    hanging.has_work = True
    assert not hanging.after(PATIENCE_S)
    assert not hanging.after(PATIENCE_S - 1)


def test_what_cannot_say_how_far_it_is_is_left_alone(hanging: Hanging) -> None:
    hanging.progress = None
    assert not hanging.after(0)
    assert not hanging.after(10 * PATIENCE_S)


def test_one_that_was_started_again_meanwhile_has_its_own_time(hanging: Hanging) -> None:
    assert not hanging.after(0)
    hanging.process.kill()
    assert hanging.supervisor.wait_until(lambda: hanging.process.restarts == 1 and hanging.process.running, 10)
    assert not hanging.after(PATIENCE_S)
