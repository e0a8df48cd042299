"""Predictions that came later than decisions waited for them: a fact of the clock, which no replay can know.

A replay has every prediction in time. So it is told which ones were late, decides without them as was decided then,
and the number is said.
"""

from __future__ import annotations

from collections.abc import Iterable

from contracts.prediction import Prediction
from contracts.signal import Signal
from streaming.record import Record
from verify.readable import messages_of

#: Exchange, pair, interval, start of the window.
_Window = tuple[str, str, int, int]


def late_predictions(signals: Iterable[Record], predictions: Iterable[Record]) -> list[_Window]:
    """Return the windows that were predicted, and decided on without a prediction by everybody who decided.

    A strategy that asks for no model decides without one beside others that have it: then it was not late.

    Parameters
    ----------
    signals, predictions
        What is on these topics in the run.

    Returns
    -------
    list[tuple[str, str, int, int]]
        Exchange, pair, interval and start of each, in order.
    """
    heard: dict[_Window, bool] = {}
    for signal in messages_of(signals, Signal):
        window = _window_of(signal)
        heard[window] = heard.get(window, False) or signal.prediction_id is not None
    some = {window[:3] for window, was_heard in heard.items() if was_heard}
    predicted = {_window_of(prediction) for prediction in messages_of(predictions, Prediction)}
    return sorted(w for w, was_heard in heard.items() if not was_heard and w in predicted and w[:3] in some)


def _window_of(message: Signal | Prediction) -> _Window:
    return message.exchange, message.pair, message.interval_s, message.window_start_ms
