"""Bad input at the command line: a message that says what was expected, a code that says it was the input."""

from __future__ import annotations

import json
import signal
import sys
from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.support import made_up_run
from typer.testing import CliRunner

from contracts.errors import BadInputError
from embedded.__main__ import main
from embedded.cli import app
from embedded.replacing import require_replaceable
from modeling.kinds import DEMO_KIND, MODELS
from results.run_folder import FolderNotOursError, RunFolder


def call(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("demo", "--model", "oracle"),
            f"--model: expected {' or '.join(dict.fromkeys((DEMO_KIND, *MODELS)))}, was 'oracle'",
        ),
        (("demo", "--kill", "candles@noon"), "--kill: expected SERVICE@PHASE"),
        (("replay", "no-such-file.csv"), "FILE: expected a file of recorded trades, was 'no-such-file.csv'"),
        (("run", "--pairs", "btcusd"), "pair: expected BASE/QUOTE in capitals, such as BTC/USD, was 'btcusd'"),
        (("run", "--pairs", ","), "--pairs: expected at least one pair, each once"),
        (("run", "--pairs", "BTC/USD,BTC/USD"), "--pairs: expected at least one pair, each once"),
        (("run", "--exchange", "nasdaq"), "expected one of binance, coinbase, kraken, simulator, was 'nasdaq'"),
        (("run", "--speed", "30"), "--speed: expected --exchange simulator with it"),
        (
            ("run", "--exchange", "simulator", "--speaks", "nasdaq"),
            "--speaks: expected one of binance, coinbase, kraken",
        ),
        (("dev", "cooking"), "SERVICE: expected one of trades, candles"),
        (("dev", "candles", "--variant", "live"), "--variant: expected none, because candles has no variants"),
        (("dev", "trades", "--variant", "sideways"), "--variant: expected historical or live, was 'sideways'"),
        (("export", "out", "--run", "nowhere"), "log: expected an existing folder"),
        (("report", "nowhere"), "FOLDER: expected the folder of a finished run"),
    ],
)
def test_bad_input_is_answered_in_words(arguments: tuple[str, ...], message: str) -> None:
    code, output = call(*arguments)
    assert code == 2
    assert message in output


def test_ctrl_c_before_anything_was_started_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("embedded.cli.errors_in_words", interrupted)
    assert call("status") == (130, "tradestream: stopped before anything was started\n")


def test_ctrl_c_during_the_first_imports_is_answered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Interrupts:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "embedded.cli":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "embedded.cli")
    monkeypatch.setattr(sys, "meta_path", [Interrupts(), *sys.meta_path])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert capsys.readouterr().err == "tradestream: stopped before anything was started\n"


def test_a_second_ctrl_c_while_it_ends_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedded.cli.app", lambda: sys.exit(130))
    before = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(SystemExit):
            main()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_folder_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    precious = tmp_path / "thesis.txt"
    precious.write_text("all my work")
    code, output = call("demo", "--model", "logistic", "--out", tmp_path)
    assert code == 2
    assert "Nothing was touched; choose another folder." in output
    assert precious.read_text() == "all my work"


def test_a_file_that_holds_no_trades_is_refused_before_anything_starts(tmp_path: Path) -> None:
    poem = tmp_path / "poem.csv"
    poem.write_text("roses,violets\nred,blue\n")
    code, output = call("replay", poem, "--pair", "BTC/USD", "--out", tmp_path / "out")
    assert code == 2
    assert "expected" in output
    assert not (tmp_path / "out").exists()


def test_an_earlier_run_of_ours_is_replaced(tmp_path: Path) -> None:
    place = RunFolder(tmp_path / "out")
    with place.owned(afresh=True):
        (place.out / "report.html").write_text("old")
    with place.owned(afresh=True):
        pass
    assert not (place.out / "report.html").exists()
    assert place.logs.is_dir()


def test_a_file_where_a_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with (
        pytest.raises(FolderNotOursError, match="expected a folder, was a file"),
        RunFolder(tmp_path / "out").owned(afresh=True),
    ):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, output = call("demo", "--model", "logistic", "--out", tmp_path / "file/out")
    assert code == 1
    assert f"{tmp_path}/file/out: Not a directory" in output.replace("\n", "")


def test_two_runs_at_once_in_a_folder_are_refused(tmp_path: Path) -> None:
    place = RunFolder(tmp_path / "out")
    with place.owned(afresh=True):
        (place.out / "mine").touch()
        code, output = call("demo", "--model", "logistic", "--out", place.out)
        assert code == 2
        assert "another run of tradestream is using this folder" in output
        assert (place.out / "mine").exists()
    with place.owned(afresh=True):
        assert not (place.out / "mine").exists()


def test_status_says_how_far_everything_is(tmp_path: Path) -> None:
    made_up_run.write_run(RunFolder(tmp_path).log, minutes=2)
    code, output = call("status", "--run", tmp_path)
    assert code == 0
    assert "predictions" in output


def test_the_version_is_told() -> None:
    code, output = call("--version")
    assert (code, output) == (0, f"tradestream {version('tradestream-embedded')}\n")


@pytest.mark.parametrize("command", ["status", "subscriptions", "dead-letters", "export"])
def test_what_is_printed_as_a_table_is_printed_as_json_too(tmp_path: Path, command: str) -> None:
    made_up_run.write_run(RunFolder(tmp_path).log, minutes=2)
    out = [tmp_path / "out"] if command == "export" else []
    code, plain = call(command, *out, "--run", tmp_path)
    assert code == 0
    code, output = call(command, *out, "--run", tmp_path, "--json")
    assert code == 0
    told = json.loads(output)
    match command:
        case "status":
            row = next(row for row in told if row["topic"] == "signals")
            assert row == {"topic": "signals", "messages": 4, "read_by": ["execution"], "behind": [4]}
        case "export":
            assert told["predictions"] == 4 and "4  predictions.parquet" in plain
        case _:
            assert told == []


def test_results_of_an_earlier_run_are_not_replaced_unasked(tmp_path: Path) -> None:
    place = RunFolder(tmp_path / "out")
    with place.owned(afresh=True):
        require_replaceable(place.out, replace=False)
        (place.out / "summary.json").write_text('{"title": "Demo", "finished_at": "2026-03-04T00:00:00Z"}')
    with pytest.raises(BadInputError, match=r"or --replace .* with the Demo of 2026-03-04"):
        require_replaceable(place.out, replace=False)
    require_replaceable(place.out, replace=True)
    code, output = call("demo", "--out", place.out)
    assert code == 2 and "--replace" in output
    assert (place.out / "summary.json").exists()


@pytest.mark.parametrize("answer", [True, False])
def test_a_person_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: bool) -> None:
    place = RunFolder(tmp_path / "out")
    with place.owned(afresh=True):
        (place.out / "summary.json").write_text("damaged")
    questions: list[str] = []
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("sys.stdout", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("typer.confirm", lambda text: questions.append(text) or answer)
    with nullcontext() if answer else pytest.raises(BadInputError, match="--replace"):
        require_replaceable(place.out, replace=False)
    assert questions == [f"{place.out} with results of an earlier run. Replace it?"]
