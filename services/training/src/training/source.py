"""Where training takes its feature rows from: the topic that is served, so both see the same."""

from __future__ import annotations

from collections.abc import Iterator

from loguru import logger

from contracts.errors import BadMessageError
from contracts.feature_columns import FEATURE_SET_IDS, serves
from contracts.feature_row import FeatureRow
from contracts.topics import TECHNICAL_INDICATORS
from streaming.clients import read_topic
from training.settings import TrainingSettings


def read_rows(settings: TrainingSettings) -> Iterator[FeatureRow]:
    """Yield the rows that may be trained on, ordered by time within each pair, as often as the topic has them.

    They are of the configured interval and pairs, end by `train_until_ms`, are revision 0 and of this code's list of
    features: the columns of another list may mean something else.
    """
    expected = FEATURE_SET_IDS["core"]
    undecodable = of_other_features = 0
    for record in read_topic(settings, TECHNICAL_INDICATORS):
        try:
            row = record.message()
        except BadMessageError:
            undecodable += 1  # serving has set it aside in its dead letters, with the reason
            continue
        if not isinstance(row, FeatureRow) or not _wanted(row, settings):
            continue
        if serves(row.feature_set, expected):
            yield row
        else:
            of_other_features += 1
    if undecodable:
        logger.warning("{} messages could not be decoded and are not used for training", undecodable)
    if of_other_features:
        logger.warning("{} rows are left out: expected feature set {}", of_other_features, expected)


def _wanted(row: FeatureRow, settings: TrainingSettings) -> bool:
    until_ms = settings.train_until_ms
    return (
        row.interval_s == settings.interval_s
        and row.revision == 0
        and (not settings.pairs or row.pair in settings.pairs)
        and (until_ms is None or row.window_end_ms <= until_ms)
    )
