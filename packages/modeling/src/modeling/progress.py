"""How far training is: log lines for people, a file for the terminal view."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from loguru import logger

Stage = Literal["reading", "training", "registering", "done", "failed"]


class Progress:
    """Writes progress to the log and, whole at each step, to a file.

    Parameters
    ----------
    path
        JSON file: ``{"stage", "epoch", "epochs", "seconds_left", "validation_log_loss"}``, null where not known. The
        loss is that of the part which decides when to stop.
    monotonic
        Clock in seconds.
    """

    def __init__(self, path: Path | None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._monotonic = monotonic
        self._started_seconds = monotonic()

    def stage(self, stage: Stage) -> None:
        """Begin `stage`."""
        self._started_seconds = self._monotonic()
        self._write(stage)

    def epoch(self, epoch: int, epochs: int, log_loss: float) -> None:
        """Note that `epoch` of `epochs` is over; 0 says that the first begins.

        Parameters
        ----------
        epoch, epochs
            How many are over, and how many there are at most.
        log_loss
            Of the tune part.
        """
        if epoch == 0:
            self._started_seconds = self._monotonic()
            logger.info("untrained: log loss {:.6f}", log_loss)
            self._write("training", 0, epochs, loss=log_loss)
            return
        per_epoch_seconds = (self._monotonic() - self._started_seconds) / epoch
        left_seconds = round(per_epoch_seconds * (epochs - epoch), 1)
        logger.info("epoch {}/{}: log loss {:.6f}, up to {} s left", epoch, epochs, log_loss, left_seconds)
        self._write("training", epoch, epochs, left_seconds, log_loss)

    def _write(
        self,
        stage: Stage,
        epoch: int | None = None,
        epochs: int | None = None,
        left_seconds: float | None = None,
        loss: float | None = None,
    ) -> None:
        if self._path is not None:
            known = {"epoch": epoch, "epochs": epochs, "seconds_left": left_seconds, "validation_log_loss": loss}
            write_json(self._path, {"stage": stage, **known})


def write_json(path: Path, content: object) -> None:
    """Write `content` so that a reader sees the old file or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.write_text(json.dumps(content) + "\n", encoding="utf-8")
    draft.replace(path)
