"""Whether trades can be enough to train a model on, said before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from contracts.units import MS_PER_SECOND
from embedded.bars import interval_in_words
from features import ANCHOR_BARS, feature_set
from modeling.kinds import MODELS
from results.report.wording import duration, utc
from streaming.settings import environment_of, read_settings
from training.settings import TrainingSettings


@dataclass(frozen=True)
class History:
    """What there is of one pair before training: from its first trade to the end of history."""

    pair: str
    first_ms: int
    last_ms: int


def warm_from_ms(first_ms: int, interval_s: int) -> int:
    """Return the start of the first bar whose row can be warm when trades begin at `first_ms`.

    It begins at an anchor (midnight UTC for bars of a minute), with as many bars before it as the longest feature of
    the models looks back on.

    Examples
    --------
    >>> warm_from_ms(0, 60) // 86_400_000, warm_from_ms(43_200_000, 60) // 86_400_000
    (1, 1)
    >>> warm_from_ms(50_000_000, 60) // 86_400_000
    2
    """
    interval_ms = interval_s * MS_PER_SECOND
    anchor_ms = ANCHOR_BARS * interval_ms
    earliest_ms = first_ms // interval_ms * interval_ms + _bars_before(interval_s) * interval_ms
    return -(-earliest_ms // anchor_ms) * anchor_ms


def samples_at_most(histories: Iterable[History], settings: TrainingSettings) -> int:
    """Return how many samples there can be; holes in the trades make them fewer."""
    return sum(
        max(0, (history.last_ms - warm_from_ms(history.first_ms, settings.interval_s)) // _ms(settings, 1) - lost)
        for history in histories
        for lost in (_bars_of_first_sample(settings),)
    )


def why_too_short(histories: list[History], settings: TrainingSettings) -> str | None:
    """Return in a sentence what would be enough, or None if these trades may be."""
    possible = samples_at_most(histories, settings)
    if possible >= settings.min_samples:
        return None
    first_ms, last_ms = min(each.first_ms for each in histories), max(each.last_ms for each in histories)
    enough_ms = _enough_at_ms(histories, settings)
    bars, spans = interval_in_words(settings.interval_s), duration((last_ms - first_ms) / MS_PER_SECOND)
    warm_ms = warm_from_ms(first_ms, settings.interval_s)
    return (
        f"The part to train on spans {spans}, to {utc(last_ms)} UTC. Features of {bars} bars are warm from "
        f"{utc(warm_ms)} on, the first anchor with {_bars_before(settings.interval_s)} bars before it, and "
        f"{settings.min_samples} samples would be there at {utc(enough_ms)}: longer trades or a larger "
        "--train-fraction would be enough."
    )


def training_settings(environment: Mapping[str, str], model: str) -> TrainingSettings:
    """Return the settings that training will read from `environment`."""
    return read_settings(TrainingSettings, {**environment, **environment_of(TrainingSettings, model=model)})


def _enough_at_ms(histories: list[History], settings: TrainingSettings) -> int:
    """Return when there would be enough samples, did every pair go on without a hole."""
    ends = sorted(
        warm_from_ms(each.first_ms, settings.interval_s) + _ms(settings, _bars_of_first_sample(settings))
        for each in histories
    )
    # Each pair gives a sample a bar from its own beginning on: fill from the earliest.
    for number, end in enumerate(ends, start=1):
        following = ends[number] if number < len(ends) else None
        missing = settings.min_samples * _ms(settings, 1) - sum(end - other for other in ends[:number])
        at_ms = end + -(-missing // number)
        if following is None or at_ms <= following:
            return at_ms
    raise AssertionError("the last pair has nobody after it")


def _bars_before(interval_s: int) -> int:
    return max(feature.bars(interval_s) for feature in feature_set("core"))


def _bars_of_first_sample(settings: TrainingSettings) -> int:
    """Return how many bars the first sample takes beyond its last: those looked back on, and those ahead."""
    return MODELS[settings.model].sequence_length - 1 + settings.horizon_bars


def _ms(settings: TrainingSettings, bars: int) -> int:
    return bars * settings.interval_s * MS_PER_SECOND
