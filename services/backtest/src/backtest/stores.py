"""What a feature store holds of a market: the rows that services have published, read by SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from backtest.history import History
from backtest.run_folders import bars_of_tables
from contracts.feature_columns import FEATURE_COLUMNS
from featurestore import Store, open_store
from results.export.tables import table

#: By the names of a run's tables: where a store has every revision of a window.
_REVISED = {"candles": "candles_history", "technical_indicators": "technical_indicators_history"}


def bars_of_store(
    address: str, interval_s: int, pairs: Sequence[str] = (), asked: Iterable[str] = (), to_ms: int | None = None
) -> History:
    """Return the final candles of a store as they first came, and what came with each.

    Parameters
    ----------
    address
        As `featurestore.open_store` takes it.
    interval_s
        Of which candles.
    pairs
        Which pairs; by default all.
    asked
        What strategies take: features and predictions, as `features.given` names them.
    to_ms
        Only windows that begin before it; None is open. What came before a range warms strategies up, so it has no
        beginning.

    Returns
    -------
    History
        The bars of each pair: the same as of a run's folder with the same rows.

    Raises
    ------
    BadInputError
        If there are no such candles, or not of a pair.
    StoreError
        If the store cannot be read.
    """
    with open_store(address) as store:
        names = tuple(sorted(set(asked)))
        tables = _Tables(store, interval_s, tuple(pairs), names, to_ms)
        return bars_of_tables(tables.read, ("--from-store", address), interval_s, pairs, names)


@dataclass(frozen=True)
class _Tables:
    store: Store
    interval_s: int
    pairs: tuple[str, ...]
    asked: tuple[str, ...]
    to_ms: int | None

    def read(self, name: str) -> pl.DataFrame:
        """Return a table as `tradestream export` writes it, of these windows alone."""
        schema = table(name).schema
        features = schema.keys() & FEATURE_COLUMNS.keys()
        wanted = [each for each in schema if each not in features or each in self.asked]
        stored, revised = _REVISED.get(name, name), name in _REVISED
        rows = self.store.windows(
            stored, self.interval_s, self.pairs, columns=wanted, to_ms=self.to_ms, first=revised
        )
        return pl.DataFrame(rows, schema_overrides={each: schema[each] for each in wanted})
