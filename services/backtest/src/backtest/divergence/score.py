"""How far venue and paper are apart, in a word: the worst of five measures, each with its bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Word = Literal["close", "apart", "far"]
_WORDS: tuple[Word, ...] = ("close", "apart", "far")


@dataclass(frozen=True, slots=True)
class Bound:
    """Up to where a measure is close, and from where on far.

    Attributes
    ----------
    close, far
        Both belong to what is between the words.
    unit
        Of the measure.
    why
        Why there.
    """

    close: float
    far: float
    unit: str
    why: str

    def word(self, value: float) -> Word:
        """Return where a value lies.

        Returns
        -------
        Word
            ``apart`` between the bounds.
        """
        return _WORDS[(value > self.close) + (value > self.far)]


#: By measure; each is 0 where venue and paper are one.
BOUNDS: Mapping[str, Bound] = {
    "decisions": Bound(
        1,
        5,
        "% differ",
        "one in a hundred is an order that a venue refused; of one in twenty it is another strategy",
    ),
    "price": Bound(
        5, 20, "bps, mean", "an eighth and half of the usual fee of 40: beyond it costs were assumed wrong"
    ),
    "filled": Bound(1, 5, "% of orders", "as for decisions"),
    "returns": Bound(0.01, 0.1, "short of 1", "0.99 leaves a fiftieth of the variance unexplained, 0.9 a fifth"),
    "equity": Bound(
        5, 20, "bps of what was traded", "what all of it comes to for what changed hands, as for the price"
    ),
}


@dataclass(frozen=True, slots=True)
class Score:
    """The word, and what it is for.

    Attributes
    ----------
    word
        The worst of all measures.
    by
        The measures that say so; none where it is ``close``.
    measures
        Each as a number, None where it cannot be told.
    """

    word: Word
    by: tuple[str, ...]
    measures: Mapping[str, float | None]


def score_of(measures: Mapping[str, float | None]) -> Score:
    """Return the worst word of all measures.

    Parameters
    ----------
    measures
        A number for each of `BOUNDS`, 0 or more; None where it cannot be told.

    Returns
    -------
    Score
        ``close`` where nothing can be told.

    Examples
    --------
    >>> score_of({"decisions": 0.0, "price": 21.0, "filled": 2.0, "returns": None, "equity": 5.0})
    Score(word='far', by=('price',), measures={'decisions': 0.0, 'price': 21.0, 'filled': 2.0, 'returns': None, 'equity': 5.0})
    """  # noqa: E501 - one doctest line
    words = {name: BOUNDS[name].word(value) for name, value in measures.items() if value is not None}
    worst = max(words.values(), key=_WORDS.index, default=_WORDS[0])
    by = () if worst == "close" else tuple(name for name, word in words.items() if word == worst)
    return Score(worst, by, dict(measures))
