"""Accounts at a venue beside the live run, which is on paper: services and venue of a storm, with all its faults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.live_storm import PRELOADED, LiveStorm
from tests.support.fork_server import prepare_server
from tests.support.processes import free_port

#: Who tells of a venue; its market is as fast as a real one, with bars of two seconds.
_TELLING = ("execution", "gateway")
#: The chance of a frequent fault: all of them come in a few minutes, and each account has its twenty fills.
_FAULTY = 0.05


@dataclass
class MeasuredStorm(LiveStorm):
    """A storm some of whose services are scraped.

    Parameters
    ----------
    ports
        Where each reports, by service.
    """

    ports: Mapping[str, int] = field(default_factory=dict)

    def _own(self, name: str) -> dict[str, str]:
        return {"TRADESTREAM_METRICS_PORT": str(self.ports[name])} if name in self.ports else {}


@contextmanager
def at_venue(folder: Path) -> Iterator[Mapping[str, int]]:
    """Trade there for as long as the block runs; give the ports at which services report."""
    folder.mkdir()
    prepare_server(PRELOADED)
    ports = {name: free_port() for name in _TELLING}
    with MeasuredStorm(folder, signals=0, kills=0, accounts=2, share=_FAULTY, ports=ports).begun():
        yield ports
