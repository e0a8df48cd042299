"""One minute of an account: the signals of all its pairs for the same window."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.signal import Signal


@dataclass(frozen=True, slots=True)
class Minute:
    """What execution acts on at once ("minute" whatever the interval).

    Attributes
    ----------
    window_start_ms, window_end_ms
        Which window it is.
    signals
        In sorted order of pairs. A pair may be absent: it skipped this window, or it is in `missing`.
    missing
        The pairs that were not waited for any longer.
    """

    window_start_ms: int
    window_end_ms: int
    signals: dict[str, Signal]
    missing: tuple[str, ...] = ()
