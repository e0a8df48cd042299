"""What somebody meant who misspelt a name."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from os.path import commonprefix


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


def one_edit_apart(name: str, other: str) -> bool:
    """Return whether one slip of the finger makes `other` of `name`.

    Returns
    -------
    bool
        Whether a letter is missing, too many, another one, or two neighbours have changed places.

    Examples
    --------
    >>> one_edit_apart("MODLE", "MODEL"), one_edit_apart("MODELL", "MODEL"), one_edit_apart("MODEL", "MODEL")
    (True, True, False)
    >>> one_edit_apart("NODES", "MODEL")
    False
    """
    if name == other or abs(len(name) - len(other)) > 1:
        return False
    same = len(commonprefix((name, other)))  # noqa: RUF071 - letter by letter is what is wanted
    one, two = name[same:], other[same:]
    swapped = one[1::-1] == two[:2] and one[2:] == two[2:]
    return swapped or one[1:] == two or one == two[1:] or one[1:] == two[1:]
