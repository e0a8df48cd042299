"""What a user sees of bad input: a message that names it and says what was expected, and the rest goes on."""

from __future__ import annotations

import gzip
import json
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest
from loguru import logger
from polars.testing import assert_frame_equal
from tests.support.processes import Running, run, start
from tests.support.runs import summary_of
from tests.support.waiting import wait_for

from modeling.kinds import MODELS

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared/data/trades"
BINANCE = DATA / "binance_spot_BTCUSDT_20240808-09.csv.gz"
COINBASE = DATA / "coinbase_BTC-USD_20230905_1h.csv.gz"
DEMO = ("demo", "--model", "logistic", "--hours", "0.3")
LIVE_FROM_MS = 1_772_582_400_000
KINDS = [repr(name) for name in MODELS]

needs_data = pytest.mark.skipif(
    not BINANCE.exists(), reason="the recorded market data is not beside this checkout (../shared/data/trades)"
)


def call(*module_and_arguments: object, **settings: Any) -> tuple[int, str]:
    """Run `python -m ...` and return its exit code and all it said; a traceback is never said."""
    done = run(*module_and_arguments, **settings)  # type: ignore[arg-type]
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    assert "Warning:" not in said, said
    return done.returncode, said


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """The same in this process, for what ends before anything has started."""

    def call_here(module: str, *arguments: object, **settings: Any) -> tuple[int, str]:
        for name, value in settings.items():
            monkeypatch.setenv(name, str(value))
        monkeypatch.setattr(sys, "argv", [module, *map(str, arguments)])
        logger.remove()  # as in a new process: what an earlier test logged to is closed
        logger.add(sys.stderr)
        with pytest.raises(SystemExit) as ended:
            runpy.run_module(module, run_name="__main__")
        said = "".join(capfd.readouterr())
        assert "Traceback" not in said, said
        return int(ended.value.code or 0), said

    return call_here


@contextmanager
def running(folder: Path, module: str, *arguments: object, until: str, **settings: Any) -> Iterator[Running]:
    """Run `python -m module` in the background once it has said `until`; it is gone after the block."""
    process = start(module, folder, *map(str, arguments), **settings)
    try:
        wait_for(lambda: until in words_of(folder, module), lambda: words_of(folder, module), of=process)
        yield process
    finally:
        process.kill()
        process.wait()


def words_of(folder: Path, module: str) -> str:
    """Return what a process in the background has said."""
    return (folder / f"{module}.log").read_text(encoding="utf-8")


def left_behind(folder: Path) -> list[str]:
    """Return the processes that work in `folder`."""
    found = []
    for process in psutil.process_iter():
        try:
            settings = process.environ()
            if process.status() != psutil.STATUS_ZOMBIE and str(folder) in str(
                [settings.get("TRADESTREAM_DATA_DIR"), settings.get("SIMULATOR_READY_FILE")]
            ):
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A simulated venue; the `TRADES_*` settings that lead to it."""
    ready = tmp_path / "ready.json"
    with running(tmp_path, "exchanges.simulator", until="listens on", SIMULATOR_READY_FILE=ready):
        wait_for(ready.exists, "the venue")
        urls = json.loads(ready.read_text(encoding="utf-8"))
        yield {"TRADES_REST_URL": urls["rest_url"], "TRADES_WEBSOCKET_URL": urls["websocket_url"]}


@pytest.mark.parametrize(
    ("module", "variable", "value", "message"),
    [
        ("candles", "CANDLES_INTERVALS_S", "abc", "CANDLES_INTERVALS_S[0]: expected a whole number, was 'abc'"),
        (
            "candles",
            "CANDLES_INTERVALS_S",
            "-60",
            "expected seconds that divide a day (86400) without remainder, not -60",
        ),
        ("indicators", "TRADESTREAM_BROKER_ADDRESS", "nonsense", "expected the address of a log, was 'nonsense'"),
        (
            "trades",
            "TRADES_EXCHANGE",
            "foo",
            "TRADES_EXCHANGE: expected one of binance, coinbase, kraken, recorded, was 'foo'",
        ),
        ("trades", "TRADES_VARIANT", "past", "TRADES_VARIANT: expected 'historical' or 'live', was 'past'"),
        ("trades", "TRADES_PAIRS", "BTCUSD", "TRADES_PAIRS[0]: expected a pair written BASE/QUOTE, such as BTC/USD"),
        ("signals", "TRADESTREAM_ACCOUNTS", "[{]", "TRADESTREAM_ACCOUNTS: expected JSON (Expecting property name"),
        ("execution", "EXECUTION_FEE_BPS", "-5", "EXECUTION_FEE_BPS: expected greater than or equal to 0, was '-5'"),
        (
            "training",
            "PREDICTIONS_MODEL",
            "gpt",
            f"PREDICTIONS_MODEL: expected {', '.join(KINDS[:-1])} or {KINDS[-1]}, was 'gpt'",
        ),
        ("exchanges.simulator", "SIMULATOR_SPEED", "-1", "SIMULATOR_SPEED: expected greater than 0, was '-1'"),
    ],
)
def test_a_bad_setting_is_named_with_what_was_expected(
    here: Callable[..., tuple[int, str]], module: str, variable: str, value: str, message: str
) -> None:
    code, said = here(module, **{variable: value})
    assert code == 2
    assert variable in said
    assert message in said


@pytest.mark.long
def test_a_run_on_an_unknown_pair_ends_at_once(simulator: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "run"
    code, said = call(
        "embedded", "run", "--pairs", "BTC/USD,FOO/USD", "--model", "logistic", "--data", out, **simulator
    )
    assert code == 2
    assert "TRADES_PAIRS: Kraken does not list 'FOO/USD'; pairs are written BASE/QUOTE, such as BTC/USD" in said
    assert left_behind(out) == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.csv", None, "FILE: expected a file of recorded trades, was"),
        ("BTCUSD.csv", "", "expected a file with trades in it"),
        ("BTCUSD.csv", "timestamp,price,quantity\n", "a header and nothing else"),
        ("BTCUSD.csv", "roses,violets\nred,blue\n", "expected those of a known format: binance (trade_id"),
        ("trades.csv", "timestamp,price,quantity\n1700000000,5,1\n", "expected pair= to name the pair"),
        ("BTCUSD.csv", "timestamp,price,quantity\n1700000000,-5,1\n", "price: expected a positive decimal, was"),
    ],
)
def test_a_file_that_cannot_be_replayed(
    here: Callable[..., tuple[int, str]], tmp_path: Path, name: str, content: str | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content, encoding="utf-8")
    code, said = here("embedded", "replay", tmp_path / name, "--out", tmp_path / "out")
    assert code == 2
    assert message in said
    assert not (tmp_path / "out").exists()


def test_make_passes_the_message_and_the_code_on() -> None:
    # UV=true: nothing is installed for this.
    command = ["make", "dev", "service=cooking", "UV=true"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "make dev needs service=, one of: trades candles" in done.stdout + done.stderr


def test_a_second_consumer_in_a_group(tmp_path: Path) -> None:
    log = {"TRADESTREAM_BROKER_ADDRESS": f"embedded://{tmp_path}/log", "TRADESTREAM_DATA_DIR": tmp_path}
    lock = tmp_path / "log/_groups/candles-dev.lock"
    with running(tmp_path, "candles", until="starting on", **log) as first:
        wait_for(lock.exists, "its lock")
        code, said = call("candles", **log)
        assert code == 1
        assert "consumer group 'candles-dev'" in said
        assert "already has its one consumer: stop the other process, or run several replicas over Kafka" in said
        assert first.poll() is None, "the first one goes on"


def test_a_port_in_use_and_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    log = {"TRADESTREAM_BROKER_ADDRESS": f"embedded://{tmp_path}/log", "TRADESTREAM_DATA_DIR": tmp_path}
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = call("signals", TRADESTREAM_METRICS_PORT=port, **log)
    assert code == 1
    assert f"TRADESTREAM_METRICS_PORT: expected a free port on 127.0.0.1, was {port}" in said
    (tmp_path / "file").touch()
    code, said = call("indicators", **log | {"TRADESTREAM_DATA_DIR": tmp_path / "file"})
    assert code == 1
    assert f"stopping: {tmp_path}/file/state/indicators: Not a directory" in said


@needs_data
@pytest.mark.slow
def test_bad_lines_in_the_middle_of_a_file_cost_only_themselves(tmp_path: Path) -> None:
    file = tmp_path / "binance_spot_BTCUSDT_20240808.csv"
    with gzip.open(BINANCE, "rt", encoding="utf-8") as recorded:
        lines = list(islice(recorded, 5_001))
    price = lines[3_000].split(",")[4]
    lines[2_000] = "1723161400000,nonsense\n"
    lines[3_000] = lines[3_000].replace(price, f"-{price}")
    file.write_text("".join(lines), encoding="utf-8")
    code, said = call("embedded", "replay", file, "--out", tmp_path / "out", "--keep")
    assert code == 0, said
    assert "2 dead letters" in said
    assert "The first: line 2001: row: expected 8 columns, was '2 columns'; it begins '1723161400000,nonsense" in said
    summary = summary_of(tmp_path / "out")
    assert summary["dead_letters"] == {"trades": 2}
    assert summary["counts"]["trades"] == 5_000 - 2
    log = (tmp_path / "out/work/logs/trades.log").read_text() + (
        tmp_path / "out/work/logs/trades-historical.log"
    ).read_text()
    assert "line 3001: price: expected a positive decimal, was '-" in log
    minutes = pl.read_parquet(tmp_path / "out/candles.parquet").filter(pl.col("interval_s") == 60)
    minute_of = {number: int(lines[number - 1].split(",")[2]) // 60_000 * 60_000 for number in (2_000, 2_002, 3_001)}
    gaps = set(minutes.filter(pl.col("quality") == "gap")["window_start_ms"])
    assert minute_of[2_000] in gaps and minute_of[3_001] in gaps


@needs_data
@pytest.mark.slow
@pytest.mark.long
def test_a_full_data_folder_is_named_and_with_space_the_same_command_works(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(disk)], check=False)
    if mounted.returncode != 0:
        pytest.skip("needs the right to mount a tmpfs")
    command = ("embedded", "replay", COINBASE, "--out", disk / "out")
    try:
        code, said = call(*command)
        assert code == 1
        assert "no space" in said.lower()
        assert str(disk) in said
        assert "free some space" in said
        assert left_behind(disk) == []
        subprocess.run(["mount", "-o", "remount,size=200m", str(disk)], check=True)
        code, said = call(*command)
        assert code == 0, said
        assert summary_of(disk / "out")["counts"]["trades"] == 5_882
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


@needs_data
@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "phase"),
    [
        pytest.param(DEMO, "backfill", id="demo-backfill"),
        pytest.param(("replay", str(COINBASE)), "live", id="replay-live", marks=pytest.mark.long),
    ],
)
def test_ctrl_c_leaves_nothing_running(tmp_path: Path, command: tuple[str, ...], phase: str) -> None:
    with running(tmp_path, "embedded", *command, "--out", tmp_path / "out", until=f" s  {phase}") as run:
        assert left_behind(tmp_path)
        run.send_signal(signal.SIGINT)
        assert run.wait(60) == 130
    said = words_of(tmp_path, "embedded")
    assert "stopped: all services have ended, nothing is left running" in said
    assert "Traceback" not in said
    assert left_behind(tmp_path) == []


@pytest.mark.slow
def test_a_run_that_is_stopped_before_it_has_a_trade_says_so_and_reports_nothing(tmp_path: Path) -> None:
    command = ("run", "--exchange", "simulator", "--model", "logistic", "--data", tmp_path / "out")
    with running(tmp_path, "embedded", *command, until=" s  starting") as run:
        run.send_signal(signal.SIGINT)
        assert run.wait(60) == 130
    said = words_of(tmp_path, "embedded")
    assert "stopped before any trade was there: all services have ended, no report was written" in said
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [".tradestream-run", "work"]
    assert left_behind(tmp_path) == []


@pytest.mark.slow
@pytest.mark.long
def test_a_second_run_in_the_folder_is_refused_and_a_killed_one_takes_its_services_along(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with running(tmp_path, "embedded", *DEMO, "--out", out, until=" s  backfill") as demo:
        code, said = call("embedded", *DEMO, "--out", out)
        assert code == 2
        assert "another run of tradestream is using this folder" in said
        assert demo.poll() is None
        assert (out / "work/log").exists()
        demo.send_signal(signal.SIGKILL)
        demo.wait()
    if sys.platform == "linux":
        wait_for(lambda: not left_behind(tmp_path), "them to end")


@pytest.mark.slow
@pytest.mark.long
def test_a_venue_that_misbehaves_changes_no_candle(tmp_path: Path) -> None:
    """Frames that are not JSON, negative prices, repeats, holes, late trades, a cut: the candles are the same."""
    kinds = ("garbage", "negative_price", "duplicate", "gap", "late", "disconnect")
    faults = [{"kind": kind, "at_ms": LIVE_FROM_MS + 150_000 * n} for n, kind in enumerate(kinds, start=1)]
    faults[4]["delay_ms"] = 90_000
    for name, said_faults in (("plain", []), ("faults", faults)):
        speed = 60 if said_faults else 600
        code, said = call(
            "embedded", *DEMO, "--speed", speed, "--out", tmp_path / name, SIMULATOR_FAULTS=json.dumps(said_faults)
        )
        assert code == 0, said
    assert "trades set aside 4 that cannot be used, and went on. The first: frame: expected JSON" in said
    log = (tmp_path / "faults/work/logs/trades.log").read_text()
    assert "price: expected a positive decimal, was '-" in log
    summary = summary_of(tmp_path / "faults")
    assert summary["dead_letters"] == {"trades": 1 + 3}
    assert sum(pair["gap"] for pair in summary["quality"].values()) == 0, "REST had what the feed lost"
    plain, faulty = (pl.read_parquet(tmp_path / name / "candles.parquet") for name in ("plain", "faults"))
    window = ["exchange", "pair", "interval_s", "window_start_ms"]
    last = faulty.sort("revision").unique(window, keep="last")
    assert_frame_equal(plain.drop("revision").sort(window), last.drop("revision").sort(window), check_exact=True)
