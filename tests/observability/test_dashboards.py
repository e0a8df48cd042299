"""Dashboards as Grafana takes them, that ask for nothing which nobody reports."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from importlib import import_module
from itertools import combinations
from pathlib import Path

import pytest
import sqlglot
import yaml
from benchmarks.logs import CannotRunError
from benchmarks.postgres import running_postgres
from prometheus_client import REGISTRY
from sqlglot import exp
from tests.observability.rule_files import (
    DASHBOARDS,
    PLATFORM,
    POSTGRES_TYPE,
    PROMETHEUS_TYPE,
    REPOSITORY,
    dashboards,
    metrics_in,
    program,
    queries,
    rules,
)
from tests.support.message_examples import example

from contracts.pnl import Pnl
from featurestore import open_store
from featurestore.tables import TABLES
from featurestore.views import VIEWS

#: Where services say what they count.
METRICS_MODULES = (
    "streaming.telemetry.metrics",
    "trades.metrics",
    "predictions.metrics",
    "execution.metrics",
    "gateway.metrics",
)
#: Prometheus's own, that say how scraping goes.
_OF_PROMETHEUS = {"up", "ALERTS"}
_GRAFANA_SCHEMA = ("@grafana/schema@13.2.1", "typescript@5.9.3")
#: In an ignored folder, so that only the first run installs.
_NODE_FOLDER = REPOSITORY / ".tools/grafana-schema"
_KNOWN_TO_GRAFANA = {"__from", "__to"}


def test_what_is_written_is_what_the_source_says() -> None:
    command = [sys.executable, "deployments/platform/grafana/source/write.py", "--check"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}; run `make dashboards`"


def test_kubernetes_is_given_every_dashboard_and_rule() -> None:
    generated = yaml.safe_load((PLATFORM / "grafana/kustomization.yaml").read_text(encoding="utf-8"))
    given = {file for each in generated["configMapGenerator"] for file in each["files"]}
    assert given == {f"dashboards/{name}.json" for name in dashboards()}
    listed = yaml.safe_load((PLATFORM / "prometheus/kustomization.yaml").read_text(encoding="utf-8"))["resources"]
    files = (PLATFORM / "prometheus/rules").glob("*.yaml")
    assert sorted(listed) == sorted(f"kubernetes/{file.name}" for file in files)


@pytest.mark.parametrize("name", sorted(dashboards()))
def test_a_dashboard_is_sound(name: str) -> None:
    dashboard = dashboards()[name]
    assert dashboard["uid"] == f"tradestream-{name}", "links and bookmarks stay"
    panels, variables = dashboard["panels"], dashboard["templating"]["list"]
    assert len({panel["title"] for panel in panels}) == len(panels)
    assert [panel["id"] for panel in panels] == list(range(1, len(panels) + 1))
    for one, other in combinations([panel["gridPos"] for panel in panels], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        assert beside or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
    known = {variable["name"] for variable in variables} | _KNOWN_TO_GRAFANA
    used = set(re.findall(r"\$\{?(\w+)", json.dumps([panels, [each.get("datasource") for each in variables]])))
    assert used <= known
    assert {each["uid"] for panel in panels for each in [panel["datasource"]]} <= {
        "${prometheus}",
        "${postgres}",
        "${loki}",
    }


def test_what_measures_has_a_unit_and_what_alerts_judge_has_its_limits() -> None:
    limits = {}
    for dashboard in dashboards().values():
        for panel in dashboard["panels"]:
            fields = panel["fieldConfig"]["defaults"]
            if panel["type"] in ("timeseries", "stat", "gauge", "barchart", "candlestick"):
                assert fields["unit"], panel["title"]
            steps = fields.get("thresholds", {}).get("steps", [])
            limits[panel["title"]] = [step["value"] for step in steps if step["value"] is not None]
    said = {rule["alert"]: rule["expr"] for rule in rules() if "alert" in rule}
    assert limits["Consumer lag"] == [60, 600] and said["ConsumerBehind"].endswith("> 600")
    assert limits["Below its highest"] == [0.05] and said["AccountDrawdown"].endswith("> 0.05")
    assert limits["Loss limits used"] == [0.8, 1] and said["LimitUsed"].endswith(">= 0.8")
    assert limits["Age of its training data"] == [14 * 86_400] and "> 14 * 86400" in said["ModelOld"]


def test_a_panel_that_measures_without_a_unit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PLATFORM / "grafana/source"))
    parts = import_module("parts")
    with pytest.raises(ValueError, match="panel 'Speed': expected a unit, such as s"):
        parts.panel("Speed", "stat", parts.prom("up"))


def test_every_dashboard_marks_alerts_restarts_and_models_and_the_market_its_fills() -> None:
    marked = {name: {mark["name"] for mark in each["annotations"]["list"]} for name, each in dashboards().items()}
    assert all(names >= {"Alerts", "Restarts", "Models"} for names in marked.values())
    assert "Fills" in marked["market"]


def test_every_metric_in_rules_and_panels_is_one_that_services_report() -> None:
    for module in METRICS_MODULES:
        import_module(module)
    reported = set(REGISTRY._names_to_collectors) | _OF_PROMETHEUS
    reported |= {rule["record"] for rule in rules() if "record" in rule}
    asked = [(rule.get("alert") or rule["record"], rule["expr"]) for rule in rules()]
    unknown = {
        (where, metric)
        for where, expression in [*asked, *queries(PROMETHEUS_TYPE)]
        for metric in metrics_in(expression) - reported
    }
    assert not unknown


def test_every_metric_module_is_looked_at() -> None:
    sources = (file for folder in ("packages", "services") for file in (REPOSITORY / folder).glob("*/src/**/*.py"))
    counting = {
        file for file in sources if re.search(r"^\w+ = (Counter|Gauge|LoopHistogram)\(", file.read_text(), re.M)
    }
    assert counting == {Path(str(import_module(module).__file__)) for module in METRICS_MODULES}


@pytest.mark.skipif(program("promtool") is None, reason="promtool is not installed: tests/observability/install.sh")
def test_prometheus_reads_every_panel(tmp_path: Path) -> None:
    asked = [
        {"record": f"panel:{number}", "expr": query.replace("$account", "paper")}
        for number, (_, query) in enumerate(queries(PROMETHEUS_TYPE))
    ]
    file = tmp_path / "panels.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": asked}]}), encoding="utf-8")
    done = subprocess.run(
        [str(program("promtool")), "check", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("where", "query"), queries(POSTGRES_TYPE))
def test_a_query_of_the_store_is_one_for_risingwave_and_postgresql(where: str, query: str) -> None:
    plain = re.sub(r"\$\{?\w+\}?", "60", query)
    tables = {table.name for table in TABLES} | {view.name for view in VIEWS}
    for dialect in ("risingwave", "postgres"):
        statement = sqlglot.parse_one(plain, dialect=dialect)
        assert isinstance(statement, exp.Query), where
        assert {table.name for table in statement.find_all(exp.Table)} <= tables, where
        assert not list(statement.find_all(exp.Anonymous)), f"{where}: a function that is not of both"


def test_postgresql_answers_every_query() -> None:
    """A store with one row has every table and column; a wrong name or type is an error there too."""
    psycopg = pytest.importorskip("psycopg", reason="the extra featurestore[postgres] is not installed")
    try:
        with running_postgres() as url:
            with open_store(url) as writer:
                writer.write([example(Pnl)])
            with psycopg.connect(url, autocommit=True) as store:
                for where, query in queries(POSTGRES_TYPE):
                    filled = re.sub(r"\$\{?\w+\}?", "60", query)
                    try:
                        store.execute(filled.encode())
                    except psycopg.Error as error:
                        raise AssertionError(f"{where}: {error}") from error
    except CannotRunError as reason:
        pytest.skip(str(reason))


def test_grafana_takes_every_dashboard() -> None:
    """Against the types that Grafana publishes: an unknown key or a wrong type is an error."""
    if not shutil.which("npm"):
        pytest.skip("npm is not installed")
    compiler = _NODE_FOLDER / "node_modules/.bin/tsc"
    if not compiler.exists():
        _NODE_FOLDER.mkdir(parents=True, exist_ok=True)
        install = [
            "npm",
            "install",
            "--fetch-retries=1",
            "--fetch-timeout=20000",
            "--no-audit",
            "--no-fund",
            "--silent",
            "--no-save",
            *_GRAFANA_SCHEMA,
        ]
        if subprocess.run(install, cwd=_NODE_FOLDER, capture_output=True, timeout=120, check=False).returncode:
            pytest.skip("npm could not install @grafana/schema")
    good = compile_dashboards(compiler, {name: (DASHBOARDS / f"{name}.json").read_text() for name in dashboards()})
    assert good == ""
    wrong = json.dumps(dashboards()["market"]).replace('"gridPos"', '"gridPlace"', 1)
    assert "gridPlace" in compile_dashboards(compiler, {"wrong": wrong})


def compile_dashboards(compiler: Path, texts: dict[str, str]) -> str:
    """Return what the compiler objects to."""
    # A string enumeration of TypeScript takes no string: named instead.
    texts = {
        name: text.replace('"mode": "absolute"', '"mode": ThresholdsMode.Absolute') for name, text in texts.items()
    }
    texts = {name: text.replace('"type": "value"', '"type": MappingType.ValueToText') for name, text in texts.items()}
    # What a source is asked is its own: the types know it for panels, and not for marks.
    texts = {name: text.replace('"target": {', '"target": <DataQuery>{') for name, text in texts.items()}
    lines = ["import { type Dashboard, type DataQuery, MappingType, ThresholdsMode } from '@grafana/schema';"]
    lines += [f"export const {name} = {text.strip()} satisfies Dashboard;" for name, text in texts.items()]
    file = _NODE_FOLDER / "dashboards.ts"
    file.write_text("\n".join(lines), encoding="utf-8")
    command = [
        str(compiler),
        "--noEmit",
        "--skipLibCheck",
        "--moduleResolution",
        "bundler",
        "--module",
        "esnext",
        file.name,
    ]
    done = subprocess.run(command, cwd=_NODE_FOLDER, capture_output=True, text=True, timeout=120, check=False)
    return done.stdout + done.stderr
