"""What each process of a run is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from contracts.account import Account
from contracts.services import SERVICE_NAMES
from embedded.services import Services
from results.run_folder import RunFolder

PORT = "TRADESTREAM_METRICS_PORT"


@pytest.mark.parametrize("first", [0, 9_100])
def test_no_two_services_are_told_one_metrics_port(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PORT, str(first))
    at_a_venue = Account(name="live", broker="venue", pairs=("BTC/USD",))
    services = Services(RunFolder(Path("run")), (at_a_venue,), "logistic", 7, {})
    specs = [services.trades_live(ends=False), *services.flow(), services.serve(), *services.keeping()]
    ports = {spec.belongs_to: int(spec.environment[PORT]) for spec in specs}
    assert ports.keys() == set(SERVICE_NAMES)
    assert sorted(ports.values()) == ([first + n for n in range(len(ports))] if first else [0] * len(ports))
    assert "gateway" not in {spec.belongs_to for spec in replace(services, accounts=()).keeping()}
    assert services.trades_historical().environment[PORT] == str(ports["trades"])
