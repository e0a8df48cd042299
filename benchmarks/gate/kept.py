"""Results of hours, kept line by line: a study that was stopped goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from loguru import logger

from backtest.provenance import code_digest

#: What a result follows from.
CODE = code_digest(
    ("contracts", "features", "modeling", "training", "benchmarks.gate"),
    ("numpy", "scikit-learn", "lightgbm", "arch"),
)


class Kept:
    """Results by what they are of; those of other code are passed over and made anew.

    Parameters
    ----------
    file
        Of a JSON object a line; nothing is kept if None.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._values: dict[str, Any] = {}
        if file is not None and file.exists():
            for line in file.read_text(encoding="utf-8").splitlines():
                told = json.loads(line)
                if told["code"] == CODE:
                    self._values[json.dumps(told["of"])] = told["value"]

    def of(self, what: dict[str, Any], make: Callable[[], Any]) -> Any:
        """Return what is kept of `what`, or make it and keep it."""
        key = json.dumps(what)
        if key in self._values:
            logger.info("{}: kept in {}", key, self._file)
        else:
            self._values[key] = make()
            if self._file is not None:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                with self._file.open("a", encoding="utf-8") as out:
                    out.write(json.dumps({"code": CODE, "of": what, "value": self._values[key]}) + "\n")
        return self._values[key]
