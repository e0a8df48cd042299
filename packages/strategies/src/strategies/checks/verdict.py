"""A file is checked, and what was found becomes a message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from contracts.strategy_check import CheckResult, StrategyCheck
from strategies.checks.markets import Market
from strategies.checks.run import Report, check
from strategies.versions import file_hash


def text_of(path: Path) -> str:
    """Return what a file says; of one that is no text something that shows where it is none.

    Parameters
    ----------
    path
        Of a file that is there.

    Returns
    -------
    str
        Without the mark that some editors begin a file with.
    """
    return path.read_bytes().decode("utf-8-sig", errors="replace")


def checked(
    path: Path, given: Mapping[str, str] | None = None, recorded: Sequence[Market] = ()
) -> tuple[Report, str]:
    """Check a file, and return what was found with the text that it was found of.

    Parameters
    ----------
    path, given, recorded
        As `strategies.checks.run.check` takes them.

    Returns
    -------
    tuple[Report, str]
        What was found, and the text.

    Raises
    ------
    BadInputError
        As `strategies.checks.run.check`.
    """
    before = text_of(path) if path.is_file() else ""
    report = check(path, given, recorded)
    if text_of(path) != before:
        changed = CheckResult(
            check="imports", problem=f"{path.name}: expected a file that stays as it is, was changed while checked"
        )
        report = replace(report, verdicts=(changed, *report.verdicts))
    return report, before


def message_of(
    file: str, source: str, verdicts: Sequence[CheckResult], checked_by: str, checked_at_ms: int, *, loads: bool
) -> StrategyCheck:
    """Return what is published of a check.

    Parameters
    ----------
    file, source
        The path as it was given, and the text.
    verdicts
        What was found.
    checked_by, checked_at_ms
        Who, and when.
    loads
        Whether it is read to be followed.

    Returns
    -------
    StrategyCheck
        With an id of its own.
    """
    return StrategyCheck(
        check_id=uuid4().hex[:16],
        file=file,
        strategy=Path(file).stem,
        file_hash=file_hash(source),
        source=source,
        passed=all(each.problem is None for each in verdicts),
        results=tuple(verdicts),
        loads=loads,
        checked_by=checked_by,
        checked_at_ms=checked_at_ms,
    )
