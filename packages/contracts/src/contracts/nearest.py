"""What somebody meant who misspelt a name."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a question about the known name that is nearest to `name`.

    Returns
    -------
    str
        To be put behind a complaint; empty where nothing is near.

    Examples
    --------
    >>> did_you_mean("CANDLES_GRCE_MS", ["CANDLES_GRACE_MS", "CANDLES_FORMING"])
    ' (did you mean CANDLES_GRACE_MS?)'
    """
    near = get_close_matches(name, list(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""
