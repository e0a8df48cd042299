"""Settings: where they come from, and what is said when they are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from streaming.errors import SettingsError
from streaming.settings import (
    ServiceSettings,
    environment_of,
    environment_variable,
    load_settings,
    read_settings,
)


class ShopSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="SHOP_")

    pairs: list[str]
    intervals_s: tuple[int, ...] = (60,)
    api_key: SecretStr | None = None


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_shared_fields_and_own_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADESTREAM_ENVIRONMENT", "prod")
    monkeypatch.setenv("SHOP_PAIRS", "BTC/USD, ETH/USD")
    monkeypatch.setenv("SHOP_INTERVALS_S", "[60,300]")
    settings = read_settings(ShopSettings)
    assert (settings.environment, settings.pairs, settings.intervals_s) == ("prod", ["BTC/USD", "ETH/USD"], (60, 300))
    assert settings.group_for("shop") == "shop-prod"
    assert settings.state_dir_for("shop") == Path("data/state/shop")


def test_comma_lists_of_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PAIRS", "BTC/USD")
    monkeypatch.setenv("SHOP_INTERVALS_S", "60,300")
    assert read_settings(ShopSettings).intervals_s == (60, 300)


def test_local_env_is_read_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "local.env").write_text("SHOP_PAIRS=BTC/USD,ETH/USD\nTRADESTREAM_LOG_LEVEL=DEBUG\nOTHER=1\n")
    monkeypatch.setenv("TRADESTREAM_LOG_LEVEL", "ERROR")
    settings = read_settings(ShopSettings)
    assert settings.pairs == ["BTC/USD", "ETH/USD"]
    assert settings.log_level == "ERROR"


def test_settings_can_be_constructed_by_name() -> None:
    assert ShopSettings(broker_address="embedded://x", pairs=["BTC/USD"]).broker_address == "embedded://x"


def test_every_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADESTREAM_METRICS_PORT", "many")
    monkeypatch.setenv("TRADESTREAM_LOG_FORMAT", "xml")
    monkeypatch.setenv("SHOP_INTERVALS_S", "60,often")
    with pytest.raises(SettingsError) as wrong:
        read_settings(ShopSettings)
    lines = str(wrong.value).splitlines()
    assert any("TRADESTREAM_METRICS_PORT: expected a whole number" in line and "'many'" in line for line in lines)
    assert any("TRADESTREAM_LOG_FORMAT: expected 'human' or 'json', was 'xml'" in line for line in lines)
    assert any("SHOP_INTERVALS_S[1]: expected" in line and "'often'" in line for line in lines)
    assert any("SHOP_PAIRS: expected a value, was not set" in line for line in lines)


def test_a_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PAIRS", "BTC/USD")
    monkeypatch.setenv("TRADESTREAM_SECURITY_PROTOCOL", "hunter2")
    monkeypatch.setenv("SHOP_API_KEY", "hunter3")
    with pytest.raises(SettingsError) as wrong:
        read_settings(ShopSettings)
    assert "hunter3" not in str(wrong.value) + repr(ShopSettings(security_protocol=None))


def test_loading_wrong_settings_exits_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SHOP_PAIRS", raising=False)
    with pytest.raises(SystemExit) as end:
        load_settings(ShopSettings)
    assert end.value.code == 2
    assert "SHOP_PAIRS: expected a value" in capsys.readouterr().err


def test_environment_variable_names() -> None:
    assert environment_variable(ShopSettings, "broker_address") == "TRADESTREAM_BROKER_ADDRESS"
    assert environment_variable(ShopSettings, "pairs") == "SHOP_PAIRS"


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("SHOP_INTERVALS_S", "[60", "SHOP_INTERVALS_S: expected JSON (Expecting ',' delimiter"),
        ("TRADESTREAM_BROKER_ADDRESS", "nonsense", "TRADESTREAM_BROKER_ADDRESS: expected the address of a log, was"),
        ("TRADESTREAM_BROKER_ADDRESS", "embedded://", "(embedded://<folder>, or host:9092 of a Kafka broker)"),
        ("TRADESTREAM_REPORT_SECONDS", "1e-9", "TRADESTREAM_REPORT_SECONDS: expected 0, or at least 0.1, was '1e-9'"),
        ("TRADESTREAM_ENVIRONMENT", "DEV!", "TRADESTREAM_ENVIRONMENT: expected text that matches ^[a-z]"),
    ],
)
def test_the_message_says_what_would_have_been_right(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, message: str
) -> None:
    monkeypatch.setenv("SHOP_PAIRS", "BTC/USD")
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as wrong:
        read_settings(ShopSettings)
    assert message in str(wrong.value)


@pytest.mark.parametrize("seconds", [0, 0.1, 10])
def test_reports_are_off_or_not_too_frequent(seconds: float) -> None:
    assert ServiceSettings(report_seconds=seconds).report_seconds == seconds


@pytest.mark.parametrize("address", ["embedded://x", "kafka:9092", "a.b:9092,c:9093", "[::1]:9092", "SSL://h:9093"])
def test_addresses_of_logs(address: str) -> None:
    assert ServiceSettings(broker_address=address).broker_address == address


def test_settings_that_do_not_fit_together_do_not_spill_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    class Strict(ShopSettings):
        @model_validator(mode="after")
        def _never(self) -> Strict:
            raise ValueError("SHOP_A with SHOP_B, was alone")

    monkeypatch.setenv("SHOP_PAIRS", "BTC/USD")
    monkeypatch.setenv("TRADESTREAM_SASL_PASSWORD", "hunter2")
    with pytest.raises(SettingsError, match=r"expected SHOP_A with SHOP_B, was alone$") as wrong:
        read_settings(Strict)
    assert "hunter2" not in str(wrong.value)


def test_what_a_class_is_told_in_variables_it_reads_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = {"pairs": ["BTC/USD", "ETH/USD"], "data_dir": tmp_path / "a, b", "metrics_port": 9_000}
    for name, value in environment_of(ShopSettings, **told).items():
        monkeypatch.setenv(name, value)
    read = read_settings(ShopSettings)
    assert {name: getattr(read, name) for name in told} == told


def test_a_class_is_told_nothing_it_does_not_know() -> None:
    with pytest.raises(TypeError, match="ShopSettings: expected fields of it, was colour"):
        environment_of(ShopSettings, colour="red")
