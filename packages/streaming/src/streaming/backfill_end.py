"""Where history ends on a topic: for the historical variant of a service, which stops there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from contracts.topics import TRADES, TRADES_CHECKPOINTS, TopicSpec
from contracts.trades_checkpoint import TradesCheckpoint
from streaming.clients import end_offsets, lag
from streaming.settings import ServiceSettings
from streaming.tail import TopicTail


class BackfillEnd:
    """Says where the input of a service has the last of what history leads to; a `StopWhen` of `run_service`.

    History is complete when the trades service has said so of every pair it has begun. Then what the trades topic
    holds is passed on from service to service; each stage has done its part once its group has committed it.

    Parameters
    ----------
    settings
        Of the service that asks.
    pairs
        Pairs to wait for even if the trades service has not begun with them yet.
    stages
        Services, with their inputs, between the trades topic and the service that asks; in the order of the flow.

    Examples
    --------
    ::

        BackfillEnd(settings)                                        # of trades, for candles
        BackfillEnd(settings, stages=[("candles", TRADES, CANDLES)])  # of candles, for indicators
    """

    def __init__(
        self,
        settings: ServiceSettings,
        *,
        pairs: Sequence[str] = (),
        stages: Sequence[tuple[str, TopicSpec, TopicSpec]] = (),
    ) -> None:
        self._settings = settings
        self._checkpoints = TopicTail(settings, TRADES_CHECKPOINTS)
        self._complete: dict[str, bool] = dict.fromkeys(pairs, False)
        self._stages = list(stages)
        self._ends: Mapping[int, int] | None = None

    def __call__(self) -> Mapping[int, int] | str:
        """Return the end of history per partition, or what has to happen before it can be known.

        Returns
        -------
        Mapping[int, int] | str
            Offsets of the last of `stages` once history is there, or a sentence.
        """
        if self._ends is None:
            unfinished = self._unfinished()
            if unfinished is not None:
                return unfinished
            # From here on the topic grows by live trades only.
            self._ends = end_offsets(self._settings, TRADES)
        while self._stages:
            service, taken, given = self._stages[0]
            if lag(self._settings, f"{service}-{self._settings.environment}", taken, self._ends):
                return f"{service} to be done with history"
            self._ends = end_offsets(self._settings, given)
            del self._stages[0]
        return self._ends

    def _unfinished(self) -> str | None:
        for record in self._checkpoints.read_new():
            checkpoint = record.readable_message()
            if isinstance(checkpoint, TradesCheckpoint):
                self._complete[checkpoint.pair] = checkpoint.history_complete
        unfinished = sorted(pair for pair, complete in self._complete.items() if not complete)
        if not self._complete:
            return "the trades service to begin"
        return f"the trades service to complete the history of {', '.join(unfinished)}" if unfinished else None
