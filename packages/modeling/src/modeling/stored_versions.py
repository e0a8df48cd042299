"""What MLflow's database file says of a model's versions, without MLflow, whose import takes seconds.

Only for looking; `tests/modeling/test_registry.py` compares it with what MLflow says of the same file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from modeling.registered import RegisteredVersion

#: How MLflow marks a version that was deleted.
_DELETED = "Deleted_Internal"
_VERSIONS = "SELECT version FROM model_versions WHERE name = ? AND current_stage <> ? ORDER BY version"
_TAGS = "SELECT version, key, value FROM model_version_tags WHERE name = ?"
_SOURCE = "SELECT source FROM model_versions WHERE name = ? AND version = ? AND current_stage <> ?"
_ALIASES = "SELECT version, alias FROM registered_model_aliases WHERE name = ? ORDER BY alias"


def stored_versions(file: Path, name: str) -> list[RegisteredVersion] | None:
    """Return all versions of a name, the first one first.

    Parameters
    ----------
    file
        The database.
    name
        Of a model, registered or not.

    Returns
    -------
    list[RegisteredVersion] | None
        None if the file does not have the tables that are known here, or cannot be read now: MLflow is to be asked.
    """
    try:
        with closing(_opened(file)) as database:
            numbers = [number for (number,) in database.execute(_VERSIONS, (name, _DELETED))]
            tags = list(database.execute(_TAGS, (name,)))
            aliases = list(database.execute(_ALIASES, (name,)))
    except sqlite3.Error:
        return None
    return [RegisteredVersion(number, tuple(_of(number, aliases)), _tags(number, tags)) for number in numbers]


class StoredSource(NamedTuple):
    """Where the files of a version are, and its tags."""

    source: str
    tags: Mapping[str, str]


def stored_source(file: Path, name: str, version: int) -> StoredSource | None:
    """Return where the files of a version are.

    Parameters
    ----------
    file
        The database.
    name, version
        Which version of which model.

    Returns
    -------
    StoredSource | None
        None if there is no such version, or MLflow is to be asked.
    """
    try:
        with closing(_opened(file)) as database:
            found = database.execute(_SOURCE, (name, version, _DELETED)).fetchone()
            tags = list(database.execute(_TAGS, (name,)))
    except sqlite3.Error:
        return None
    return None if found is None or found[0] is None else StoredSource(found[0], _tags(version, tags))


def _opened(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)


def _of(number: int, aliases: Iterable[tuple[int, str]]) -> Iterable[str]:
    return (alias for version, alias in aliases if version == number)


def _tags(number: int, tags: Iterable[tuple[int, str, str]]) -> dict[str, str]:
    return {key: value for version, key, value in tags if version == number}
