"""`make deploy` and its kin: wrong arguments are answered with the right ones; applied is what was asked for."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
from pathlib import Path

import charts
import check
import deploy
import pytest

from exchanges.venues import VENUES
from streaming.kafka.grants import services


def asked(**given: str) -> argparse.Namespace:
    defaults = {"service": "", "env": "dev", "variant": "live", "market": "kraken", "registry": "", "tag": ""}
    return argparse.Namespace(**{**defaults, **given})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"service": "candle"}, r"expected service= one of trades, candles, .* was 'candle'"),
        ({"service": ""}, r"expected service= one of trades"),
        ({"service": "candles", "env": "test"}, r"expected env= one of dev, prod, was 'test'"),
        (
            {"service": "candles", "variant": "past"},
            r"expected variant= one of historical, live, scheduled, study, was 'past'",
        ),
        (
            {"service": "candles", "market": "moon"},
            r"expected market= one of kraken, coinbase, binance, simulator, was 'moon'",
        ),
        (
            {"service": "signals", "variant": "historical"},
            r"signals has no historical variant; those that have one: tr",
        ),
    ],
)
def test_wrong_arguments_are_answered_with_the_right_ones(given: dict[str, str], words: str) -> None:
    with pytest.raises(deploy.DeployError, match=words):
        deploy.target(asked(**given))


def test_the_program_says_so_and_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert deploy.main(["deploy", "--service", "nobody"]) == 2
    assert "expected service= one of" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["technical_indicators", "technical-indicators", "indicators"])
def test_indicators_have_other_names(name: str) -> None:
    wanted = deploy.target(asked(service=name))
    assert (wanted.name, wanted.resource) == ("indicators", "deployment/technical-indicators-live")
    assert wanted.image == "tradestream/indicators"


def test_every_service_can_be_deployed() -> None:
    assert set(services()) < set(deploy.SERVICES)


def test_prod_runs_only_images_of_a_registry() -> None:
    with pytest.raises(deploy.DeployError, match="expected registry= and tag="):
        deploy.image_of(deploy.target(asked(service="candles", env="prod")))
    pushed = deploy.target(asked(service="candles", env="prod", registry="registry.example/me", tag="1.2"))
    assert deploy.image_of(pushed) == ("registry.example/me/tradestream/candles", "1.2")


def test_what_is_applied_names_image_and_market(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = deploy.target(asked(service="trades", market="simulator"))
    folder = deploy.write_kustomization(wanted, "tradestream/trades", "dev-0123456789ab")
    manifests = check.render(folder)
    (trades,) = [e for e in manifests if e["kind"] == "Deployment" and e["metadata"]["name"] == "trades-live"]
    assert trades["spec"]["template"]["spec"]["containers"][0]["image"] == "tradestream/trades:dev-0123456789ab"
    maps = {e["metadata"]["name"].rpartition("-")[0]: e["data"] for e in manifests if e["kind"] == "ConfigMap"}
    assert maps["trades"]["TRADES_REST_URL"] == "http://simulator:8000"
    assert Path(folder).is_relative_to(deploy.ROOT / "runs")


def _settings_of(market: str, service: str) -> dict[str, dict[str, str]]:
    wanted = deploy.target(asked(service=service, market=market))
    manifests = check.render(deploy.write_kustomization(wanted, f"tradestream/{service}", "dev-0123456789ab"))
    return {e["metadata"]["name"].rpartition("-")[0]: e["data"] for e in manifests if e["kind"] == "ConfigMap"}


@pytest.mark.parametrize("market", sorted(VENUES))
def test_every_venue_is_a_market_of_the_cluster(market: str) -> None:
    """Orders go where the trades come from."""
    usual = "kraken"
    said = _settings_of(market, "gateway")["market"]
    assert said["TRADES_EXCHANGE"] == market
    assert said.get("GATEWAY_EXCHANGE", usual) == market
    assert said["TRADES_PAIRS"], "as in settings/market.env"
    assert set(deploy.MARKETS) == {*VENUES, "simulator"}


def test_what_is_scheduled_can_be_run_now(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, ...]] = []
    ended = {"type": "Failed", "status": "True", "message": "BackoffLimitExceeded"}
    monkeypatch.setattr(deploy, "kubectl", lambda *words: told.append(words))
    monkeypatch.setattr(deploy, "output", lambda *_: json.dumps({"status": {"conditions": [ended]}}))
    with pytest.raises(deploy.DeployError, match="job/training-now failed: BackoffLimitExceeded"):
        deploy.run_now(deploy.target(asked(service="training"), "scheduled"), 1)
    assert ("create", "job", "training-now", "--from=cronjob/training") in told
    assert told[-1][:2] == ("logs", "job/training-now")  # what it said is shown, above all when it failed


def test_settings_are_what_a_shell_reads(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON among them keeps its quotes, and nothing in a value is carried out."""
    values = {"TRADESTREAM_REFERENCE_PAIRS": '{"ETH/USD": "BTC/USD"}', "SIGNALS_NAME": "it's $HOME"}
    pod = {"containers": [{"envFrom": [{"configMapRef": {"name": "tradestream-1"}}]}]}
    deployments = {"items": [{"spec": {"template": {"spec": pod}}}]}
    answers = {"deployments": deployments, "configmap": {"data": values}}
    monkeypatch.setattr(deploy, "output", lambda *command: json.dumps(answers[command[4]]))
    deploy.print_settings()
    script = capsys.readouterr().out + 'printf "%s\\n" "$TRADESTREAM_REFERENCE_PAIRS" "$SIGNALS_NAME"'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == list(values.values())


def test_any_kind_cluster_is_given_the_images(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[str, ...]] = []
    monkeypatch.setattr(deploy, "run", lambda *words: ran.append(words))
    for context in ("kind-mine\n", "production\n"):
        monkeypatch.setattr(deploy, "output", lambda *_, context=context: context)
        deploy.load_into_kind("tradestream/candles:dev")
    assert ran == [("kind", "load", "docker-image", "tradestream/candles:dev", "--name", "mine")]


SCRIPTS = sorted((deploy.ROOT / "deployments").rglob("*.sh"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(deploy.ROOT / "deployments")))
def test_scripts_are_bash_and_install_what_the_table_of_versions_has(script: Path) -> None:
    assert not subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False).stderr
    text = script.read_text(encoding="utf-8")
    assert set(re.findall(r"^chart (\S+)", text, re.MULTILINE)) <= set(charts.charts())
    assert set(re.findall(r"\$\(version (\S+?)\)", text)) <= set(charts.images())
    assert "latest" not in text


def test_create_cluster_names_its_parts() -> None:
    script = deploy.ROOT / "deployments/dev/kind/create_cluster.sh"
    done = subprocess.run([script, "mongodb"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "expected parts of: metrics-server kafka kafka-ui risingwave mlflow monitoring, or none" in done.stderr
