"""Rows of a run that a model is tried on before it is registered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts.units import MS_PER_SECOND
from embedded.model_place import ModelsSettings
from featurestore.errors import StoreError
from modeling.inputs import CANDLE_COLUMNS
from modeling.model_card import ModelCard

#: Newest rows that are looked at.
_ROWS = 1_000


def samples_of(settings: ModelsSettings, card: ModelCard) -> NDArray[np.float64] | None:
    """Return what the model would have seen of the newest stored rows of one pair.

    Parameters
    ----------
    settings
        Of the store.
    card
        Which inputs, of bars of which length.

    Returns
    -------
    NDArray[np.float64] | None
        Shape (samples, bars, inputs), oldest first; None if there is no store or none of its rows has all inputs.
    """
    found = list(_sequences(_newest(settings, card), card))
    return np.array(found, dtype=np.float64) if found else None


def _newest(settings: ModelsSettings, card: ModelCard) -> list[dict[str, Any]]:
    store = settings.open_store()
    if store is None:
        return []
    names = ("window_start_ms", "quality", *CANDLE_COLUMNS, *card.inputs.features)
    columns = ", ".join(f'"{name}"' for name in names)
    table = f"technical_indicators_history WHERE revision = 0 AND interval_s = {int(card.interval_s)}"
    try:
        with store:
            pair = f"SELECT min(pair) FROM {table}"  # noqa: S608 - our own names
            query = f"SELECT {columns} FROM {table} AND pair = ({pair}) ORDER BY window_start_ms DESC LIMIT {_ROWS}"  # noqa: S608
            rows = store.sql(query).rows
    except StoreError:  # nothing was stored yet, or by a version that had no such feature
        return []
    return [dict(zip(names, row, strict=True)) for row in reversed(rows)]


def _sequences(rows: Sequence[Mapping[str, Any]], card: ModelCard) -> Iterator[list[list[float]]]:
    run: list[list[float]] = []
    last_ms: int | None = None
    for row in rows:
        numbers = {name: None if row[name] is None else float(row[name]) for name in row if name != "quality"}
        inputs = card.inputs.values(numbers) if row["quality"] != "gap" else None
        if last_ms is None or row["window_start_ms"] != last_ms + card.interval_s * MS_PER_SECOND:
            run = []
        run = [*run, inputs][-card.sequence_length :] if inputs is not None else []
        last_ms = row["window_start_ms"]
        if len(run) == card.sequence_length:
            yield run
