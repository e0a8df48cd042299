"""When a position ends whatever the strategy's target says."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from contracts.errors import BadInputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Exits:
    """When a position ends whatever the target says. They travel on signals, and execution acts on them.

    Attributes
    ----------
    stop_pct
        At a loss of so many percent of the price it was entered at.
    target_pct
        At a gain of so many percent of it.
    trailing_pct
        So many percent away from the best price since.
    maximum_bars
        After so many bars.

    Raises
    ------
    BadInputError
        If a percentage is not above 0 (and, for losses, below 100), or the bars no integer above 0.

    Examples
    --------
    >>> Exits(stop_pct=2, target_pct=3).stop_pct
    2
    """

    stop_pct: float | None = None
    target_pct: float | None = None
    trailing_pct: float | None = None
    maximum_bars: int | None = None

    def __post_init__(self) -> None:
        for name in ("stop_pct", "target_pct", "trailing_pct"):
            value, most = getattr(self, name), math.inf if name == "target_pct" else 100
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if value is not None and not (is_number and 0 < value < most):
                expected = "percent above 0" + ("" if math.isinf(most) else f" and below {most}")
                raise BadInputError(f"exits.{name}", expected, value)
        bars = self.maximum_bars
        if bars is not None and (isinstance(bars, bool) or not isinstance(bars, int) or bars < 1):
            raise BadInputError("exits.maximum_bars", "an integer, at least 1", bars)

    def as_json(self) -> dict[str, float]:
        """Return those that are set, by name.

        Returns
        -------
        dict[str, float]
            Empty where a position ends by the target alone.
        """
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}
