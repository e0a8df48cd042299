"""What stands in for RisingWave understands what it is sent, or says that it does not, and has the chart's place."""

from __future__ import annotations

import json

import pytest
import yaml
from tests.deployments.standins.risingwave.statements import in_postgres_words
from tests.support.workspace import ROOT

from featurestore.ddl import statements
from featurestore.target import Target

FOLDER = ROOT / "tests/deployments/standins/risingwave"


def test_all_our_statements_are_understood() -> None:
    for statement in statements():
        made = in_postgres_words(Target("dev", "kafka:9092").fill(statement))
        assert made.startswith("DO ") and "RAISE EXCEPTION" not in made


@pytest.mark.parametrize(
    "statement", ["SELECT 'CREATE TABLE x'", "create table x (a int)", "ALTER TABLE x ADD COLUMN y INT", "", ";"]
)
def test_other_statements_stay_as_they_are(statement: str) -> None:
    assert in_postgres_words(statement) == statement


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("connector='kinesis') FORMAT PLAIN ENCODE JSON", "was kinesis"),
        ("connector='kafka', topic='x') FORMAT UPSERT ENCODE JSON", "UPSERT"),
        ("connector='kafka', scan.startup.mode='latest') FORMAT PLAIN ENCODE JSON", "latest"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(source: str, named: str) -> None:
    made = in_postgres_words(f"CREATE TABLE x (a INT) WITH ({source}")
    assert "RAISE EXCEPTION" in made and named in made


def test_it_has_the_name_and_place_of_the_chart() -> None:
    service, workload = yaml.safe_load_all((FOLDER / "risingwave.yaml").read_text(encoding="utf-8"))
    versions = json.loads((ROOT / "deployments/platform/versions.json").read_text(encoding="utf-8"))["images"]
    pod = workload["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    image = "risingwavelabs/risingwave"
    assert container["image"] == f"{image}:{versions[image].partition('@')[0]}"
    assert (service["metadata"]["name"], service["metadata"]["namespace"]) == ("risingwave-frontend", "risingwave")
    assert service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    assert service["spec"]["ports"] == [{"name": "svc", "port": 4567, "targetPort": "svc"}]
