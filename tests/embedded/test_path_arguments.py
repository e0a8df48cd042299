"""Every path that a command takes may have any name: it is read and written there, and nowhere else.

`demo` and `replay` run in such folders in tests/acceptance, `make` hands paths on in test_make_paths.py.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import get_type_hints

import polars as pl
import pytest
from tests.support import made_up_run
from tests.support.awkward_names import EVERYTHING, NAMES
from tests.support.message_examples import example
from typer.testing import CliRunner

from contracts.candle import Candle
from embedded.cli import app
from featurestore import open_store
from results.export.write import export
from results.own_files import PAGE_MARK
from results.run_folder import RunFolder
from results.summary import RunRecord, write_summary

#: Command -> those of its arguments that are paths, and how it is called with a run, a file to read and one to write.
Call = Callable[[Path, Path, Path], list[object]]
CALLS: dict[str, tuple[set[str], Call | None]] = {
    "demo": ({"out", "accounts"}, None),
    "replay": ({"files", "out", "accounts"}, None),
    "run": ({"data", "accounts"}, None),
    "export": ({"out", "run_folder"}, lambda run, _, out: ["--run", run, "--", out]),
    "report": ({"folder"}, lambda run, _, __: ["--", run]),
    "features-gallery": (
        {"folder", "bars", "reference", "out"},
        lambda run, bars, out: ["--run", run, "--bars", bars, "--reference", bars, "--out", out],
    ),
    "status": ({"run_folder"}, lambda run, _, __: ["--run", run]),
    "subscribe": ({"run_folder"}, lambda run, _, __: ["BTC/USD", "--run", run]),
    "unsubscribe": ({"run_folder"}, lambda run, _, __: ["BTC/USD", "--run", run]),
    "subscriptions": ({"run_folder"}, lambda run, _, __: ["--run", run]),
    "verify": ({"run_folder", "out"}, lambda run, _, out: ["--run", run, "--against", run, "--out", out]),
    "backtest": ({"bars", "trades", "run_folder", "of", "page", "accounts", "out"}, None),
    "walk-forward": ({"bars", "trades", "run_folder", "accounts", "ledger", "out"}, None),
    "compare": ({"one", "other", "out"}, None),
    "luck": ({"bars", "trades", "run_folder", "accounts", "ledger", "winner", "out"}, None),
    "optimise": ({"bars", "trades", "run_folder", "accounts", "ledger", "out"}, None),
    "explain": ({"run_folder"}, None),
    "dead-letters": ({"run_folder"}, lambda run, _, __: ["--run", run]),
}
SHORT = {"everything": EVERYTHING, "question": NAMES["question"]}
CASES = [
    pytest.param(each, id=name, marks=[] if name in SHORT else [pytest.mark.long])
    for name, each in {**NAMES, **SHORT}.items()
]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run."""
    place = RunFolder(tmp_path_factory.mktemp("paths") / "run")
    place.create()
    made_up_run.write_run(place.log, minutes=20)
    assert CliRunner().invoke(app, ["subscribe", "BTC/USD", "--run", str(place.out)]).exit_code == 0
    record = RunRecord(title="A run", command="tradestream demo", exchange="simulator", pairs=["BTC/USD"])
    write_summary(place.out, record, {}, export(place.log, place.out), {})
    bars = [f"{made_up_run.START_MS + 60_000 * n},1,2,1,2,3" for n in range(3)]
    (place.out.parent / "bars.csv").write_text("\n".join(["timestamp_ms,open,high,low,close,volume", *bars]))
    return place.out


def test_no_command_takes_a_path_that_is_not_tried_here() -> None:
    found = {
        (command.name or str(command.callback.__name__)): {
            name for name, hint in get_type_hints(command.callback).items() if "Path" in str(hint)
        }
        for command in app.registered_commands
        if command.callback is not None
    }
    assert {name: paths for name, paths in found.items() if paths} == {name: call[0] for name, call in CALLS.items()}


@pytest.mark.parametrize("command", [name for name, (_, call) in CALLS.items() if call])
@pytest.mark.parametrize("name", CASES)
def test_a_path_is_taken_as_it_is(
    finished: Path, tmp_path: Path, name: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run, bars, out = (Path(f"{name}{number}") for number in range(3))
    shutil.copytree(finished, run)
    shutil.copy(finished.parent / "bars.csv", bars)
    before = files_in(tmp_path)
    call = CALLS[command][1]
    assert call is not None
    done = CliRunner().invoke(app, [command, *map(str, call(run, bars, out))])
    assert done.exit_code == 0, done.output
    new = files_in(tmp_path) - before
    assert all(path.startswith((str(out), str(RunFolder(run).log), f"{run}/report.html")) for path in new), new
    assert bool(new) or command not in ("export", "verify", "features-gallery")


def files_in(folder: Path) -> set[str]:
    """Return every file below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", CASES)
def test_a_store_lies_where_its_address_says(tmp_path: Path, name: str) -> None:
    with open_store(f"sqlite:///{tmp_path}/{name}/{name}") as store:
        store.write([example(Candle)])
        assert store.sql("SELECT count(*) FROM candles").rows == [(1,)]
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in (tmp_path / name).iterdir()} == {name}


# --- files of one's own --------------------------------------------------------------------------------------------


def test_export_replaces_what_it_wrote_and_nothing_else(finished: Path, tmp_path: Path) -> None:
    def export_again() -> tuple[int, str]:
        done = CliRunner().invoke(app, ["export", str(tmp_path), "--run", str(finished)])
        return done.exit_code, done.output

    own = tmp_path / "candles.parquet"
    pl.DataFrame({"mine": [1]}).write_parquet(own)
    (tmp_path / "notes.txt").write_text("mine")
    before = own.read_bytes()
    code, said = export_again()
    assert code == 2 and "OUT: expected a place where nothing is, or what this command wrote there" in said
    assert own.read_bytes() == before and len(list(tmp_path.iterdir())) == 2
    own.rename(tmp_path / "my-candles.parquet")
    assert export_again()[0] == export_again()[0] == 0
    pl.read_parquet(own).write_parquet(own)  # changed by hand: it is not ours any more
    assert export_again()[0] == 2


def test_a_page_or_a_list_of_differences_replaces_nothing_of_somebody_else(finished: Path, tmp_path: Path) -> None:
    page, faults = tmp_path / "page.html", tmp_path / "faults.jsonl"
    calls = {
        page: ["features-gallery", "--bars", str(finished.parent / "bars.csv"), "--out", str(page)],
        faults: ["verify", "--run", str(finished), "--against", str(finished), "--out", str(faults)],
    }
    for path, arguments in calls.items():
        path.write_text("all my work\n")
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 2 and "--out: expected a place where nothing is" in done.output
        assert path.read_text() == "all my work\n"
        path.unlink()
        for _ in range(2):
            assert CliRunner().invoke(app, arguments).exit_code == 0
    assert PAGE_MARK in page.read_text()


def test_a_folder_too_deep_for_sqlite_is_refused_before_anything_starts(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["x" * 200] * 2)
    done = CliRunner().invoke(app, ["demo", "--model", "logistic", "--out", str(deep)])
    assert done.exit_code == 2 and "folder: expected a path of at most 360 bytes" in done.output
    assert not deep.parent.exists()
