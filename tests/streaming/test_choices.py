"""What the list of defaults says is what the libraries have and what a service is made with."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mlflow.environment_variables
import pytest
import yaml
from quixstreams import Application
from quixstreams.state.rocksdb import RocksDBOptions
from tests.support.workspace import ROOT

from contracts.topics import TOPICS
from modeling.quiet_imports import open_mlflow
from streaming.choices import CHOICES, Choice
from streaming.kafka.topic_admin import wanted_changelogs
from streaming.service.assembly import STATE_OPTIONS, create_application
from streaming.settings import ServiceSettings
from streaming.topics import topic_config

BY_PLACE = {place: [each for each in CHOICES if each.place == place] for place in {each.place for each in CHOICES}}
BROKER_FILES = ("dev/kafka.yaml", "prod/kafka.yaml")


def named(choice: Choice) -> str:
    return choice.name


def application(tmp_path: Path, guarantee: str = "at-least-once", interval: float = 1.0) -> Any:
    settings = ServiceSettings(
        broker_address="kafka:9092",
        data_dir=tmp_path,
        processing_guarantee=guarantee,
        commit_interval_seconds=interval,
    )
    return create_application(settings, "candles")


@pytest.mark.parametrize("choice", BY_PLACE["QuixStreams"], ids=named)
def test_quixstreams(choice: Choice, tmp_path: Path) -> None:
    assert inspect.signature(Application.__init__).parameters[choice.name].default == choice.default
    app = application(tmp_path)
    kept = getattr(app.config, choice.name, None)
    assert (app._broker_availability_timeout if kept is None else kept) == choice.ours


@pytest.mark.parametrize("choice", BY_PLACE["RocksDB"], ids=named)
def test_rocksdb(choice: Choice) -> None:
    assert getattr(RocksDBOptions(), choice.name) == choice.default
    assert getattr(STATE_OPTIONS, choice.name) == choice.ours


@pytest.mark.parametrize("choice", BY_PLACE["consumer"], ids=named)
def test_consumers(choice: Choice, tmp_path: Path) -> None:
    assert application(tmp_path)._consumer._consumer_config[choice.name] == choice.ours


@pytest.mark.parametrize("choice", BY_PLACE["producer"], ids=named)
def test_producers(choice: Choice, tmp_path: Path) -> None:
    config = application(tmp_path)._producer._producer._producer_config
    assert config.get(choice.name, choice.default) == choice.ours


@pytest.mark.parametrize("interval", [1.0, 60.0, 120.0, 300.0])
def test_a_transaction_outlasts_its_checkpoint(interval: float, tmp_path: Path) -> None:
    config = application(tmp_path, "exactly-once", interval)._producer._producer._producer_config
    assert {each.name for each in BY_PLACE["transactions"]} <= config.keys()
    longest_a_broker_allows = 900_000
    assert interval * 1_000 < config["transaction.timeout.ms"] <= longest_a_broker_allows
    assert config["message.timeout.ms"] <= config["transaction.timeout.ms"], "or the client refuses it"


def brokers_settings(file: str) -> Mapping[str, Any]:
    documents = yaml.safe_load_all((ROOT / "deployments/platform/kafka" / file).read_text(encoding="utf-8"))
    (kafka,) = [each for each in documents if each["kind"] == "Kafka"]
    found: Mapping[str, Any] = kafka["spec"]["kafka"]["config"]
    return found


@pytest.mark.parametrize("choice", BY_PLACE["broker"], ids=named)
def test_brokers(choice: Choice) -> None:
    local = (ROOT / "deployments/local/kafka/brokers.py").read_text(encoding="utf-8")
    written = f"{choice.ours:_}" if isinstance(choice.ours, int) and choice.ours > 1 else f'"{choice.ours}"'.lower()
    assert f'"{choice.name}": {written},' in local
    for file in BROKER_FILES:
        assert brokers_settings(file)[choice.name] == choice.ours


def test_topics() -> None:
    settings = ServiceSettings(broker_address="kafka:9092")
    ours = {each.name: each.ours for each in BY_PLACE["topic"]}
    kept = [topic_config(spec, settings).extra_config["retention.ms"] for spec in TOPICS if not spec.operational]
    assert set(kept) == {str(ours["retention.ms"])}
    ahead = {topic_config(spec, settings).extra_config["message.timestamp.after.max.ms"] for spec in TOPICS}
    assert ahead == {str(ours["message.timestamp.after.max.ms"])}
    (changelog,) = wanted_changelogs(settings, ["changelog__candles-dev--trades-dev--default"]).values()
    assert changelog.extra_config == {"cleanup.policy": ours["cleanup.policy of changelogs"]}


@pytest.mark.parametrize("choice", BY_PLACE["MLflow"], ids=named)
def test_mlflow(choice: Choice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert getattr(mlflow.environment_variables, choice.name).default == choice.default
    if choice.ours == "named":
        monkeypatch.setenv(choice.name, "sqlite:///elsewhere.db")
        uri = f"sqlite:///{tmp_path}/ours.db"
        client = open_mlflow(uri)
        assert {client.tracking_uri, client._registry_uri} == {uri}
    else:
        sources = [path.read_text(encoding="utf-8") for path in ROOT.glob("[ps]*/*/src/**/*.py")]
        assert not any("pickle.load" in source or "joblib" in source for source in sources)


def test_the_list_is_read_in_order_of_its_owners() -> None:
    assert len({(each.place, each.name) for each in CHOICES}) == len(CHOICES)
    assert all(each.why for each in CHOICES)
