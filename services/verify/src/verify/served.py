"""Which version of a model spoke for which rows, as the published predictions say."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from contracts.prediction import Prediction
from streaming.record import Record
from verify.readable import messages_of


def served_versions(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Return the entries of the file that `python -m predictions replay` reads.

    Each entry is a run of windows of a pair that the same versions spoke for, in the order they were published.
    """
    windows: dict[tuple[str, str], dict[int, dict[tuple[str, int], None]]] = {}
    for prediction in messages_of(records, Prediction):
        of_pair = windows.setdefault((prediction.exchange, prediction.pair), {})
        versions = of_pair.setdefault(prediction.window_start_ms, {})
        versions[prediction.model_name, prediction.model_version] = None
    entries = []
    for (exchange, pair), of_pair in sorted(windows.items()):
        for spoke, run in groupby(sorted(of_pair), key=lambda start_ms: tuple(of_pair[start_ms])):
            entries.append({"exchange": exchange, "pair": pair, "until_ms": max(run), "versions": spoke})
    return entries
