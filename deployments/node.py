"""Whether parts fit on a node: what they ask for, what the node has, who would stay pending.

Standard library only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

#: Millicores and mebibytes that each part of a dev cluster asks for; `make graph` writes it (capacity.py).
REQUESTS = Path(__file__).resolve().parent / "platform" / "requests.json"


@dataclass(frozen=True, slots=True)
class Asked:
    """Processor and memory."""

    cpu_m: int
    memory_mi: int

    def __str__(self) -> str:
        return f"{self.cpu_m / 1000:g} cores and {self.memory_mi / 1024:.1f} GiB"


#: What the documentation says a dev cluster needs.
PROMISED = Asked(4_000, 12 * 1024)


def recorded() -> dict[str, Asked]:
    """Return what each part asks for, `kind` first."""
    return {part: Asked(*each) for part, each in json.loads(REQUESTS.read_text(encoding="utf-8")).items()}


def beyond(asked: Mapping[str, Asked], node: Asked) -> list[str]:
    """Return the parts that find no place, in the order in which they come: a part that is too large takes none."""
    cpu, memory, without = 0, 0, []
    for part, each in asked.items():
        if cpu + each.cpu_m > node.cpu_m or memory + each.memory_mi > node.memory_mi:
            without.append(part)
        else:
            cpu, memory = cpu + each.cpu_m, memory + each.memory_mi
    return without
