"""Which version of a model spoke for which rows, and which in shadow, as the published predictions say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from contracts.prediction import AnyPrediction
from streaming.record import Record
from verify.readable import messages_of

#: (exchange, pair) -> start of a window -> the versions that spoke for it, in the order they were published.
_Windows = dict[tuple[str, str], dict[int, tuple[tuple[str, int], ...]]]


def served_versions(predictions: Iterable[Record], shadows: Iterable[Record] = ()) -> list[dict[str, Any]]:
    """Return the entries of the file that `python -m predictions replay` reads.

    Each entry is a run of windows of a pair that the same versions spoke for, in the order they were published. Of
    those who spoke in shadow there are entries for all windows that were predicted, without a version where nobody
    did: whether somebody should have, the log does not say.

    Parameters
    ----------
    predictions, shadows
        What was published by those who served, and in shadow.
    """
    served, in_shadow = _windows(predictions), _windows(shadows)
    entries = list(_entries(served))
    if served and in_shadow:
        nobody: _Windows = {pair: dict.fromkeys(windows, ()) for pair, windows in served.items()}
        of_all = {pair: nobody.get(pair, {}) | in_shadow.get(pair, {}) for pair in nobody | in_shadow}
        entries += [{**entry, "in_shadow": True} for entry in _entries(of_all)]
    return entries


def _windows(records: Iterable[Record]) -> _Windows:
    found: dict[tuple[str, str], dict[int, dict[tuple[str, int], None]]] = {}
    for prediction in messages_of(records, AnyPrediction):
        of_pair = found.setdefault((prediction.exchange, prediction.pair), {})
        of_pair.setdefault(prediction.window_start_ms, {})[prediction.model_name, prediction.model_version] = None
    return {pair: {start_ms: tuple(spoke) for start_ms, spoke in of_pair.items()} for pair, of_pair in found.items()}


def _entries(windows: _Windows) -> Iterator[dict[str, Any]]:
    for (exchange, pair), of_pair in sorted(windows.items()):
        for spoke, run in groupby(sorted(of_pair), key=of_pair.__getitem__):
            yield {"exchange": exchange, "pair": pair, "until_ms": max(run), "versions": spoke}
