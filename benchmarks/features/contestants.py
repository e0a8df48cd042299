"""Who takes bars one by one: the engine, TA-Lib on slices, talipp, NautilusTrader's indicators."""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import talib
from tests.support.bar_series import BarSeries

from benchmarks.features import nautilus_peer
from benchmarks.features.peers import TALIB, talipp_indicators
from features import Feature
from features.bars import Bar
from features.blocks import Floats
from features.engine import Engine

#: Bars that a slice has: what tutorials keep.
SLICE_BARS = 500
#: talipp keeps all values unless told: of twice as many so many are left.
_KEPT_BARS = 1_000


class Contestant(Protocol):
    """Takes consecutive bars; each call goes on where the one before ended."""

    features: Sequence[str]

    def run(self, first: int, last: int) -> float:
        """Take bars ``[first, last)``, read all values after each; return the CPU seconds it took."""
        ...

    def values(self, first: int, last: int) -> Mapping[str, Floats]:
        """Do the same and return the values."""
        ...

    def close(self) -> None:
        """End what it has started."""
        ...


class _InProcess(ABC):
    """What those in this process have in common: they `take` a bar and return its values."""

    features: Sequence[str]

    @abstractmethod
    def take(self, number: int) -> Sequence[Any]:
        """Take one bar and return the values after it."""

    def run(self, first: int, last: int) -> float:
        take = self.take
        gc.collect()
        started = time.process_time()
        for number in range(first, last):
            take(number)
        return time.process_time() - started

    def values(self, first: int, last: int) -> Mapping[str, Floats]:
        rows = [self.take(number) for number in range(first, last)]
        return dict(zip(self.features, np.array(rows, dtype=np.float64).T, strict=True))

    def close(self) -> None:  # noqa: B027 - most have started nothing that they had to end
        pass


class Ours(_InProcess):
    """The service's engine, on any list of features."""

    def __init__(self, series: BarSeries, features: Sequence[Feature]) -> None:
        self.features = [feature.name for feature in features]
        self._engine = Engine(series.interval_s, features)
        columns = (series.columns[name].tolist() for name in Bar._fields)
        self._bars = list(zip(series.starts_ms.tolist(), map(Bar, *columns), strict=True))

    def take(self, number: int) -> Sequence[Any]:
        self._engine.push(*self._bars[number])
        return list(self._engine.values().values())

    def run(self, first: int, last: int) -> float:
        push, values = self._engine.push, self._engine.values
        gc.collect()
        started = time.process_time()
        for window_start_ms, bar in self._bars[first:last]:
            push(window_start_ms, bar)
            values()
        return time.process_time() - started


class Slices(_InProcess):
    """TA-Lib's functions on the last bars, again for every bar, as tutorials have it; slices of arrays cost least.

    Parameters
    ----------
    bare
        Whether TA-Lib is called as it is where neither pandas nor polars is installed: it wraps its functions else.
    """

    def __init__(self, series: BarSeries, *, bare: bool) -> None:
        self.features = [name for call in TALIB for name in call.features]
        self._columns = {
            name: series.columns[name] for name in sorted({name for call in TALIB for name in call.inputs})
        }
        self._calls = [(_function(call.function, bare=bare), call.inputs, call.parameters) for call in TALIB]

    def take(self, number: int) -> Sequence[Any]:
        first, last = max(number + 1 - SLICE_BARS, 0), number + 1
        slices = {name: column[first:last] for name, column in self._columns.items()}
        row: list[Any] = []
        for function, inputs, parameters in self._calls:
            result = function(*[slices[name] for name in inputs], *parameters)
            if type(result) is tuple:
                row += [each[-1] for each in result]
            else:
                row.append(result[-1])
        return row


def _function(name: str, *, bare: bool) -> Any:
    function = getattr(talib, name)
    return getattr(function, "__wrapped__", function) if bare else function


class Talipp(_InProcess):
    """talipp's indicators, purged now and then."""

    def __init__(self, series: BarSeries) -> None:
        from talipp.ohlcv import OHLCV

        table = talipp_indicators()
        self.features = [name for each in table for name in each.features]
        indicators = [each.make() for each in table]
        self._indicators = indicators
        self._of_closes = [one.add for each, one in zip(table, indicators, strict=True) if not each.takes_bars]
        self._of_bars = [one.add for each, one in zip(table, indicators, strict=True) if each.takes_bars]
        self._attributes = [list(each.features.values()) for each in table]
        columns = (series.columns[name].tolist() for name in ("open", "high", "low", "close", "volume"))
        self._bars = list(map(OHLCV, *columns))

    def take(self, number: int) -> Sequence[Any]:
        bar = self._bars[number]
        close = bar.close
        for add in self._of_closes:
            add(close)
        for add in self._of_bars:
            add(bar)
        if number % _KEPT_BARS == 0 and number >= 2 * _KEPT_BARS:
            for indicator in self._indicators:
                indicator.purge_oldest(_KEPT_BARS)
        row: list[Any] = []
        for indicator, attributes in zip(self._indicators, self._attributes, strict=True):
            value = indicator[-1]
            row += [value if name is None else value and getattr(value, name) for name in attributes]
        return row


class Nautilus:
    """NautilusTrader's indicators, in a process and an environment of their own.

    Raises
    ------
    OSError
        If uv, which makes the environment, is not there or cannot.
    """

    def __init__(self, series: BarSeries, kind: str) -> None:
        self.features: Sequence[str] = [name for each in nautilus_peer.INDICATORS for name in each.features]
        self._folder = tempfile.TemporaryDirectory(prefix="bench-nautilus-")
        bars = Path(self._folder.name, "bars.npz")
        columns: dict[str, Any] = dict(series.columns)
        np.savez(bars, **columns)
        uv = os.environ.get("UV") or shutil.which("uv")
        if uv is None:
            raise FileNotFoundError("uv")
        self._process = subprocess.Popen(
            [uv, "run", "--quiet", "--script", nautilus_peer.__file__, str(bars), kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=self._folder.name,
        )
        self._answer()

    def run(self, first: int, last: int) -> float:
        return float(self._ask(first, last, None)["cpu_seconds"])

    def values(self, first: int, last: int) -> Mapping[str, Floats]:
        file = Path(self._folder.name, "values.npz")
        self._ask(first, last, str(file))
        with np.load(file) as values:
            return dict(values)

    def close(self) -> None:
        self._process.communicate()
        self._folder.cleanup()

    def _ask(self, first: int, last: int, keep: str | None) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"first": first, "last": last, "keep": keep}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ChildProcessError(f"{nautilus_peer.__file__} ended with {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer
