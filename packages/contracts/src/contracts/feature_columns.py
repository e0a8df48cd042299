"""The columns and sets of features, as ``feature_columns.json`` lists them.

`features.columns` writes that list from the catalogue (``make schemas``) and a test compares them: who reads and
stores rows needs the names, not the formulas.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files

_LIST = json.loads(files("contracts").joinpath("feature_columns.json").read_text(encoding="utf-8"))

#: What each column says, in the order of the catalogue.
FEATURE_COLUMNS: Mapping[str, str] = _LIST["columns"]
#: The columns of each set: a row has those of one set, a model takes one.
FEATURE_SETS: Mapping[str, tuple[str, ...]] = {name: tuple(columns) for name, columns in _LIST["sets"].items()}
#: Each set's ``name:hash``, as rows and models carry it (`features.feature_set_id`).
FEATURE_SET_IDS: Mapping[str, str] = _LIST["ids"]


def serves(given: str, wanted: str) -> bool:
    """Whether rows of set id `given` have every feature of set id `wanted`, by the same definitions.

    Returns
    -------
    bool
        False as well where a definition changed.

    Examples
    --------
    >>> full, core = FEATURE_SET_IDS["full"], FEATURE_SET_IDS["core"]
    >>> serves(full, core), serves(core, full)
    (True, False)
    """
    return wanted.partition("+")[0] in given.split("+")
