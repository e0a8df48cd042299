"""Runs of an account at a scripted venue, written as a run leaves them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.backtest.scripted_venue import Planted, ScriptedVenue
from tests.backtest.test_parity import ACCOUNT, TERMS, staged, write_messages

from backtest.again import RunTerms
from backtest.said import said_to
from contracts.account import Account
from exchanges.paper import PaperBroker
from exchanges.venue_broker import VenueBroker

AT_VENUE = ACCOUNT.model_copy(update={"broker": "venue"})
#: With a stop and a target on each position: exits that rest, and sells that they give way to.
GUARDED = AT_VENUE.model_copy(update={"strategy": str(Path(__file__).parent / "guarded.py"), "parameters": {}})


@dataclass(frozen=True)
class VenueRun:
    """Where it lies, what its services were told, and what was on its topic of signals."""

    folder: Path
    terms: RunTerms
    venue: ScriptedVenue


def venue_run(folder: Path, planted: Planted | None = None, of: Account = AT_VENUE, **market: Any) -> VenueRun:
    """Write a run in which an account traded at a venue, on a market without holes."""
    venue = ScriptedVenue(of, PaperBroker(), TERMS.policy, planted or Planted())
    venue.run(staged(folder, of, holes=0.0, **market))
    write_messages(folder, venue.messages)
    said = {of.name: list(said_to(of, venue.events, TERMS.policy))}
    return VenueRun(folder, replace(TERMS, accounts=(of,), said=said, venues={of.name: VenueBroker()}), venue)
