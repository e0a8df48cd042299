"""Three SIGKILLs of each service in a live market whose frames come twice, out of order and late, its socket cut.

`make chaos` is the same with fifty, and with every other fault.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.chaos.comparing import compare
from tests.chaos.disturbances import Stage, disorder
from tests.chaos.kill_plan import carry_out, plan_kills, tell_kills
from tests.chaos.live_market import LIVE_FROM_MS
from tests.kafka.six_services import Written
from tests.kafka.throwaway_broker import Broker, shared_broker

from contracts.services import FLOW_NAMES
from contracts.units import MS_PER_MINUTE

SEED, KILLS = 5, 3
MINUTES, SPEED = 10.0, 40.0

pytestmark = [pytest.mark.long, pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def broker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker | None]:
    """None for the embedded log."""
    if request.param == "embedded":
        yield None
        return
    with shared_broker(tmp_path_factory) as broker:
        yield broker


def test_kills_in_a_disordered_market(
    broker: Broker | None, model: dict[str, str], expected: Written, tmp_path: Path
) -> None:
    stage = Stage("kills", tmp_path / "run", broker, model, (MINUTES, SPEED), SEED)
    faults = disorder(stage.market())
    assert len(faults) >= 9
    run = stage.run(faults=[*faults, {"kind": "disconnect", "at_ms": LIVE_FROM_MS + 5 * MS_PER_MINUTE}])
    with run.live():
        carry_out(plan_kills(SEED, KILLS, run.market.live_seconds * 0.9), run)
    verdict = compare(run.everything, expected, run.market.true_trades)
    print(f"seed {SEED}: {tell_kills(run)}; {verdict}")
    assert Counter(run.killed) == dict.fromkeys(FLOW_NAMES, KILLS)
    assert verdict.good, verdict
