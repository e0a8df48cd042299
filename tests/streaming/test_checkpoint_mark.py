"""The mark of a checkpoint is there while one is written, and only then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.streaming.tally import TALLIES, TallySettings, beats, topology

from contracts.topics import TRADES
from streaming.embedded.consumer import EmbeddedConsumer
from streaming.producer import open_producer
from streaming.service.checkpoint_mark import CheckpointMark
from streaming.service.runner import run_service


def test_a_mark_during_each_checkpoint_and_word_of_one_that_was_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = TallySettings(
        broker_address=f"embedded://{tmp_path}/log", data_dir=tmp_path, commit_interval_seconds=0
    )
    with open_producer(settings, "test") as producer:
        for message in beats(20):
            producer.produce(TRADES, message)
    mark = CheckpointMark.file_of(settings.state_dir_for("tally"), settings.group_for("tally"), settings.instance_id)
    seen: list[bool] = []
    commit = EmbeddedConsumer.commit

    def watched(self: EmbeddedConsumer, *arguments: Any, **options: Any) -> Any:
        seen.append(mark.exists())
        return commit(self, *arguments, **options)

    monkeypatch.setattr(EmbeddedConsumer, "commit", watched)
    mark.parent.mkdir(parents=True)
    mark.touch()
    options: dict[str, Any] = {
        "service": "tally",
        "inputs": [TRADES],
        "outputs": [TALLIES],
        "topology": topology,
        "stop_at_end": True,
    }
    assert run_service(settings, **options) == 0
    assert len(seen) > 1 and all(seen)
    assert not mark.exists()
    assert "killed during a checkpoint" in capsys.readouterr().err
