"""What dies is started again, what is hopeless is given up with its reason, and nothing is ever left behind."""

from __future__ import annotations

import os
import pty
import re
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import psutil
import pytest
from tests.support.waiting import wait_for

from contracts.clock import FixedClock, SystemClock
from contracts.units import US_PER_SECOND
from embedded.errors import ProcessFailedError, StopRequestedError
from embedded.process import ProcessSpec
from embedded.restart_policy import RestartPolicy
from embedded.supervisor import Supervisor

PROGRAMS = Path(__file__).parent / "programs"
QUICK = RestartPolicy(first_delay_s=0.01, longest_delay_s=0.02, rapid_failures=3, steady_s=60)


def spec(program: str, name: str = "", kind: str = "service", **environment: str) -> ProcessSpec:
    path = {"PYTHONPATH": str(PROGRAMS), **environment}
    return ProcessSpec(name or program, (program,), path, kind=kind)  # type: ignore[arg-type]


def alive(pid: int | None) -> bool:
    return pid is not None and psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@pytest.fixture
def supervisor(tmp_path: Path):
    made = Supervisor(tmp_path / "logs", QUICK, grace_s=5)
    yield made
    made.kill_all()


def said(process, words: str) -> bool:
    return words in "\n".join(process.last_lines())


def test_what_is_killed_is_started_again(supervisor: Supervisor) -> None:
    process = supervisor.start(spec("stays"))
    first = process.pid
    supervisor.wait_until(lambda: said(process, "here"), 10)
    process.kill()
    assert supervisor.wait_until(lambda: process.restarts == 1 and process.running, 10)
    assert process.pid != first
    assert not alive(first)


def test_what_fails_again_and_again_is_given_up_with_its_last_words(supervisor: Supervisor) -> None:
    supervisor.start(spec("fails"))
    with pytest.raises(ProcessFailedError, match=r"failed 3 times in a row \(last: exit code 1\)") as failure:
        supervisor.wait_until(lambda: False, 20)
    assert "the disk is on fire" in str(failure.value)
    assert not failure.value.bad_setting


@pytest.mark.parametrize(("comes_further", "restarts"), [(False, 2), (True, 6)])
def test_what_fails_without_coming_further_is_given_up_however_long_it_lives(
    tmp_path: Path, comes_further: bool, restarts: int
) -> None:
    """A folder that can never be written let a service live half a minute, again and again."""
    steps = iter(range(100))
    policy = RestartPolicy(first_delay_s=0.01, longest_delay_s=0.02, rapid_failures=3, steady_s=0)
    made = Supervisor(tmp_path / "logs", policy, progress_of=lambda _: next(steps) if comes_further else 0)
    process = made.start(spec("fails"))
    try:
        made.wait_until(lambda: process.restarts >= restarts, 20)
        if not comes_further:
            with pytest.raises(ProcessFailedError, match="failed 3 times in a row"):
                made.wait_until(lambda: False, 20)
        assert process.restarts == restarts
    finally:
        made.kill_all()


def test_a_full_disk_ends_it_at_the_first_failure(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed could not write why."""
    usage = shutil.disk_usage(supervisor.log_folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=0))
    process = supervisor.start(spec("three"))
    folder = re.escape(str(supervisor.log_folder))
    with pytest.raises(ProcessFailedError, match=f"no space left in {folder}; free some space and run it again"):
        supervisor.wait_until(lambda: False, 20)
    assert process.restarts == 0


def test_what_a_process_complains_of_is_known_until_it_says_something_else(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    process = supervisor.start(spec("complains", WELL_AGAIN=str(tmp_path / "well")))
    assert supervisor.wait_until(lambda: process.trouble() is not None, 20)
    assert re.fullmatch(r"\d\d:\d\d:\d\d no answer from the venue", process.trouble() or "")
    now_us = SystemClock().now_us()
    process._clock = FixedClock(now_us + 300 * US_PER_SECOND)
    assert process.trouble() is not None
    process._clock = FixedClock(now_us + 400 * US_PER_SECOND)
    assert process.trouble() is None, "a complaint that nobody repeated is over"
    process._clock = SystemClock()
    (tmp_path / "well").touch()
    assert supervisor.wait_until(lambda: process.trouble() is None, 10)
    assert process.running


def test_a_file_of_the_users_folder_does_not_stand_in_for_a_service(supervisor: Supervisor, tmp_path: Path) -> None:
    (tmp_path / "calendar.py").write_text("raise SystemExit(9)\n", encoding="utf-8")
    process = supervisor.start(ProcessSpec("calendar", ("calendar",), kind="job", folder=tmp_path))
    supervisor.wait_for_job("calendar")
    assert process.exit_code == 0


def test_a_wrong_setting_is_not_tried_twice(supervisor: Supervisor) -> None:
    process = supervisor.start(spec("refuses"))
    with pytest.raises(ProcessFailedError, match="expected a number") as failure:
        supervisor.wait_until(lambda: False, 10)
    assert failure.value.bad_setting
    assert process.restarts == 0


def test_a_service_that_ends_by_itself_is_started_again(supervisor: Supervisor) -> None:
    process = supervisor.start(spec("ends"))
    assert supervisor.wait_until(lambda: process.restarts == 1, 10)


def test_a_job_that_ended_is_over(supervisor: Supervisor) -> None:
    process = supervisor.start(spec("ends", kind="job"))
    assert supervisor.wait_for_job("ends") == 0
    assert (process.restarts, process.finished) == (0, True)


def test_a_job_that_was_killed_runs_again_to_its_end(supervisor: Supervisor, tmp_path: Path) -> None:
    flag = tmp_path / "second-time"
    process = supervisor.start(spec("ends_the_second_time", kind="job", FLAG=str(flag)))
    supervisor.wait_until(flag.exists, 10)
    process.kill()
    assert supervisor.wait_for_job("ends_the_second_time") == 0
    assert process.restarts == 1


def test_a_final_code_ends_a_job(supervisor: Supervisor) -> None:
    supervisor.start(ProcessSpec("three", ("three",), {"PYTHONPATH": str(PROGRAMS)}, kind="job", final_codes=(3,)))
    assert supervisor.wait_for_job("three") == 3


def test_what_cannot_go_on_ends_the_run(supervisor: Supervisor) -> None:
    process = supervisor.start(ProcessSpec("venue", ("stays",), {"PYTHONPATH": str(PROGRAMS)}, restartable=False))
    supervisor.wait_until(lambda: said(process, "here"), 10)
    process.kill()
    with pytest.raises(ProcessFailedError, match="killed by SIGKILL"):
        supervisor.wait_until(lambda: False, 10)


def test_stopping_goes_in_order_and_kills_what_will_not_listen(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, QUICK, grace_s=0.5)
    polite, deaf = supervisor.start(spec("stays")), supervisor.start(spec("will_not_stop"))
    supervisor.wait_until(lambda: said(polite, "here") and said(deaf, "here"), 10)
    supervisor.stop()
    assert polite.exit_code == 0
    assert deaf.exit_code == -signal.SIGKILL
    assert not alive(polite.pid or 0)
    assert not alive(deaf.pid or 0)


def test_a_signal_stops_the_run_and_every_process(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, QUICK, grace_s=5)
    process = supervisor.start(spec("stays"))
    with pytest.raises(StopRequestedError), supervisor.running():
        supervisor.wait_until(lambda: said(process, "here"), 10)
        os.kill(os.getpid(), signal.SIGTERM)
        supervisor.wait_until(lambda: False, 10)
    assert process.exit_code == 0
    assert not alive(process.pid or 0)


def test_one_request_that_comes_twice_is_one_and_a_later_one_does_not_wait(tmp_path: Path) -> None:
    now_s = [0.0]
    supervisor = Supervisor(tmp_path, QUICK, monotonic=lambda: now_s[0])
    with pytest.raises(StopRequestedError), supervisor.running():
        os.kill(os.getpid(), signal.SIGINT)
        now_s[0] = 0.2
        os.kill(os.getpid(), signal.SIGINT)
        supervisor.tick()
    with pytest.raises(KeyboardInterrupt), supervisor.running():
        now_s[0] = 5.0
        os.kill(os.getpid(), signal.SIGINT)
        supervisor.tick()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_no_orphan_is_left_whatever_ends_the_supervisor(tmp_path: Path, how: signal.Signals) -> None:
    if how == signal.SIGKILL and sys.platform != "linux":
        pytest.skip("only Linux tells children that their parent was killed")
    pids = tmp_path / "pids"
    root = subprocess.Popen([sys.executable, str(PROGRAMS / "supervises.py"), str(tmp_path), str(pids)])
    wait_for(lambda: pids.exists() and len(pids.read_text().split()) == 2, "two children")
    children = [int(text) for text in pids.read_text().split()]
    assert all(alive(pid) for pid in children)
    root.send_signal(how)
    root.wait(10)
    wait_for(lambda: not any(alive(pid) for pid in children), "them to be gone")


def test_a_terminal_that_goes_away_stops_it_cleanly(tmp_path: Path) -> None:
    """A hang-up in the middle of printing: every process ends as asked, and the results are still written."""
    terminal, side = pty.openpty()
    command = [sys.executable, str(PROGRAMS / "hangs_on.py"), str(tmp_path)]
    # Under nohup, which a process passes on to all that it starts, a hang-up would be ignored on purpose.
    heard = partial(signal.signal, signal.SIGHUP, signal.SIG_DFL)
    root = subprocess.Popen(command, stdin=side, stdout=side, stderr=side, start_new_session=True, preexec_fn=heard)
    os.close(side)
    wait_for((tmp_path / "pid").exists, "the process", of=root)
    os.close(terminal)
    root.send_signal(signal.SIGHUP)
    assert root.wait(20) == 0
    assert (tmp_path / "results").read_text() == "0"
    assert not alive(int((tmp_path / "pid").read_text()))


def test_nohup_is_heeded(supervisor: Supervisor) -> None:
    earlier = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with supervisor.running():
            process = supervisor.start(spec("stays"))
            os.kill(os.getpid(), signal.SIGHUP)
            assert supervisor.wait_until(lambda: said(process, "here"), 10)
    finally:
        signal.signal(signal.SIGHUP, earlier)


def test_a_long_log_is_put_aside_once_and_written_on(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embedded.process._LOG_BYTES", 2_000)
    process = supervisor.start(spec("talks"))
    old = process.log_path.with_name("talks.log.1")
    assert supervisor.wait_until(lambda: old.exists() and said(process, "line"), 20)
    assert old.stat().st_size >= 2_000
    assert b"\0" not in process.log_path.read_bytes(), "it wrote on where it had been instead of at the new end"
    assert sorted(path.name for path in process.log_path.parent.iterdir()) == ["talks.log", "talks.log.1"]


def test_a_process_without_memory_is_not_blamed_on_its_libraries(supervisor: Supervisor) -> None:
    supervisor.start(spec("gets_no_memory"))
    with pytest.raises(ProcessFailedError, match="it got no memory"):
        supervisor.wait_until(lambda: False, 60)


def test_usage_is_measured(supervisor: Supervisor) -> None:
    process = supervisor.start(spec("stays"))
    assert supervisor.wait_until(lambda: process.usage.peak_rss_mb > 1, 10)
