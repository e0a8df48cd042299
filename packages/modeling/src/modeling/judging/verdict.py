"""The verdict on a recipe: a table of bars, each with its number and how sure it is."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Outcome = Literal["passed", "failed"]


class Bar(BaseModel):
    """Something a recipe must be better than.

    Attributes
    ----------
    name
        Of the forecast that is to be beaten, or of what is asked.
    value, bar
        The recipe's number and the one it must be better than: log losses, the less the better; of ``net_return`` and
        ``learned`` the more the better.
    p
        Probability of as much by luck; None where nothing is tested.
    level
        The greatest p that passes.
    effective_samples
        Independent observations that would say as much.
    passed
        Whether it is better, surely enough.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    value: float
    bar: float
    p: float | None = None
    level: float | None = None
    effective_samples: float = 0.0
    passed: bool

    def __str__(self) -> str:
        said = f"{self.name} {self.value:.6f} against {self.bar:.6f}"
        return said if self.p is None else f"{said} (p {self.p:.2g}, at most {self.level:.2g})"


class Verdict(BaseModel):
    """What was found of a recipe on windows that had not shaped it.

    Attributes
    ----------
    bars
        All of them; it passes only if it passes each.
    tries, candidates
        How many models were judged on overlapping windows, this one included; and how many of them in its own study.
    sharpe, deflated_sharpe
        Of the net returns per window, and the probability that it is above what luck gives the best of the tries.
    gross_return, net_return
        Log returns of all windows, averaged over pairs, before and after costs.
    buys
        How many positions were opened.
    windows
        How many judged.
    """

    model_config = ConfigDict(frozen=True)

    bars: tuple[Bar, ...]
    tries: int
    candidates: int = 1
    sharpe: float
    deflated_sharpe: float
    gross_return: float
    net_return: float
    buys: int
    windows: int

    @property
    def outcome(self) -> Outcome:
        """``passed`` if each bar is."""
        return "passed" if self.bars and all(bar.passed for bar in self.bars) else "failed"

    @property
    def reason(self) -> str:
        """Why, for people: the bars that failed, or all of them."""
        failed = [bar for bar in self.bars if not bar.passed]
        what = "not surely better than" if failed else "better than"
        listed = "; ".join(str(bar) for bar in (failed or self.bars))
        return f"{what} {listed}; {self.windows} windows, try {self.tries} on them"

    def figures(self) -> dict[str, float]:
        """Return its numbers by name, for MLflow.

        Returns
        -------
        dict[str, float]
            Those of the verdict, and of each bar value, bar, p and effective samples.
        """
        found = {name: float(value) for name, value in self.model_dump(exclude={"bars"}).items()}
        for bar in self.bars:
            named = bar.model_dump(include={"value", "bar", "p", "effective_samples"}, exclude_none=True)
            found |= {f"bar_{bar.name}_{name}": float(value) for name, value in named.items()}
        return found


def may_promote(outcome: Outcome, *, has_champion: bool, require_gate: bool) -> bool:
    """Return whether the candidate becomes champion.

    One that failed is promoted only if there is nothing else to serve and somebody allowed it.

    Parameters
    ----------
    outcome
        What was found.
    has_champion
        Whether a version is served already.
    require_gate
        Whether only what passed is served.

    Returns
    -------
    bool
        True to promote.
    """
    return outcome == "passed" or not (has_champion or require_gate)
