"""The ledger of tries: each version of the registry is one, whether it was promoted or refused."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from modeling.judging.trials import Trial
from modeling.model_card import ModelCard
from modeling.registered import RegisteredVersion

_FROM, _TO, _SHARPE, _COUNT, _ONNX = "judged_from_ms", "judged_to_ms", "sharpe", "tries", "onnx_sha256"


def try_tags(card: ModelCard, onnx: bytes) -> dict[str, str]:
    """Return what a version is tagged with to be counted; nothing of a model that was not judged here."""
    if card.verdict is None:
        return {}
    return {
        _FROM: str(card.validated_from_ms),
        _TO: str(card.trained_to_ms),
        _SHARPE: repr(card.verdict.sharpe),
        _COUNT: str(card.verdict.candidates),
        _ONNX: _digest(onnx),
    }


def trials_of(versions: Iterable[RegisteredVersion], onnx: bytes) -> list[Trial]:
    """Return the tries among `versions`, but for that of this very model: trained again it is no other.

    Parameters
    ----------
    versions
        All of a name.
    onnx
        The model that is about to be judged.

    Returns
    -------
    list[Trial]
        One for each version that was judged.
    """
    judged = [each for each in versions if _FROM in each.tags and each.tags.get(_ONNX) != _digest(onnx)]
    return [
        Trial(
            f"version {each.version}",
            int(each.tags[_FROM]),
            int(each.tags[_TO]),
            float(each.tags[_SHARPE]),
            int(each.tags[_COUNT]),
        )
        for each in judged
    ]


def _digest(onnx: bytes) -> str:
    return hashlib.sha256(onnx).hexdigest()
