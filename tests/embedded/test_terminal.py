"""The views: what stands on the log is what they show."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest
from rich.console import Console
from tests.support import made_up_run
from tests.support.message_examples import example
from tests.support.writes_log import put

from contracts.account import Account
from contracts.owner import OwnerSettings, owners_of
from contracts.pnl import Pnl
from contracts.strategy_check import CheckResult, StrategyCheck
from contracts.topics import PNL, STRATEGY_CHECKS, TRADES_CHECKPOINTS
from contracts.trades_checkpoint import TradesCheckpoint
from embedded.finish import headlines, refusals
from embedded.process import ManagedProcess, ProcessSpec
from embedded.terminal.board import render
from embedded.terminal.plain import PlainLines, line_of
from embedded.terminal.state import RunState, StateReader, last_words
from execution.core.owners.books import BooksOfOwner
from results.run_log import RunLog

START_MS = made_up_run.START_MS
MINUTES = 40


@pytest.fixture
def state(tmp_path: Path) -> RunState:
    made_up_run.write_run(tmp_path / "log", minutes=MINUTES)
    half = START_MS - 30 * 60_000
    checkpoint = TradesCheckpoint(
        exchange="simulator",
        pair="BTC/USD",
        last_trade_id=1,
        last_timestamp_us=1,
        cursor="0",
        covered_to_us=half * 1_000,
        history_complete=False,
    )
    put(tmp_path / "log", TRADES_CHECKPOINTS, [checkpoint])
    progress = tmp_path / "training.json"
    progress.write_text(
        json.dumps({"stage": "training", "epoch": 3, "epochs": 12, "seconds_left": 9.0, "validation_log_loss": 0.69})
    )
    state = RunState("a run", list(made_up_run.PAIRS), START_MS - 60 * 60_000, START_MS, START_MS + 80 * 60_000)
    state.phase = "train"
    state.processes = {
        name: ManagedProcess(ProcessSpec(name, (name,)), tmp_path / f"{name}.log")
        for name in ("signals", "execution")
    }
    StateReader(state, RunLog(tmp_path / "log"), progress).refresh()
    return state


def test_the_report_has_a_note_on_each_file_that_was_not_loaded_last() -> None:
    """Whatever else it was only asked about, and until it is mended."""
    bad = example(StrategyCheck).model_copy(update={"loads": True})
    good = bad.model_copy(update={"passed": True, "results": (CheckResult(check="imports"),)})
    other = bad.model_copy(update={"file": "other.py"})
    asked = good.model_copy(update={"loads": False})
    assert refusals([good, other, bad, asked]) == [
        f"The strategy in {file} is not loaded: imports: my_rule.py: expected exactly one class, was none."
        for file in ("my_rule.py", "other.py")
    ]
    assert refusals([bad, good]) == []


def test_a_strategy_that_is_not_loaded_is_shown_until_it_is(tmp_path: Path) -> None:
    bad = example(StrategyCheck)
    good = bad.model_copy(update={"passed": True, "results": (CheckResult(check="imports"),)})
    state = RunState("a run", [], 0, 0, 0)
    reader = StateReader(state, RunLog(tmp_path / "log"), tmp_path / "none.json")
    reader.refresh()
    assert state.troubles == {}
    put(tmp_path / "log", STRATEGY_CHECKS, [bad])
    reader.refresh()
    told = {"my_rule": "my_rule.py is not loaded: imports: my_rule.py: expected exactly one class, was none"}
    assert state.troubles == told
    put(tmp_path / "log", STRATEGY_CHECKS, [good.model_copy(update={"loads": False, "check_id": "asked"})])
    reader.refresh()
    assert state.troubles == told, "a file that was only asked about decides nothing"
    put(tmp_path / "log", STRATEGY_CHECKS, [good.model_copy(update={"loads": True, "check_id": "mended"})])
    reader.refresh()
    assert state.troubles == {}
    reader.close()


def drawn(state: RunState, width: int = 120, height: int = 50) -> str:
    console = Console(width=width, height=height, record=True, file=io.StringIO())
    console.print(render(state, console))
    return console.export_text()


def test_what_is_read(state: RunState) -> None:
    assert state.backfill_share("BTC/USD") == 0.5
    assert state.backfill_share("ETH/USD") == 0.0
    assert state.market_time_ms == START_MS + MINUTES * 60_000
    assert state.live_share() == 0.5
    assert state.counts["predictions"] == 2 * MINUTES
    assert state.lags["signals"] == 2 * MINUTES
    assert state.fills > 0
    assert state.accounts["demo"]["initial"] == 10_000
    assert state.model == "direction v1"


@pytest.mark.parametrize(
    ("phase", "words"),
    [
        ("backfill", ["BTC/USD", "50 %", "feature rows"]),
        ("train", ["epoch 3 of 12", "9 s left"]),
        ("live", ["Market time", "Confidence", "demo", "direction v1", "ACTIVE", "execution"]),
        ("drain", ["what is on its way arrives"]),
        ("report", ["Report"]),
    ],
)
def test_every_phase_is_drawn(state: RunState, phase: str, words: list[str]) -> None:
    state.phase = phase  # type: ignore[assignment]
    text = drawn(state)
    for word in words:
        assert word in text


def test_one_of_something_is_no_plural_and_nothing_on_its_way_is_said() -> None:
    state = RunState("a run", ["BTC/USD"], fills=1)
    state.counts = {"candles": 1, "technical_indicators": 1, "predictions": 1}
    words = {}
    for phase in ("backfill", "live", "drain"):
        state.phase = phase
        words[phase] = line_of(state)
    assert "1 candle, 1 feature row" in words["backfill"]
    assert words["live"].endswith("1 prediction, 1 fill")
    assert words["drain"].endswith("drain    everything on its way has arrived")
    state.lags, state.most_waiting = {"candles": 1, "signals": 0}, 4
    assert "75 % (about" in line_of(state) or "75 %, on their way: 1 for candles" in line_of(state)
    state.phase = "backfill"
    assert "1 candle   1 feature row   1 message is still on its way" in drawn(state)


def test_the_headlines_count_as_people_do() -> None:
    counts = dict.fromkeys(("trades", "candles", "predictions", "signals", "fills"), 1)
    summary = {
        "counts": counts,
        "pnl": {"currencies": {}},
        "accuracy": {"accuracy": None},
        "model": None,
        "lost_trades": {"candles": 1},
        "services": {"candles": {"restarts": 1}},
        "dead_letters": {"candles": 1},
        "conflicts": {"candles": 1},
        "wall_seconds": 1,
    }
    said = {label: str(value) for label, value in headlines(summary)}
    assert said["Market"] == "1 trade  1 candle"
    assert said["Decided"] == "1 prediction  1 signal  1 fill"
    assert said["Lost"] == "1 trade (100.00 %)"
    assert said["Health"] == "1 restart, 1 dead letter, 1 conflicting message"


@pytest.mark.parametrize("phase", ["starting", "backfill", "train", "live", "drain"])
def test_nothing_known_is_drawn_too(phase: str) -> None:
    empty = RunState("a run", ["BTC/USD"])
    empty.phase = phase  # type: ignore[assignment]
    assert "BTC/USD" in drawn(empty) or phase == "drain"


@pytest.mark.parametrize("phase", ["backfill", "train", "live", "drain"])
def test_a_small_screen_shows_whole_words_and_all_that_matters(state: RunState, phase: str, tmp_path: Path) -> None:
    state.phase = phase  # type: ignore[assignment]
    state.processes = {
        name: ManagedProcess(ProcessSpec(name, (name,)), tmp_path / f"{name}.log")
        for name in [f"process-{n}" for n in range(9)]
    }
    text = drawn(state, width=80, height=24)
    assert len(text.splitlines()) <= 24
    assert "…" not in text
    assert "9 stopped · 0 restarts" in text or phase == "backfill"
    assert ("demo" in text and "ACTIVE" in text) == (phase in ("live", "drain"))


LOG = """2026-03-04 00:40:01.000 INFO     signals      torn off
2026-03-04 00:40:02.000 INFO     signals      began
2026-03-04 00:40:04.000 WARNING  signals      waits
a line of a traceback
"""


def test_a_large_window_shows_equity_the_last_fills_and_the_log(state: RunState, tmp_path: Path) -> None:
    (tmp_path / "signals.log").write_text(LOG)
    (tmp_path / "execution.log").write_text(LOG.replace(":02.", ":03.").replace("signals  ", "execution"))
    state.log = last_words(state.processes.values(), 10)
    state.phase = "live"
    state.last_fills[-1]["signal_id"] = "demo:sma_cross:simulator:BTC/USD:60:0"
    text = drawn(state, 120, 60)
    assert max(len(line) for line in text.splitlines()) <= 120
    assert "Equity demo" in text and "█" in text and "▁" in text
    assert "Side" in text and "buy" in text and "Realised" in text
    of_fills = next(text.splitlines()[n + 1 :] for n, line in enumerate(text.splitlines()) if "Strategy" in line)
    assert "sma_cross" in "\n".join(of_fills), "the strategy that a fill goes back to"
    said = [line.split()[3:] for line in text.splitlines() if "2026-03-04 00:40" in line and "Market" not in line]
    assert said == [["signals", "began"], ["execution", "began"], ["signals", "waits"], ["execution", "waits"]]


@pytest.mark.parametrize("height", range(10, 70, 3))
def test_nothing_is_cut_off_at_the_end_of_any_window(state: RunState, height: int) -> None:
    """What has no room is left out whole, the least wanted first."""
    state.phase = "live"
    text = drawn(state, 120, height)
    least = len(drawn(state, 120, 5).splitlines())
    assert len(text.splitlines()) <= max(height, least)
    assert ("Equity demo" in text) >= ("Quantity" in text), "fills, but not the course"


def test_history_is_not_done_while_something_of_it_is_on_its_way(state: RunState) -> None:
    state.phase, state.lags = "backfill", {"candles": 1_200, "signals": 34}
    state.market("BTC/USD").covered_to_ms = state.live_from_ms
    text = drawn(state)
    assert "all trades are here" in text and "1,234 messages are still on their way" in text
    assert "done" not in text


def test_training_is_not_done_while_the_model_is_loaded(state: RunState) -> None:
    state.training = {"stage": "done"}
    assert "the service loads it" in drawn(state) and "the service loads it" in line_of(state)
    assert "done" not in drawn(state) + line_of(state)


@pytest.mark.parametrize("has_an_end", [True, False])
def test_the_last_picture_says_that_results_are_written(state: RunState, has_an_end: bool) -> None:
    state.phase = "report"
    state.live_until_ms = state.live_until_ms if has_an_end else None
    assert "ended, the results are being written" in drawn(state)


def test_drawdown_is_a_share_of_the_highest_equity(state: RunState) -> None:
    state.phase = "live"
    state.accounts["demo"] |= {"equity": 9_800.0, "drawdown": 200.0}
    assert " 2.00 % " in drawn(state)


def test_what_a_process_complains_of_is_shown(state: RunState, capsys: pytest.CaptureFixture[str]) -> None:
    state.troubles = {"trades-historical": "09:42:37 no answer from https://api.kraken.com"}
    assert "trades-historical  09:42:37 no answer" in drawn(state)
    view = PlainLines(Console())
    for state.elapsed_s in (0, 6):
        view.show(state)
    assert capsys.readouterr().out.count("trades-historical: 09:42:37 no answer") == 1


def test_lines_come_at_each_phase_and_every_few_seconds(state: RunState, capsys: pytest.CaptureFixture[str]) -> None:
    view = PlainLines(Console())
    for elapsed_s, phase in ((0, "backfill"), (1, "backfill"), (2, "live"), (3, "live"), (8, "live"), (9, "drain")):
        state.elapsed_s, state.phase = elapsed_s, phase  # type: ignore[assignment]
        view.show(state)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[2] for line in lines] == ["backfill", "live", "live", "drain"]
    assert "market time 2026-03-04 00:40, 50 %" in lines[1]


@pytest.mark.parametrize(
    "variables",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        *({"PYTHONIOENCODING": name} for name in ("ascii", "ascii:strict", "latin-1", "cp1252", "koi8-r", "utf-8")),
    ],
    ids=lambda variables: ",".join(variables.values()),
)
def test_a_terminal_of_any_encoding_is_printed_on(variables: dict[str, str]) -> None:
    """A loss is written with a minus sign that Latin-1 lacks."""
    program = Path(__file__).parent / "programs" / "prints.py"
    told = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON"))}
    done = subprocess.run([sys.executable, program], env=told | variables, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    encoding = variables.get("PYTHONIOENCODING", "ascii").partition(":")[0]
    said = done.stdout.decode(encoding)
    assert ("38.89" in said) and "BTC/USD" in said and "koda.csv" in said
    assert ("−38.89" if encoding == "utf-8" else "-38.89") in said


def test_all_accounts_of_an_owner_stand_below_the_accounts_with_what_is_left_of_the_nearest_limit(
    state: RunState, tmp_path: Path
) -> None:
    """They are added up from the log's books from its beginning on, once a minute is over."""
    begun = [value for _, _, _, value, _ in RunLog(tmp_path / "log", "dev").read_new(PNL)]
    books = [Pnl.from_json(value) for value in begun if value]
    account = Account(name=books[0].account, pairs=("BTC/USD",), owner="anna", initial_balance_quote=books[0].initial)
    anna = owners_of([account], [OwnerSettings(name="anna", max_daily_loss_pct=Decimal("0.001"))])["anna"]
    state.owners, state.phase = {"anna": BooksOfOwner(anna)}, "live"
    reader = StateReader(state, RunLog(tmp_path / "log", "dev"), tmp_path / "training.json")
    reader.refresh()
    reader.close()
    told = state.owner_books["anna"]
    assert told.equity == Decimal(books[-2].equity) and told.time_ms == books[-2].time_ms
    screen = Console(file=io.StringIO(), width=140, height=80, force_terminal=True)
    screen.print(render(state, screen))
    words = cast(io.StringIO, screen.file).getvalue()
    assert "Nearest limit" in words and "anna" in words and told.limits[0].rule in words
