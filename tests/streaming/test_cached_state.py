"""State decoded in memory goes with its checkpoint: back where the checkpoint goes back, away with partitions."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.streaming.tally import PAIRS, TALLIES, Tally, TallySettings, beats

from contracts.errors import TransientError
from contracts.heartbeat import Heartbeat
from contracts.topics import TRADES
from streaming.service.cached_state import CachedState
from streaming.service.sink import StoreSink, keep
from streaming.testing import run_topology
from streaming.topics import Topics, publish


def counting(write: Any = None) -> Any:
    """Return a topology that numbers the beats of each pair."""

    def topology(inputs: dict[str, Any], topics: Topics, _settings: TallySettings) -> None:
        seen: CachedState[int] = CachedState(inputs[TRADES.name], "seen")

        def number(beat: Heartbeat, key: str, _timestamp: int, _headers: Any) -> Tally:
            seen.set(key, (seen.get(key) or 0) + 1)
            return Tally(pair=key, start_ms=beat.event_time_ms, beats=0, total=0, windows=0, seen=seen.get(key) or 0)

        keep(publish(inputs[TRADES.name].apply(number, metadata=True), topics[TALLIES.name]), write)

    return topology


def test_it_is_there_after_a_restart(tmp_path: Path) -> None:
    for part in range(3):
        run = run_topology(
            counting(),
            TallySettings(),
            "tally",
            {TRADES: beats(30)[part * 30 : part * 30 + 30]},
            [TALLIES],
            folder=tmp_path,
        )
        expected = [number for number in range(10 * part + 1, 10 * part + 11) for _ in PAIRS]
        assert [tally.seen for tally in run["tallies"]] == expected


def test_a_store_that_pushes_back_takes_it_back_to_the_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StoreSink, "retry_after_seconds", 0.05)
    calls = 0

    def write(messages: Any) -> None:
        nonlocal calls
        calls += 1
        list(messages)
        if calls <= 4:
            raise TransientError("the store is away")

    run = run_topology(
        counting(write), TallySettings(commit_interval_seconds=0.005), "tally", {TRADES: beats(300)}, [TALLIES]
    )
    assert calls > 4
    seen = [tally.seen for tally in run["tallies"] if tally.pair == PAIRS[0]]
    assert seen[-250:] == list(range(51, 301)), "counted again what had not been committed"
    assert set(seen) == set(range(1, 301)) and len(seen) > 300


def test_an_application_whose_checkpoints_do_not_know_it_is_refused() -> None:
    with pytest.raises(TypeError, match="expected a dataframe of a ServiceApplication"):
        CachedState(SimpleNamespace(processing_context=object()), "x")  # type: ignore[arg-type]
