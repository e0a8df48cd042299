"""Bars with what a registered model says of them, as `predictions` would have served it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from backtest.feature_rows import pair_columns
from backtest.forecasts import Forecasts
from backtest.history import History
from backtest.plan import Terms
from contracts.errors import BadInputError
from contracts.timestamps import iso_utc_ms
from features import bars_until_warm
from modeling.dataset import dataset_of
from modeling.onnx_model import OnnxModel
from modeling.registered import StoredModel


def with_model(history: History, stored: StoredModel, names: Iterable[str], to_ms: int | None = None) -> History:
    """Return bars that come with what one version says of each, from the end of its training on.

    It is asked of one sequence after the other, as a service does: thousands at once are added up in another order,
    and differ in their last digits.

    Parameters
    ----------
    history
        Its bars; predictions that came with them are not looked at.
    stored
        The version.
    names
        What strategies call the model, as `predicted` has it.
    to_ms
        From where on nothing is asked.

    Returns
    -------
    History
        The same bars.

    Raises
    ------
    BadInputError
        If the model is of other bars, or of features that are not known any more, or all bars are from before the
        end of its training.
    """
    card = stored.card
    if card.interval_s != history.interval_s:
        expected = f"a model of bars of {history.interval_s} s, as these are"
        raise BadInputError("--models", expected, f"{_named(stored)}, of bars of {card.interval_s} s")
    card.check_servable(history.interval_s)
    pairs = sorted(history.pairs.values(), key=lambda bars: (bars.exchange, bars.pair))  # as a data set numbers them
    last_ms = max(int(bars.starts_ms[-1]) for bars in pairs)
    if last_ms < card.trained_to_ms:
        expected = f"bars from {iso_utc_ms(card.trained_to_ms)} on, where the training of {_named(stored)} ends"
        raise BadInputError("--models", expected, f"bars up to {iso_utc_ms(last_ms)}")
    rows = {(bars.exchange, bars.pair): pair_columns(bars, card.inputs) for bars in pairs}
    data = dataset_of(rows, card.sequence_length, card.horizon_bars, history.interval_s, card.inputs)
    found, every = [Forecasts(bars) for bars in pairs], data.every
    for each in found:
        each.ask(stored.version, card.trained_to_ms, to_ms)
    model = OnnxModel(stored.onnx, card.output)
    end_ms = last_ms + 1 if to_ms is None else to_ms
    for sample, start_ms in enumerate(every.times_ms.tolist()):
        if card.trained_to_ms <= start_ms < end_ms:
            [sequence] = every.samples.x(slice(sample, sample + 1))
            answer = model.answer(sequence)
            found[every.pair_numbers[sample]].answer(start_ms, answer, card.novelty_threshold)
    called = {name.rpartition(".")[0] for name in names if "." in name}
    told = {
        bars.pair: each.bars(len(bars), card.model_name, card.horizon_bars, called)
        for bars, each in zip(pairs, found, strict=True)
    }
    notes = history.notes if any(each.has_spoken for each in found) else (*history.notes, _silent(stored))
    return History({pair: told[pair] for pair in history.pairs}, notes)


def spoken_terms(terms: Terms, stored: StoredModel) -> tuple[Terms, str]:
    """Return terms that trade nothing of what a version has been trained on, and what a reader must know of it.

    Parameters
    ----------
    terms
        As they were asked for.
    stored
        The version.

    Returns
    -------
    tuple[Terms, str]
        From the end of its training on where the range is open.

    Raises
    ------
    BadInputError
        If the range begins before.
    """
    trained_to_ms = stored.card.trained_to_ms
    if terms.to_ms is not None and terms.to_ms <= trained_to_ms:
        expected = f"later than {iso_utc_ms(trained_to_ms)}, where the training of {_named(stored)} ends"
        raise BadInputError("--to", expected, iso_utc_ms(terms.to_ms))
    if terms.from_ms is not None and terms.from_ms < trained_to_ms:
        expected = f"{iso_utc_ms(trained_to_ms)} or later, where the training of {_named(stored)} ends"
        raise BadInputError("--from", expected, iso_utc_ms(terms.from_ms))
    spoken = terms if terms.from_ms is not None else replace(terms, from_ms=trained_to_ms)
    proven = "" if stored.card.proven else ", unproven"
    note = f"Predictions of {_named(stored)}{proven}, trained on what came before {iso_utc_ms(trained_to_ms)}."
    return spoken, note


def _silent(stored: StoredModel) -> str:
    warm_up = bars_until_warm(stored.card.inputs.feature_set, stored.card.interval_s)
    return (
        f"{_named(stored)} says nothing of these bars: features are warm after up to {warm_up:,} bars without a hole."
    )


def _named(stored: StoredModel) -> str:
    return f"{stored.card.model_name} version {stored.version}"
