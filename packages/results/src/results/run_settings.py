"""With which settings a run made its results: written down by the run, read by `tradestream verify`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from dotenv import dotenv_values
from pydantic import BaseModel, Field, ValidationError

from contracts.clock import SystemClock
from contracts.errors import BadInputError
from contracts.services import INPUTS
from contracts.timestamps import iso_utc
from results.run_folder import RunFolder
from streaming.settings import ENV_FILE

FILE_NAME = "settings.json"
#: Settings that decide what a service publishes; where things lie and how often to commit does not.
_DECIDES = re.compile(
    rf"(?:{'|'.join(INPUTS).upper()})_\w+|TRADESTREAM_(?:ACCOUNTS|OWNERS|REFERENCE_PAIRS)|TRADES_PAIRS"
)
_ELSEWHERE = re.compile(r"_(?:FILE|MLFLOW_\w+|\w*(?:PASSWORD|SECRET|TOKEN|KEY)\w*)$")


class _Run(BaseModel):
    begun: str = Field(alias="from")
    settings: dict[str, str]


class _Record(BaseModel):
    """The file: every run into the folder that had other settings than the one before."""

    runs: list[_Run]


@dataclass(frozen=True)
class RunSettings:
    """Settings by environment variable, and where they are from.

    Attributes
    ----------
    values
        Value by variable.
    origin
        Where they are from, in words.
    changed
        Variables that had another value in an earlier run into the same log.
    """

    values: Mapping[str, str]
    origin: str
    changed: tuple[str, ...] = ()


def environment_settings(given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what `local.env`, the environment and then `given` say, as far as it decides what is published.

    Returns
    -------
    dict[str, str]
        Values by variable, in the order of the names.
    """
    everything = {**dotenv_values(ENV_FILE), **os.environ, **(given or {})}  # noqa: TID251 - as the services will see it
    return {name: value for name, value in sorted(everything.items()) if value and decides(name)}


def decides(name: str) -> bool:
    """Return whether the variable `name` decides what a service publishes.

    Returns
    -------
    bool
        False for what only says where a service runs and what it tells.

    Examples
    --------
    >>> decides("EXECUTION_FEE_BPS"), decides("PREDICTIONS_READY_FILE"), decides("TRADESTREAM_LOG_LEVEL")
    (True, False, False)
    """
    return bool(_DECIDES.fullmatch(name)) and not _ELSEWHERE.search(name)


def record_settings(place: RunFolder, given: Mapping[str, str]) -> None:
    """Write down the settings of a run that begins; those of earlier runs in the folder stay beside them."""
    runs = _recorded(place)
    settings = environment_settings(given)
    if not runs or _meaning(runs[-1].settings) != _meaning(settings):
        runs.append(_Run.model_validate({"from": iso_utc(SystemClock().now_us()), "settings": settings}))
        path = place.work / FILE_NAME
        draft = path.with_suffix(".draft")
        draft.write_text(_Record(runs=runs).model_dump_json(by_alias=True, indent=2) + "\n", encoding="utf-8")
        draft.replace(path)


def settings_of(place: RunFolder | None) -> RunSettings:
    """Return the settings that a run wrote down last; without a record those of this environment.

    Returns
    -------
    RunSettings
        With what an earlier run had otherwise.

    Raises
    ------
    BadInputError
        If the record cannot be read.
    """
    runs = _recorded(place) if place is not None else []
    if place is None or not runs:
        return RunSettings(environment_settings(), "this environment, because the run left no record of its own")
    last = runs[-1].settings
    meanings = [_meaning(run.settings) for run in runs]
    names = sorted({name for settings in meanings for name in settings})
    changed = tuple(name for name in names if any(each.get(name) != meanings[-1].get(name) for each in meanings))
    return RunSettings(last, str(place.work / FILE_NAME), changed)


def recorded_settings(place: RunFolder) -> Mapping[str, str]:
    """Return the settings that a run wrote down last.

    Returns
    -------
    Mapping[str, str]
        Value by variable; empty without a record.

    Raises
    ------
    BadInputError
        If the record cannot be read.
    """
    runs = _recorded(place)
    return runs[-1].settings if runs else {}


def _meaning(settings: Mapping[str, str]) -> dict[str, object]:
    """Return what the values say: JSON is the same in any order of its keys."""
    return {name: _from_json(value) for name, value in settings.items()}


def _from_json(value: str) -> object:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _recorded(place: RunFolder) -> list[_Run]:
    path = place.work / FILE_NAME
    if not path.exists():
        return []
    content = path.read_bytes()
    try:
        return _Record.model_validate_json(content).runs
    except ValidationError as error:
        expected = "the settings of runs, as tradestream wrote them (without the file the environment's are taken)"
        raise BadInputError(str(path), expected, content.decode(errors="replace")) from error
