"""Whose trades a file holds, and which of its rows are taken."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from contracts.errors import BadInputError
from exchanges.recorded.column_format import RowReader
from exchanges.recorded.names import pair_of_file, pair_of_symbol, readings, readings_of_file, why_derivative


class Chosen:
    """Which rows of a file that names pairs belong to the recording."""

    def __init__(self, pair: str, first_symbol: str | None, asked_for: bool) -> None:
        self.pair = pair
        self._asked_for = asked_for
        self._known: dict[str | None, bool] = {None: True}
        if first_symbol is not None and (not asked_for or not readings(first_symbol)):
            self._known[first_symbol] = True

    def takes(self, symbol: str | None) -> bool:
        """Say whether a row with this symbol is one of ours; one too broken to have a symbol is, to be complained of.

        Raises
        ------
        BadInputError
            On a second pair while none was asked for.
        """
        if symbol not in self._known:
            ours = self.pair.upper() in {reading.upper() for reading in readings(symbol or "")}
            if not ours and not self._asked_for:
                raise BadInputError("pair", f"only {self.pair} in the file, or pair= to choose one", symbol)
            self._known[symbol] = ours
        return self._known[symbol]


def whose(file: Path, reader: RowReader, first: Sequence[str], pair: str | None) -> tuple[Chosen, list[str]]:
    """Return which rows are taken, and what a reader must know of it.

    Parameters
    ----------
    file, first
        The file and the cells of its first row.
    pair
        The one that was asked for.

    Raises
    ------
    BadInputError
        If neither symbol nor name of the file tell the pair, or if they tell of a derivative.
    """
    symbol = reader.symbol(first)
    if pair is not None:
        return Chosen(pair, symbol, asked_for=True), []
    found, notes = pair_of_symbol(symbol or ""), list[str]()
    if found is None and symbol:
        found = pair_of_file(file)
        derivative = why_derivative(symbol)
        if derivative and found:
            notes = [f"{file.name}: {symbol} is a derivative ({derivative}), called {found} as the file's name says."]
        elif derivative:
            raise _derivative(symbol, derivative)
    elif found is None:
        derivative = why_derivative(file.name)
        if derivative:
            raise _derivative(file.name, derivative)
        found = pair_of_file(file)
    if found is None:
        raise _untold(file, symbol)
    return Chosen(found, symbol, asked_for=False), notes


def _derivative(name: str, why: str) -> BadInputError:
    expected = "trades of a spot pair, or pair=BASE/QUOTE to say what a derivative's trades are to be called"
    return BadInputError("pair", expected, f"{name} ({why})")


def _untold(file: Path, symbol: str | None) -> BadInputError:
    name = symbol or file.name
    possible = readings(symbol) if symbol else readings_of_file(file)
    if len(possible) > 1:
        choices = " or ".join(f"pair={pair}" for pair in possible)
        return BadInputError("pair", f"{choices}, as the name can be read as each", name)
    return BadInputError("pair", "pair= to name the pair, such as pair=BTC/USD, as the name does not", name)
