"""The kinds of models that can be trained: a file or folder each, found by its `KIND`.

``python -m modeling.kinds_file packages/modeling/kinds.txt`` writes them down for the Makefile and the images.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from modeling.kind import ModelKind, TakenBy


def _found() -> dict[str, ModelKind]:
    kinds = {}
    for item in pkgutil.iter_modules(__path__):
        kind = getattr(import_module(f"{__name__}.{item.name}"), "KIND", None)
        if not isinstance(kind, ModelKind) or kind.name != item.name:
            raise ValueError(f"modeling.kinds.{item.name}: expected KIND, a ModelKind of that name, was {kind!r}")
        kinds[kind.name] = kind
    return kinds


MODELS = _found()


def _taken_by(what: TakenBy) -> str:
    (name,) = (kind.name for kind in MODELS.values() if kind.taken_by == what)
    return name


#: What training, and what the demo and paper trading take unless told otherwise.
TRAINING_KIND, DEMO_KIND = _taken_by("training"), _taken_by("demo")

#: What every other kind must be better than.
(BAR_KIND,) = (name for name, kind in MODELS.items() if kind.bar)

if TYPE_CHECKING:
    KindName = str
else:
    KindName = Literal[tuple(MODELS)]
