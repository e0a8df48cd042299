"""What each process of a run is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.services import SERVICES
from embedded.services import Services
from results.run_folder import RunFolder

PORT = "TRADESTREAM_METRICS_PORT"


@pytest.mark.parametrize("first", [0, 9_100])
def test_no_two_services_are_told_one_metrics_port(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PORT, str(first))
    services = Services(RunFolder(Path("run")), (), "logistic", 7, {})
    specs = [services.trades_live(ends=False), *services.flow(), services.serve(), *services.keeping()]
    ports = {spec.belongs_to: int(spec.environment[PORT]) for spec in specs}
    # What has keys to a venue is started by hand, where the keys are.
    assert ports.keys() == {each.name for each in SERVICES if "keys" not in each.needs}
    assert set(ports.values()) <= ({first + n for n in range(len(SERVICES))} if first else {0})
    assert not first or len(set(ports.values())) == len(ports)
    assert services.trades_historical().environment[PORT] == str(ports["trades"])
