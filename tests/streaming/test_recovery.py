"""A service goes on exactly where it was, or refuses to start: offsets, state, changelogs and input, each damaged."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

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
from streaming.clients import committed_offsets, create_topics
from streaming.embedded.compaction import CHANGELOG_PREFIX
from streaming.testing import run_topology

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
        path = self.folder / "now/log/trades-dev.topic"
        if how in ("begins-late", "trimmed"):
            with sqlite3.connect(path) as db:
                end = db.execute("SELECT next_offset FROM partitions WHERE id=0").fetchone()[0]
                low = end if how == "trimmed" else 2 * end // 3
                db.execute("DELETE FROM records_0 WHERE offset < ?", (low,))
                db.execute("UPDATE partitions SET low_offset=?", (low,))
            db.close()
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
