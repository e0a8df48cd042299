"""Which worker runs what, and when: file by file, the longest first, so that none works on alone at the end."""

from __future__ import annotations

import gc
import json
import os
import signal
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

#: Seconds of each file in the short suite, measured: `make test durations=yes` writes them anew.
DURATIONS = Path(__file__).parent / "durations.json"
#: A file that nobody has measured yet goes before the quick ones.
UNKNOWN_SECONDS = 10.0

_measured: dict[str, float] = defaultdict(float)
_left_out = 0


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-durations", action="store_true", help=f"write {DURATIONS.name} anew from this run")
    parser.addoption("--at-most", type=int, metavar="N", help="run only the first N tests of those that are left")


def pytest_configure() -> None:
    """What a test starts shall be as if a user had started it, whatever started the tests.

    `make test` is a make itself: one that a test starts would take it for its parent, and check no argument. What a
    shell runs in the background ignores Ctrl-C, and so would all that it starts.
    """
    for name in ("MAKELEVEL", "MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES"):
        os.environ.pop(name, None)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """What was collected stays to the end: it is not looked through again whenever a test makes garbage."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the longest file first; a file's own order stays."""
    seconds: dict[str, float] = json.loads(DURATIONS.read_text(encoding="utf-8"))
    items.sort(key=lambda item: -seconds.get(_file(item.nodeid), UNKNOWN_SECONDS))
    if (most := config.getoption("--at-most")) is not None:
        config.hook.pytest_deselected(items=items[most:])
        del items[most:]


def pytest_deselected(items: list[pytest.Item]) -> None:
    global _left_out
    _left_out += sum(item.get_closest_marker("long") is not None for item in items)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker tells how many it left out, for the process that prints collects nothing itself."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = _left_out
    elif session.config.getoption("--write-durations"):
        text = json.dumps(
            {file: round(seconds, 1) for file, seconds in sorted(_measured.items(), key=lambda each: -each[1])},
            indent=1,
        )
        DURATIONS.write_text(text + "\n", encoding="utf-8")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """All workers collect the same, so what the last one left out is what all did."""
    global _left_out
    _left_out = getattr(node, "workeroutput", {}).get("left_out", _left_out)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _measured[_file(report.nodeid)] += report.duration


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if _left_out:
        terminalreporter.write_line(f"{_left_out} long tests left out: make test-long runs them too")


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0]
