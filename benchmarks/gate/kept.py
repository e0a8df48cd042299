"""Results of hours, kept line by line: a study that was stopped goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from loguru import logger

import features
import modeling
import training

_SOURCES = [Path(member.__path__[0]) for member in (features, modeling, training)] + [Path(__file__).parent]


def code_digest() -> str:
    """Return what stands for the code that a result follows from."""
    digest = hashlib.sha256()
    for folder in _SOURCES:
        for file in sorted(folder.rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


class Kept:
    """Results by what they are of; those of other code are passed over and made anew.

    Parameters
    ----------
    file
        Of a JSON object a line; nothing is kept if None.
    """

    def __init__(self, file: Path | None) -> None:
        self._file, self._code = file, code_digest()
        self._values: dict[str, Any] = {}
        if file is not None and file.exists():
            for line in file.read_text(encoding="utf-8").splitlines():
                told = json.loads(line)
                if told["code"] == self._code:
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
                    out.write(json.dumps({"code": self._code, "of": what, "value": self._values[key]}) + "\n")
        return self._values[key]
