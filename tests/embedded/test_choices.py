"""What a user chooses for a demo, a replay and a run, and what is refused before anything starts."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contracts.accounts_settings import AccountsSettings
from contracts.errors import BadInputError
from embedded.accounts_file import read_accounts
from embedded.bars import interval_in_words, parse_interval
from embedded.choices import Choices
from embedded.chosen import choose
from embedded.cli import app
from embedded.preflight import require_same_run
from execution.settings import ExecutionSettings
from results.run_folder import RunFolder
from results.run_settings import record_settings
from strategies.loading import load
from streaming.errors import SettingsError
from streaming.settings import environment_of, read_settings

OWN = '[[accounts]]\nname = "own"\npairs = ["BTC/EUR", "ETH/EUR"]\nbalance = 500\n'
OWNED = OWN + 'owner = "anna"\n'
ROWS = "timestamp,price,amount,side\n2026-03-04T00:00:00Z,100,1,buy\n2026-03-04T01:00:00Z,101,1,sell\n"


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Return two files of recorded trades, one in dollars, one in yen."""
    found = []
    for name in ("BTC-USD", "BTC-JPY"):
        (tmp_path / f"{name}.csv").write_text(ROWS, encoding="utf-8")
        found.append(str(tmp_path / f"{name}.csv"))
    return found


def call(command: str, files: list[str], out: Path, *options: str, **environment: str) -> tuple[int, str]:
    words = {
        "demo": ["demo", "--out", str(out)],
        "replay": ["replay", files[0], "--pair", "BTC/USD", "--out", str(out)],
        "run": ["run", "--data", str(out)],
    }[command]
    result = CliRunner().invoke(app, [*words, "--model", "logistic", *options], env=environment)
    return result.exit_code, result.stderr


#: Options or variables, the field that the complaint names, and what it says of it.
WRONG: list[tuple[list[str], dict[str, str], str]] = [
    (["--balance", "-5"], {}, "--balance: expected an amount of USD greater than 0, was '-5'"),
    (["--balance", "much"], {}, "--balance: expected a decimal number, was 'much'"),
    (["--balance", "nan"], {}, "--balance: expected a finite decimal number, was 'nan'"),
    (["--fee-bps", "10000"], {}, "--fee-bps: expected at least 0 and less than 10000 basis points, was '10000'"),
    (["--fee-bps", "x"], {}, "--fee-bps: expected a decimal number, was 'x'"),
    (["--interval", "7m"], {}, "--interval: expected whole minutes or hours that divide a day"),
    (["--interval", "30s"], {}, "--interval: expected whole minutes or hours that divide a day"),
    (["--horizon", "0"], {}, "--horizon: expected a whole number from 1 to 1440, was '0'"),
    (["--horizon", "x"], {}, "--horizon: expected a whole number from 1 to 1440, was 'x'"),
    (["--pairs", "BTC/USD,BTC/USD"], {}, "--pairs: expected at least one pair, each once"),
    (["--pairs", "btcusd"], {}, "pair: expected BASE/QUOTE"),
    (["--accounts", "no-such.toml"], {}, "--accounts: expected a TOML file of accounts, was 'no-such.toml'"),
    (["--acounts", "x"], {}, "--acounts: expected an option of tradestream"),
    ([], {"EXECUTION_FEE_BPS": "abc"}, "EXECUTION_FEE_BPS: expected a number, was 'abc'"),
    ([], {"CANDLES_GRACE_MS": "-1"}, "CANDLES_GRACE_MS: expected"),
    ([], {"TRADES_PING_INTERVAL_SECONDS": "99"}, "TRADES_PING_INTERVAL_SECONDS: expected"),
    ([], {"PREDICTIONS_HORIZON_BARS": "0"}, "PREDICTIONS_HORIZON_BARS: expected"),
    ([], {"SIGNALS_EXPIRY_SECONDS": "soon"}, "SIGNALS_EXPIRY_SECONDS: expected a whole number, was 'soon'"),
    ([], {"HISTORY_RETRY_SECONDS": "0"}, "HISTORY_RETRY_SECONDS: expected"),
    ([], {"INDICATORS_FEATURE_SET": "ful"}, "INDICATORS_FEATURE_SET: expected"),
    ([], {"TRADESTREAM_ACCOUNTS": "[{}]"}, "TRADESTREAM_ACCOUNTS[0][name]: expected a value"),
    ([], {"PREDICTIONS_INTERVAL_S": "900"}, "CANDLES_INTERVALS_S: expected 900 among them"),
    ([], {"SIGNALS_INTERVAL_S": "300"}, "SIGNALS_INTERVAL_S: expected 60, the bars that are predicted"),
    (
        [],
        {"CANDLES_GRCE_MS": "3"},
        "CANDLES_GRCE_MS: expected the name of a setting, was none (did you mean CANDLES_",
    ),
    ([], {"TRADESTREAM_ACOUNTS": "[]"}, "(did you mean TRADESTREAM_ACCOUNTS?)"),
]


@pytest.mark.parametrize("command", ["demo", "replay", "run"])
@pytest.mark.parametrize(
    ("options", "environment", "words"), WRONG, ids=[" ".join([*o, *e, *e.values()]) for o, e, _ in WRONG]
)
def test_wrong_settings_are_refused_before_anything_starts(
    command: str, options: list[str], environment: dict[str, str], words: str, files: list[str], tmp_path: Path
) -> None:
    out, began_s = tmp_path / "out", time.process_time()
    RunFolder(out).create()
    (out / "summary.json").write_text("{}")
    before = sorted(out.rglob("*"))
    code, said = call(command, files, out, *options, **environment)
    assert code == 2, said
    assert words in said, "of the settings, not of the earlier run"
    assert sorted(out.rglob("*")) == before, "nothing was made, so nothing was started and no earlier run replaced"
    assert time.process_time() - began_s < 10, "CPU seconds; a machine at work does not count"


@pytest.mark.parametrize("command", ["demo", "run"])
@pytest.mark.parametrize("pairs", ["BTC/USD,BTC/JPY", "ETH/BTC,BTC/USD"])
def test_one_account_has_one_currency(command: str, pairs: str, files: list[str], tmp_path: Path) -> None:
    code, said = call(command, files, tmp_path / "out", "--pairs", pairs)
    assert code == 2 and "--pairs: expected pairs quoted in one currency for one account" in said
    assert all(f"{pair} in" in said for pair in pairs.split(","))
    code, said = call(command, files, tmp_path / "out", TRADES_PAIRS=pairs)
    assert code == 2 and "pairs quoted in one currency" in said


def test_a_replay_of_files_in_two_currencies_needs_accounts(files: list[str], tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["replay", *files, "--out", str(tmp_path / "out"), "--model", "logistic"])
    assert result.exit_code == 2
    assert "not BTC/JPY in JPY and BTC/USD in USD" in result.stderr
    assert not (tmp_path / "out").exists()


def test_two_currencies_in_one_account_of_a_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "accounts.toml"
    path.write_text('[[accounts]]\nname = "own"\npairs = ["BTC/USD", "BTC/JPY"]\n', encoding="utf-8")
    with pytest.raises(
        BadInputError, match=r"accounts\[0\]\.pairs: expected pairs quoted in one currency, not BTC/USD"
    ):
        read_accounts(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"expected at least one table \[\[accounts\]\]"),
        ("x = 1", r"expected tables \[\[accounts\]\]"),
        ("[[account]]\nname = 1", r"\(did you mean accounts\?\)"),
        ("[[accounts]", r"expected a TOML file, was .*line 1"),
        ("accounts = 3", r"expected at least one table"),
        (OWN + OWN, r"accounts\[1\]\.name: expected a name that no other account has, was 'own'"),
        (OWN.replace("500", "-5"), r"accounts\[0\]\.balance: expected greater than 0, was -5"),
        (OWN.replace("500", '"x"'), r"accounts\[0\]\.balance: expected a"),
        (OWN.replace("balance", "balnce"), r"accounts\[0\]\.balnce: expected one of .*did you mean balance\?"),
        (OWN.replace("ETH/EUR", "eth"), r"accounts\[0\]\.pairs\[1\]: expected a pair written BASE/QUOTE"),
        (OWN.replace("ETH/EUR", "BTC/EUR"), r"accounts\[0\]\.pairs: expected each pair once, not BTC/EUR"),
        (OWN.replace('name = "own"\n', ""), r"accounts\[0\]\.name: expected a value, was missing"),
        (OWN + "initial_balance_quote = 3\n", r"expected either balance or initial_balance_quote"),
        (OWN + "position_pct = 200\n", r"accounts\[0\]\.position_pct: expected less than or equal to 100, was 200"),
        (OWN + 'sizing = "volatilty"\n', r"accounts\[0\]\.sizing: expected .*'volatility', was 'volatilty'"),
        (
            OWN + "target_volatility_pct = 0\n",
            r"accounts\[0\]\.target_volatility_pct: expected greater than 0, was 0",
        ),
        (
            OWNED + '[[owners]]\nname = "bob"\n',
            r"owners\[0\]\.name: expected an owner that an account names, was",
        ),
        (
            OWNED + '[[owners]]\nname = "anna"\n' * 2,
            r"owners\[1\]\.name: expected a name that no other .*'anna'",
        ),
        (OWNED + "[[owners]]\nmax_gross_pct = 3\n", r"owners\[0\]\.name: expected a value, was missing"),
        (OWN + 'owner = "own"\n', r"accounts\[0\]\.owner: expected an owner whose name no account has, was 'own'"),
        (OWNED + '[[owners]]\nname = "anna"\nmax_los = 3\n', r"owners\[0\]\.max_los: expected one of"),
        (OWNED + '[[owners]]\nname = "anna"\nmax_gross_pct = 300\n', r"owners\[0\]\.max_gross_pct: expected less"),
        (OWNED + OWNED.replace("own", "two", 1).replace("EUR", "USD"), r"anna in one currency, not in EUR and USD"),
    ],
)
def test_what_is_no_account_is_refused_with_its_place(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "accounts.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInputError, match=words):
        read_accounts(path)


def test_owners_of_a_file_reach_the_services_and_who_adds_up_their_books(tmp_path: Path) -> None:
    path = tmp_path / "accounts.toml"
    path.write_text(OWNED + '[[owners]]\nname = "anna"\nmax_gross_pct = 30\n', encoding="utf-8")
    chosen = choose(Choices(accounts=path), {}, name="demo", pairs=("BTC/USD",))
    told = {**environment_of(AccountsSettings, accounts=chosen.accounts), **chosen.settings}
    anna = read_settings(ExecutionSettings, told).configured_owners["anna"]
    assert (str(anna.max_gross_pct), anna.accounts) == ("30", chosen.accounts)
    assert {name: books.accounts for name, books in chosen.owner_books({}).items()} == {"anna": {"own"}}
    alone = choose(Choices(), {}, name="demo", pairs=("BTC/USD",))
    assert alone.owner_books({}) == {}


@pytest.mark.parametrize(
    ("later", "words"),
    [
        (OWN, "own.owner: expected anna, with which"),
        (OWN.replace('"own"', '"other"'), "accounts: expected own among them, with which anna's limits"),
    ],
)
def test_an_account_keeps_its_owner_and_stays_with_him(later: str, words: str, tmp_path: Path) -> None:
    place, path = RunFolder(tmp_path), tmp_path / "accounts.toml"
    place.create()
    path.write_text(OWNED, encoding="utf-8")
    first = choose(Choices(accounts=path), {}, name="demo", pairs=())
    record_settings(place, {**environment_of(AccountsSettings, accounts=first.accounts), **first.settings})
    require_same_run(place, first)
    path.write_text(later, encoding="utf-8")
    with pytest.raises(BadInputError, match=words):
        require_same_run(place, choose(Choices(accounts=path), {}, name="demo", pairs=()))


def test_a_strategys_path_that_leads_in_a_circle_is_told_by_who_reads_it(tmp_path: Path) -> None:
    circle = tmp_path / "circle.py"
    circle.symlink_to(circle)
    path = tmp_path / "accounts.toml"
    path.write_text(OWN + 'strategy = "circle.py"\n', encoding="utf-8")
    (account,) = read_accounts(path)
    with pytest.raises(BadInputError, match="the path of a Python file that is there"):
        load(Path(account.strategy))


def test_accounts_of_a_file_say_what_streams(tmp_path: Path) -> None:
    path = tmp_path / "accounts.toml"
    path.write_text(OWN + "position_pct = 12.5\n", encoding="utf-8")
    chosen = choose(Choices(accounts=path, fee_bps="10"), {}, name="demo", pairs=("BTC/USD",))
    assert chosen.pairs == ("BTC/EUR", "ETH/EUR") and chosen.currencies == {"own": "EUR"}
    assert str(chosen.accounts[0].initial_balance_quote) == "500" and str(chosen.accounts[0].position_pct) == "12.5"
    assert chosen.settings == {"EXECUTION_FEE_BPS": "10"}


def test_accounts_of_the_environment_are_not_overwritten() -> None:
    accounts = '[{"name": "mine", "pairs": ["BTC/EUR"]}]'
    environment = {"TRADESTREAM_ACCOUNTS": accounts, "TRADES_PAIRS": "BTC/EUR,ETH/EUR"}
    chosen = choose(Choices(), environment, name="demo", pairs=("BTC/USD",))
    assert [account.name for account in chosen.accounts] == ["mine"]
    with pytest.raises(BadInputError, match="--balance: expected none beside TRADESTREAM_ACCOUNTS"):
        choose(Choices(balance="5"), environment, name="demo", pairs=("BTC/USD",))


def test_what_streams_must_hold_what_accounts_trade(tmp_path: Path) -> None:
    path = tmp_path / "accounts.toml"
    path.write_text(OWN, encoding="utf-8")
    with pytest.raises(BadInputError, match=r"--pairs: .* every account among them; own trades ETH/EUR"):
        choose(Choices(accounts=path, pairs=["BTC/EUR"]), {}, name="demo", pairs=())
    with pytest.raises(BadInputError, match="accounts: own: expected pairs that are there, BTC/EUR, was 'ETH/EUR'"):
        choose(Choices(accounts=path), {}, name="replay", pairs=("BTC/EUR",), streams=("BTC/EUR",))


def test_an_interval_sets_what_is_made_predicted_and_acted_on() -> None:
    chosen = choose(Choices(interval="15m", horizon_bars=8), {}, name="demo", pairs=("BTC/USD",))
    assert (chosen.interval_s, chosen.horizon_bars) == (900, 8)
    assert chosen.settings == {
        "PREDICTIONS_HORIZON_BARS": "8",
        "PREDICTIONS_INTERVAL_S": "900",
        "SIGNALS_INTERVAL_S": "900",
        "CANDLES_INTERVALS_S": "60,300,900",
    }


@pytest.mark.parametrize("text", ["1m", "5m", "15m", "30m", "1h", "4h", "1d"])
def test_intervals_are_read_as_they_are_written(text: str) -> None:
    assert interval_in_words(parse_interval(text, "x")) == text


@pytest.mark.parametrize("text", ["", "0m", "5", "m", "7m", "2d", "-5m", "5 m", "1.5h", "٥m"])
def test_what_is_no_interval_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="x: expected whole minutes"):
        parse_interval(text, "x")


def test_a_coin_that_nobody_here_knows_has_a_balance_that_is_said_to_be_a_guess() -> None:
    assert "how much that is worth is not known here" in choose(Choices(), {}, name="a", pairs=("BTC/ZZZ",)).notes[0]
    assert choose(Choices(balance="7"), {}, name="a", pairs=("BTC/ZZZ",)).notes == ()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (Choices(balance="700", pairs=["BTC/EUR"]), "initial_balance_quote: expected 500, with which"),
        (Choices(balance="500", pairs=["BTC/USD"]), "currency: expected EUR, with which"),
        (Choices(balance="500", pairs=["BTC/EUR"], interval="5m"), "--interval: expected 1m, with which"),
        (Choices(balance="500", pairs=["BTC/EUR"], horizon_bars=9), "--horizon: expected 5, with which"),
    ],
)
def test_a_folder_goes_on_with_what_it_began_with(changed: Choices, words: str, tmp_path: Path) -> None:
    place = RunFolder(tmp_path)
    place.create()
    first = choose(Choices(balance="500", pairs=["BTC/EUR"]), {}, name="paper", pairs=())
    record_settings(place, {**environment_of(AccountsSettings, accounts=first.accounts), **first.settings})
    require_same_run(place, first)
    with pytest.raises(BadInputError, match=words):
        require_same_run(place, choose(changed, {}, name="paper", pairs=()))


def test_every_wrong_setting_is_named_at_once(files: list[str], tmp_path: Path) -> None:
    code, said = call("demo", files, tmp_path / "out", CANDLES_GRACE_MS="-1", EXECUTION_FEE_BPS="x")
    assert code == 2 and "CANDLES_GRACE_MS" in said and "EXECUTION_FEE_BPS" in said


def test_settings_errors_of_choosing_are_settings_errors() -> None:
    with pytest.raises(SettingsError, match="TRADESTREAM_ACCOUNTS"):
        choose(Choices(), {"TRADESTREAM_ACCOUNTS": "[{]"}, name="demo", pairs=("BTC/USD",))
