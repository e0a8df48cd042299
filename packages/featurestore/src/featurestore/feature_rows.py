"""From columns back to the feature rows that were published, and which features a row's set has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from decimal import Decimal
from functools import cache
from typing import Any

from contracts.columns import Column
from contracts.errors import BadInputError
from contracts.feature_columns import FEATURE_COLUMNS, FEATURE_SET_IDS, FEATURE_SETS, serves
from contracts.feature_row import FeatureRow
from contracts.units import decimal_string, to_float
from featurestore.tables import MESSAGE_ID, table

#: A feature row's own columns: the fields of the message.
COLUMNS = tuple(column for column in table("technical_indicators").columns if column.name != MESSAGE_ID)
_DECIMALS = tuple(column.name for column in COLUMNS if column.kind == "decimal")


def columns_of_set(feature_set: str | None) -> tuple[Column, ...]:
    """Return the columns of a feature row: all of them, or those that every row has and the features of one set.

    Raises
    ------
    BadInputError
        If there is no such set.
    """
    if feature_set is None:
        return COLUMNS
    if feature_set not in FEATURE_SETS:
        raise BadInputError("feature_set", f"one of {', '.join(FEATURE_SETS)}", feature_set)
    others = FEATURE_COLUMNS.keys() - set(FEATURE_SETS[feature_set])
    return tuple(column for column in COLUMNS if column.name not in others)


def require_served(row_sets: Iterable[str], feature_set: str) -> None:
    """Refuse rows that were made with a set of features that does not serve `feature_set`.

    Raises
    ------
    BadInputError
        Naming the sets they were made with.
    """
    wanted = FEATURE_SET_IDS[feature_set]
    others = sorted(each for each in set(row_sets) if not serves(each, wanted))
    if others:
        raise BadInputError("feature_set", f"rows of a set that has what {wanted} has", ", ".join(others))


def lists_of(columns: Sequence[Column], rows: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    """Return a list for each column; exact decimals as the floats that models take."""
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    return {
        column.name: [None if value is None else to_float(value) for value in each]
        if column.kind == "decimal"
        else list(each)
        for column, each in zip(columns, values, strict=True)
    }


def feature_row(values: Mapping[str, Any]) -> FeatureRow:
    """Return the message that a row of the tables holds, as it was published: with the features of its set.

    Of a set that is not known any more, those that are not null.
    """
    others = _not_in_set().get(values["feature_set"])
    if others is None:
        others = {name for name in FEATURE_COLUMNS if values[name] is None}
    # The digits are as they were published; RisingWave may write them otherwise.
    exact = {name: decimal_string(Decimal(values[name])) for name in _DECIMALS if values[name] is not None}
    return FeatureRow(**{name: exact.get(name, value) for name, value in values.items() if name not in others})


@cache
def _not_in_set() -> dict[str, Set[str]]:
    """Return, for the id of each set, the features it does not have."""
    return {FEATURE_SET_IDS[name]: FEATURE_COLUMNS.keys() - set(columns) for name, columns in FEATURE_SETS.items()}
