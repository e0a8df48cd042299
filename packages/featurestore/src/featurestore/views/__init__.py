"""The views over the tables, one per file, with one text for SQLite, PostgreSQL and RisingWave.

What the texts keep to: no function that one of the three lacks or reads otherwise; whole numbers divided by whole
numbers, which drops the rest (``time / 86400000 * 86400000`` is the start of the UTC day).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from string import Template

from featurestore.tables import quoted_names, table

_COMMENT = "-- "


@dataclass(frozen=True, slots=True)
class View:
    """A query with a name: RisingWave keeps its rows up to date, the others compute them when they are asked for.

    Parameters
    ----------
    name
        In SQL.
    description
        What a row says, in a line: the first of its file.
    query
        Text that every backend takes.
    """

    name: str
    description: str
    query: str


def view(name: str) -> View:
    """Return the view whose text is in the file of that name."""
    comment, _, query = (files(__name__) / f"{name}.sql").read_text(encoding="utf-8").partition("\n")
    feature_row = quoted_names(column.name for column in table("technical_indicators").shown)
    return View(name, comment.removeprefix(_COMMENT), Template(query.strip()).substitute(feature_row=feature_row))


VIEWS: tuple[View, ...] = tuple(
    map(
        view,
        (
            "latest_features",
            "training_frame",
            "candle_continuity",
            "candle_holes",
            "data_quality",
            "pnl_daily",
            "daily_books",
            "forward_tests",
            "strategy_versions",
        ),
    )
)
#: RisingWave only: the other stores keep no trades.
TRADES = view("trades")
