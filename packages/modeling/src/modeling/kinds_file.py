"""The kinds of models for who cannot ask Python: ``python -m modeling.kinds_file packages/modeling/kinds.txt``."""

from __future__ import annotations

import sys
from pathlib import Path

from modeling.kinds import MODELS

_HEAD = "# Written by `make schemas` from modeling.kinds. Kind, the extra it needs, who takes it by default.\n"


def render() -> str:
    """Return a line for each kind; a dash where it has nothing to say."""
    return _HEAD + "".join(f"{kind.name} {kind.extra or '-'} {kind.taken_by or '-'}\n" for kind in MODELS.values())


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render(), encoding="utf-8")
