"""What `backtest --of` takes from a run's log: what operators said, and execution heard."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.execution.operator_words import command
from tests.execution.signal_stream import account, minute_ms, signal
from tests.support.writes_log import commit, put

from contracts.errors import BadInputError
from contracts.topics import SIGNALS
from embedded.backtests import _said
from execution.core.policy import Policy
from results.run_folder import RunFolder


def test_what_was_said_after_the_end_of_a_run_was_not_heard(tmp_path: Path) -> None:
    place = RunFolder(tmp_path)
    place.create()
    events = [command("halt"), signal(0), signal(1), command("resume", 2), signal(2), command("flatten", 3)]
    put(place.log, SIGNALS, events)
    commit(place.log, "execution-dev", SIGNALS, len(events) - 1)
    said = _said(place, [account()], Policy())
    assert [(acted_ms, word.action) for acted_ms, word in said["paper"]] == [
        (None, "halt"),
        (minute_ms(1), "resume"),
    ]


def test_a_run_that_was_told_nothing_and_one_without_its_log(tmp_path: Path) -> None:
    place = RunFolder(tmp_path)
    assert _said(place, [account()], Policy()) == {}
    place.create()
    put(place.log, SIGNALS, [signal(0)])
    commit(place.log, "execution-dev", SIGNALS, 1)
    assert _said(place, [account()], Policy()) == {}


def test_without_its_log_nobody_knows_what_a_venue_reported(tmp_path: Path) -> None:
    at_venue = account().model_copy(update={"broker": "venue"})
    with pytest.raises(BadInputError, match=r"a run with its log .*what the venue reported to paper"):
        _said(RunFolder(tmp_path), [at_venue], Policy())
