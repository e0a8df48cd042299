"""What `signals` is told in a run: from when on accounts trade, and how long a prediction is waited for."""

from __future__ import annotations

from collections.abc import Mapping

from signals.settings import SignalsSettings
from streaming.settings import environment_of

#: Where market time runs faster than a service starts, so that a prediction which is late by the market's clock is
#: no sign of a service that is dead.
UNHURRIED_BARS = 100_000


def trading(environment: Mapping[str, str], *, from_ms: int | None = None, real_time: bool = False) -> dict[str, str]:
    """Return the settings of `signals` that a run has where its environment has no others.

    Parameters
    ----------
    environment
        Variables that the services will see.
    from_ms
        When accounts begin to trade, event time; what was before is history.
    real_time
        Whether market time is that of clocks.

    Returns
    -------
    dict[str, str]
        Values by environment variable.
    """
    told = {} if from_ms is None else environment_of(SignalsSettings, from_ms=from_ms)
    if not real_time:
        told |= environment_of(SignalsSettings, maximum_pending_bars=UNHURRIED_BARS)
    return {name: value for name, value in told.items() if name not in environment}
