"""The short form of `make fuzz`: a few thousand inputs for each parser, the same ones every time."""

from __future__ import annotations

import pytest
from tests.fuzz.fuzzing import chunks, fuzz
from tests.fuzz.targets import TARGETS

INPUTS = 20_000


@pytest.mark.parametrize("name", TARGETS)
def test_no_crash_and_nothing_silent(name: str) -> None:
    shares = [(chunk, size) for of, chunk, size in chunks(INPUTS) if of == name]
    for chunk, size in shares:
        count = fuzz(name, 7, chunk, size)
        assert not count.failures, count.failures
        assert count.inputs == size == count.accepted + count.refused


def test_the_inputs_follow_from_the_seed() -> None:
    one, again, other = (fuzz("kraken rest", seed, 0, 300) for seed in (1, 1, 2))
    assert one == again != other
    assert one.accepted and one.refused
