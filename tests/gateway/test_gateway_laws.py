"""Whatever gets lost, late or doubled, and whenever the gateway is killed: no order, no fill is doubled or lost."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.gateway.world import World

STEPS = 120


@pytest.mark.parametrize("lists_by_pair", [False, True], ids=["lists all", "lists by pair"])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32))
def test_nothing_is_doubled_or_lost(lists_by_pair: bool, seed: int) -> None:
    world = World(Random(seed), lists_by_pair=lists_by_pair)
    for _ in range(STEPS):
        world.do_something()
    world.come_to_rest()
    world.check()
