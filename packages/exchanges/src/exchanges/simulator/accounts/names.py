"""What venues call an account's orders and executions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from exchanges.simulator.accounts.draws import venue_id, venue_uuid

#: Those whose private calls the simulator answers.
SimulatedAccountVenue = Literal["kraken", "coinbase", "binance"]
#: Where the name that a client gives an order is good for one order for ever: with it again the first is answered.
LASTING_NAMES: frozenset[SimulatedAccountVenue] = frozenset({"coinbase"})
Kind = Literal["O", "T"]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of a kind came before, of all pairs and of this one."""

    of_account: int
    of_pair: int


class Naming(Protocol):
    """Makes a name that no other order or execution of the account has."""

    def __call__(self, kind: Kind, seed: int, account: str, pair: str, before: Counts) -> str:
        """Return it."""


def _kraken(kind: Kind, seed: int, account: str, pair: str, before: Counts) -> str:
    """Return letters and digits that follow from the seed; executions are counted from 1."""
    return venue_id(kind, seed, account, before.of_account + (kind == "T"))


def _coinbase(kind: Kind, seed: int, account: str, pair: str, before: Counts) -> str:
    """Return a UUID that follows from the seed."""
    return venue_uuid(seed, kind, account, before.of_account)


def _binance(kind: Kind, seed: int, account: str, pair: str, before: Counts) -> str:
    """Return the symbol, without which the venue's numbers are those of other symbols too, and the number."""
    return f"{pair.replace('/', '')}:{before.of_pair + 1}"


NAMINGS: Mapping[SimulatedAccountVenue, Naming] = {
    "kraken": _kraken,
    "coinbase": _coinbase,
    "binance": _binance,
}
