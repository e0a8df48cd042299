"""What is verified: the topics that follow from the trades, by the service that writes them."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.errors import BadInputError
from contracts.topics import (
    CANDLES,
    FILLS,
    ORDERS,
    PNL,
    POSITIONS,
    PREDICTIONS,
    REFERENCE_CANDLES,
    RISK_ALERTS,
    SIGNALS,
    TECHNICAL_INDICATORS,
    TopicSpec,
)

#: Service -> the topics it writes that are a function of its input, in flow order.
OUTPUTS: dict[str, tuple[TopicSpec, ...]] = {
    "candles": (CANDLES, REFERENCE_CANDLES),
    "indicators": (TECHNICAL_INDICATORS,),
    "predictions": (PREDICTIONS,),
    "signals": (SIGNALS,),
    "execution": (ORDERS, FILLS, POSITIONS, PNL, RISK_ALERTS),
}
#: Topic -> why a replay of the trades does not write it again.
NOT_REPLAYED: dict[str, str] = {
    "trades": "the input",
    "trades-checkpoints": "how far the feed has come, not what it brought",
    "symbol-subscriptions": "what people and services asked for, at a wall clock's time",
    "candles-forming": "moments for screens, which depend on how trades came",
    "indicators-forming": "the same of features",
    "service-health": "how the processes fare, by a wall clock",
    "metrics": "the same in numbers",
    "audit-log": "who did what, by a wall clock",
    "model-events": "training is not replayed; the versions it made are fetched from the registry",
}


def parse_stages(names: Sequence[str]) -> tuple[str, ...]:
    """Return the services to verify, all of them by default, in flow order.

    Raises
    ------
    BadInputError
        If one is unknown.
    """
    for name in names:
        if name not in OUTPUTS:
            raise BadInputError("--stage", f"one of {', '.join(OUTPUTS)}", name)
    return tuple(name for name in OUTPUTS if not names or name in names)


def up_to(stage: str) -> tuple[str, ...]:
    """Return the services whose work `stage` needs, itself the last.

    Examples
    --------
    >>> up_to("predictions")
    ('candles', 'indicators', 'predictions')
    """
    names = tuple(OUTPUTS)
    return names[: names.index(stage) + 1]
