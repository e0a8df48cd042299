"""Rows as frames of Polars or pandas, for whoever has one of them installed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from importlib import import_module
from typing import Any

from contracts.errors import BadSettingError


def library(name: str) -> Any:
    """Return an imported library that is no dependency of this member.

    Returns
    -------
    Any
        The module.

    Raises
    ------
    BadSettingError
        If it is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise BadSettingError(name, f"{name} to be installed (pip install {name})", "missing") from error


def columns_of(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> dict[str, list[Any]]:
    """Return rows by column; exact decimals become floats, with which frames calculate.

    Examples
    --------
    >>> columns_of(["pair", "close"], [("BTC/USD", Decimal("1.5")), ("ETH/USD", None)])
    {'pair': ['BTC/USD', 'ETH/USD'], 'close': [1.5, None]}
    """
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return {
        name: [float(value) if isinstance(value, Decimal) else value for value in column]
        for name, column in zip(names, columns, strict=True)
    }


def polars_frame(columns: dict[str, list[Any]]) -> Any:
    """Return columns as a ``polars.DataFrame``; a column of several types becomes the widest of them."""
    pl = library("polars")
    return pl.DataFrame([pl.Series(name, values, strict=False) for name, values in columns.items()])


def pandas_frame(columns: dict[str, list[Any]]) -> Any:
    """Return columns as a ``pandas.DataFrame``; whole numbers stay whole where some are missing.

    Returns
    -------
    pandas.DataFrame
        A column for each.
    """
    pd = library("pandas")
    return pd.DataFrame({name: _pandas_column(pd, values) for name, values in columns.items()})


def _pandas_column(pd: Any, values: list[Any]) -> Any:
    known = [value for value in values if value is not None]
    whole = bool(known) and all(isinstance(value, int) and not isinstance(value, bool) for value in known)
    return pd.array(values, dtype="Int64") if whole and len(known) < len(values) else values
