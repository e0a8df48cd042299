"""A service goes on exactly where it was, or refuses to start: offsets, state, changelogs and input, each damaged."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from tests.streaming.recovery_matrix import (
    EVERY,
    FEW,
    GROUP,
    NOW,
    THEN,
    WHOLE,
    Bench,
    Damage,
    part,
    settings_for,
    table,
    wrong,
)
from tests.streaming.tally import TALLIES, TallySettings, beats, topology
from tests.support.offsets import commit_offsets

from contracts.topics import TRADES
from streaming.clients import committed_offsets, create_topics, end_offsets
from streaming.exit_codes import EXIT_WOULD_LOSE
from streaming.producer import open_producer
from streaming.quix.changelog import CHANGELOG_PREFIX
from streaming.service.runner import run_service
from streaming.testing import run_topology
from streaming.topics import Topics

Books = dict[tuple[str, int], set[bytes]]


class EmbeddedBench(Bench):
    """Files, copied about."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = settings_for(f"embedded://{folder}/now/log", folder / "now")

    def prepare(self) -> None:
        """Come to rest then, and now."""
        create_topics(self.settings, [TRADES, TALLIES])
        for name, messages in (("then", part(0, THEN)), ("", part(THEN, NOW))):
            self.write(messages)
            code, said = self.run()
            assert code == 0, said
            if name:
                shutil.copytree(self.folder / "now", self.folder / name)

    def copy(self, folder: Path) -> EmbeddedBench:
        """Return another one in the same state."""
        shutil.copytree(self.folder, folder)
        return EmbeddedBench(folder)

    def damage(self, what: Damage) -> None:
        self._damage_offsets(what.offsets)
        self._replace("state", what.state)
        for path in sorted((self.folder / "now/log").glob(f"{CHANGELOG_PREFIX}*.topic")):
            self._replace(f"log/{path.name}", what.changelogs)
        self._damage_input(what.input)

    def _damage_offsets(self, how: str) -> None:
        if how == "inside":
            committed = committed_offsets(self.settings, GROUP, TRADES)[0]
            commit_offsets(self.settings, GROUP, TRADES, {0: committed - 7})
        else:
            self._replace(f"log/_groups/{GROUP}.offsets", how)

    def _damage_input(self, how: str) -> None:
        if how in ("begins-late", "trimmed"):
            end = end_offsets(self.settings, TRADES)[0]
            trim(self.folder / "now/log/trades-dev.topic", end if how == "trimmed" else 2 * end // 3)
        elif how == "anew":
            self._replace("log/trades-dev.topic", "gone")
            create_topics(self.settings, [TRADES])
            self.write(part(0, NOW))
        else:
            self._replace("log/trades-dev.topic", how)

    def _replace(self, name: str, how: str) -> None:
        if how == "fine":
            return
        for tail in ("", "-wal", "-shm"):
            path, backup = (self.folder / when / f"{name}{tail}" for when in ("now", "then"))
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
            if how == "then" and backup.exists():
                shutil.copytree(backup, path) if backup.is_dir() else shutil.copy(backup, path)


def trim(topic: Path, low: int) -> None:
    """Delete what is before `low`, as retention does."""
    with sqlite3.connect(topic) as db:
        db.execute("DELETE FROM records_0 WHERE offset < ?", (low,))
        db.execute("UPDATE partitions SET low_offset=?", (low,))
    db.close()


@pytest.fixture(scope="module")
def undisturbed() -> Books:
    run = run_topology(topology, TallySettings(), "tally", {TRADES: beats(WHOLE)}, [TALLIES])
    return {(each.key, each.event_time_ms): {each.to_json()} for each in run["tallies"]}


@pytest.fixture(scope="module")
def at_rest(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedBench:
    bench = EmbeddedBench(tmp_path_factory.mktemp("at-rest"))
    bench.prepare()
    return bench


@pytest.mark.parametrize(
    "damages", [FEW, pytest.param(EVERY, marks=[pytest.mark.long, pytest.mark.timeout(1_800)])], ids=["few", "every"]
)
def test_it_goes_on_exactly_or_refuses(
    at_rest: EmbeddedBench, undisturbed: Books, tmp_path: Path, damages: list[Damage]
) -> None:
    outcomes = []
    for number, damage in enumerate(damages):
        bench = at_rest.copy(tmp_path / str(number))
        outcomes.append(bench.outcome(damage, undisturbed))
        shutil.rmtree(bench.folder)
    print(f"\nthe embedded log\n{table(outcomes)}")
    assert wrong(outcomes) == []


def test_messages_that_vanish_under_a_running_service_end_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It reads a thousand ahead; what is behind those is deleted before it comes there."""
    settings = settings_for(f"embedded://{tmp_path}/log", tmp_path)
    with open_producer(settings, "test") as producer:
        for message in beats(400):
            producer.produce(TRADES, message)

    def trimming(inputs: dict[str, Any], topics: Topics, given: TallySettings) -> None:
        vanish = iter([lambda: trim(tmp_path / "log/trades-dev.topic", 1_100)])
        inputs[TRADES.name].update(lambda _: next(vanish, lambda: None)())
        topology(inputs, topics, given)

    code = run_service(
        settings, service="tally", inputs=[TRADES], outputs=[TALLIES], topology=trimming, stop_at_end=True
    )
    (line,) = [line for line in capsys.readouterr().err.splitlines() if " ERROR " in line]
    assert code == EXIT_WOULD_LOSE
    assert "1000 is committed and the log begins at 1100: 100 offsets were never read and are gone" in line
