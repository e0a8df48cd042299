"""A number with its noun."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return how many there are of something, as people say it.

    Parameters
    ----------
    number
        How many.
    noun
        What one of them is called.
    plural
        What others are called; by default the noun with an s.

    Returns
    -------
    str
        With thousands apart.

    Examples
    --------
    >>> counted(1, "fill"), counted(0, "fill"), counted(1234, "fill"), counted(2, "loss", "losses")
    ('1 fill', '0 fills', '1,234 fills', '2 losses')
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
