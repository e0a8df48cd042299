"""What a query gave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from featurestore.frames import columns_of, pandas_frame, polars_frame

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


@dataclass(frozen=True, slots=True)
class Result:
    """What a query gave.

    Attributes
    ----------
    columns
        Their names, also when there are no rows.
    rows
        Values in the order of `columns`.
    """

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def dicts(self) -> list[dict[str, Any]]:
        """Return each row by column."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def polars(self) -> pl.DataFrame:
        """Return the rows as a Polars frame; exact decimals as floats.

        Returns
        -------
        polars.DataFrame
            With `columns`, also when there are no rows.

        Raises
        ------
        BadSettingError
            If Polars is not installed.
        """
        frame: pl.DataFrame = polars_frame(columns_of(self.columns, self.rows))
        return frame

    def pandas(self) -> pd.DataFrame:
        """Return the rows as a pandas frame; exact decimals as floats.

        Returns
        -------
        pandas.DataFrame
            With `columns`, also when there are no rows.

        Raises
        ------
        BadSettingError
            If pandas is not installed.
        """
        frame: pd.DataFrame = pandas_frame(columns_of(self.columns, self.rows))
        return frame
