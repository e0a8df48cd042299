"""A strategy from a file: exactly one class in it, nothing that it may not say, and a hash of what it is."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from contracts.errors import BadInputError
from strategies.imports import require_allowed
from strategies.strategy import Strategy

_NAME = re.compile(r"[a-z][a-z0-9_]*")
#: A file of formulas is read in milliseconds; this is for machines that are very busy.
_SECONDS = 20.0


class _SlowError(BaseException):
    """No `Exception`: a file must not be able to catch it by accident."""


@dataclass(frozen=True)
class StrategyFile:
    """A strategy and the text it was read from.

    Attributes
    ----------
    name
        That of the file.
    kind
        Its class.
    source, path
        The file's text, and where it stands.
    """

    name: str
    kind: type[Strategy]
    source: str
    path: Path

    def __reduce__(self) -> tuple[Callable[[Path, str], StrategyFile], tuple[Path, str]]:
        # A class of a file that was run has no module to be found in: another process reads the same text.
        return from_source, (self.path, self.source)

    def again(self) -> StrategyFile:
        """Return the same, imported anew: nothing that a class or the file remembers is left.

        Returns
        -------
        StrategyFile
            With another class.
        """
        return from_source(self.path, self.source)

    def made(self, given: Mapping[str, object] | None = None) -> Strategy:
        """Return the strategy with these parameters, the others at their defaults.

        Returns
        -------
        Strategy
            Ready to run.
        """
        return self.kind(**dict(given or {}))

    def hash_of(self, strategy: Strategy) -> str:
        """Return a hash of the file and the parameters: whatever decides what the strategy says.

        Returns
        -------
        str
            Twelve hexadecimal digits.
        """
        facts = [self.source, strategy.values]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]


def load(path: Path) -> StrategyFile:
    """Read a strategy's file.

    Parameters
    ----------
    path
        Of a Python file whose name is a strategy's: ``my_cross.py``.

    Returns
    -------
    StrategyFile
        With its one class.

    Raises
    ------
    BadInputError
        If it is not there or no Python, says what it may not say, fails, or has no class of a strategy or several.
    """
    if not path.is_file():
        raise BadInputError("strategy", "the path of a Python file that is there", str(path))
    if path.suffix != ".py" or not _NAME.fullmatch(path.stem):
        raise BadInputError("strategy", "a file named in lower_snake_case with the ending .py", path.name)
    try:
        source = path.read_text(encoding="utf-8-sig")  # some editors of Windows begin a file with a mark
    except UnicodeDecodeError as error:
        raise BadInputError(path.name, "a file of Python in UTF-8", str(error)) from None
    return from_source(path, source)


def from_source(path: Path, source: str) -> StrategyFile:
    """Return a strategy of a text that was read before, whatever the file says by now.

    Parameters
    ----------
    path
        Where it stood: its name is the strategy's.
    source
        What it said.

    Returns
    -------
    StrategyFile
        With its one class.

    Raises
    ------
    BadInputError
        As `load`.
    """
    try:
        tree = ast.parse(source, filename=str(path))
    except SyntaxError as error:
        place = path.name if error.lineno is None else f"{path.name}:{error.lineno}"
        raise BadInputError(place, "Python", error.msg) from None
    except ValueError as error:
        raise BadInputError(path.name, "a file of Python", str(error)) from None
    require_allowed(tree, path.name)
    return StrategyFile(path.stem, _only_strategy(_run(path, tree), path.name), source, path)


def _run(path: Path, tree: ast.Module) -> ModuleType:
    module = ModuleType(f"strategy_file_{path.stem}")
    module.__file__ = str(path)
    try:
        with _within(_SECONDS, path.name):
            exec(compile(tree, str(path), "exec"), module.__dict__)  # noqa: S102
    except _SlowError as error:
        raise BadInputError(path.name, f"a file that is read within {_SECONDS:g} s", "still at it") from error
    except BadInputError as error:
        raise BadInputError(f"{path.name}: {error.field}", error.expected, error.got) from None
    except Exception as error:  # noqa: BLE001 - whatever a user's file does is told in words
        raise BadInputError(at_line(error, path), "a file that can be imported", described(error)) from None
    return module


@contextmanager
def _within(seconds: float, name: str) -> Iterator[None]:
    """End a file that loops for ever. Only a process's main thread, which reads files at a start, can be told so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def late(*_: object) -> None:
        raise _SlowError(name)

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def at_line(error: BaseException, path: Path) -> str:
    """Return the file and the line of it that an error came through last.

    Returns
    -------
    str
        Such as ``my_cross.py:12``.
    """
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f"{path.name}:{lines[-1]}" if lines else path.name


def described(error: BaseException) -> str:
    """Return an error with its class.

    Returns
    -------
    str
        In one line.
    """
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _only_strategy(module: ModuleType, name: str) -> type[Strategy]:
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Strategy) and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        said = ", ".join(each.__name__ for each in found) or "none"
        raise BadInputError(name, "exactly one class that is a Strategy", said)
    return found[0]
