"""What is verified: the topics that follow from the trades, by the service that writes them."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.errors import BadInputError
from contracts.services import FLOW
from contracts.topics import TopicSpec

#: Service -> its own topics that are a function of its input, in flow order.
OUTPUTS: dict[str, tuple[TopicSpec, ...]] = {
    each.name: replayed
    for each in FLOW
    if (replayed := tuple(spec for spec in each.writes if spec.written_by == each.name and not spec.not_replayed))
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
