"""Dashboards as Grafana takes them, that ask for nothing which nobody reports."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from importlib import import_module
from itertools import combinations, product
from pathlib import Path

import pytest
import yaml
from benchmarks.logs import CannotRunError
from benchmarks.postgres import running_postgres
from prometheus_client import REGISTRY
from sqlglot import exp
from tests.observability.filling import OF_GRAFANA, filled, parsed, used_in
from tests.observability.live.broker import allowed
from tests.observability.rule_files import (
    DASHBOARDS,
    LOKI_TYPE,
    PLATFORM,
    POSTGRES_TYPE,
    PROMETHEUS_TYPE,
    REPOSITORY,
    dashboards,
    metrics_in,
    program,
    queries,
    rules,
    shown,
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
    "signals.metrics",
    "execution.metrics",
    "gateway.metrics",
)
#: Prometheus's own, that say how scraping goes.
_OF_PROMETHEUS = {"up", "ALERTS"}
_OF_KAFKA = re.compile(r"\bkafka_\w+\b")
_OF_EXPORTER = ("kafka_consumergroup_", "kafka_topic_")
_GRAFANA_SCHEMA = ("@grafana/schema@13.2.1", "typescript@5.9.3")
#: In an ignored folder, so that only the first run installs.
_NODE_FOLDER = REPOSITORY / ".tools/grafana-schema"


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
    assert all(0 < panel["gridPos"]["w"] <= 24 for panel in panels)
    for one, other in combinations([panel["gridPos"] for panel in panels], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        assert beside or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
    known = {variable["name"] for variable in variables} | set(OF_GRAFANA)
    used = {name for _, query in of_dashboard(name) for name in used_in(query)}
    assert used <= known
    sources = {each["name"] for each in variables if each["type"] == "datasource"}
    asked = {each["datasource"]["uid"] for each in [*shown(dashboard), *dashboard["annotations"]["list"]]}
    assert asked == {f"${{{source}}}" for source in sources}, "no choice of a source that is not asked, and no other"


def of_dashboard(name: str) -> list[tuple[str, str]]:
    """Return the queries of one dashboard, of whichever source."""
    of_all = [each for kind in (POSTGRES_TYPE, PROMETHEUS_TYPE, LOKI_TYPE) for each in queries(kind)]
    return [(where, query) for where, query in of_all if where.startswith(f"{name}: ")]


@pytest.mark.parametrize("name", sorted(dashboards()))
def test_a_dashboard_has_one_clock(name: str) -> None:
    """Event time or the wall clock: a simulated market lives on days of its own, and half a page would be empty."""
    dashboard = dashboards()[name]
    kinds = {panel["datasource"]["type"] for panel in shown(dashboard)}
    assert dashboard["timezone"] == "utc"
    if "event-time" in dashboard["tags"]:
        assert kinds == {POSTGRES_TYPE}
        facts = {each["name"] for each in dashboard["templating"]["list"] if each.get("hide") == 2}
        assert facts == {"data_from", "data_to"}, "what the link to the range of the data needs"
    else:
        assert "wall-clock" in dashboard["tags"] and POSTGRES_TYPE not in kinds


def test_what_measures_has_a_unit_and_what_alerts_judge_has_its_limits() -> None:
    limits = {}
    for dashboard in dashboards().values():
        for panel in shown(dashboard):
            fields = panel["fieldConfig"]["defaults"]
            if panel["type"] in ("timeseries", "stat", "gauge", "barchart", "candlestick", "table"):
                assert fields["unit"], panel["title"]
            steps = fields.get("thresholds", {}).get("steps", [])
            limits[panel["title"]] = [step["value"] for step in steps if step["value"] is not None]
    said = {rule["alert"]: rule["expr"] for rule in rules() if "alert" in rule}
    assert limits["Consumer lag"] == [60, 600] and said["ConsumerBehind"].endswith("> 600")
    assert limits["Unresolved"] == [1] and said["OrderUnresolved"].endswith("> 0")
    assert limits["Below its highest"] == [0.05] and said["AccountDrawdown"].endswith("> 0.05")
    assert limits["Loss limits used"] == [0.8, 1] and said["LimitUsed"].endswith(">= 0.8")
    assert limits["Limits of owners used"] == [0.8, 1] and said["OwnerLimitUsed"].endswith(">= 0.8")
    assert limits["Age of its training data"] == [14 * 86_400] and "> 14 * 86400" in said["ModelOld"]


def test_a_panel_that_measures_without_a_unit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PLATFORM / "grafana/source"))
    parts = import_module("parts")
    with pytest.raises(ValueError, match="panel 'Speed': expected a unit, such as s"):
        parts.panel("Speed", "stat", parts.prom("up"), says="How fast.")
    with pytest.raises(ValueError, match="panel 'Speed': expected what it shows, in words"):
        parts.panel("Speed", "stat", parts.prom("up"), unit="s", says="")


def test_every_dashboard_marks_alerts_restarts_and_models_and_the_market_its_fills() -> None:
    marked = {name: {mark["name"] for mark in each["annotations"]["list"]} for name, each in dashboards().items()}
    assert all(names >= {"Alerts", "Restarts", "Models"} for names in marked.values())
    in_market_time = {name for name, each in dashboards().items() if "event-time" in each["tags"]}
    assert all("Halts and limits" in marked[name] for name in in_market_time)
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
        {"record": f"panel:{number}", "expr": filled(query, PROMETHEUS_TYPE, dict.fromkeys(used_in(query), values))}
        for number, ((_, query), values) in enumerate(product(queries(PROMETHEUS_TYPE), (["a/b"], ["a/b", "c.d"])))
    ]
    file = tmp_path / "panels.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": asked}]}), encoding="utf-8")
    done = subprocess.run(
        [str(program("promtool")), "check", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("where", "query"), queries(POSTGRES_TYPE))
def test_a_query_of_the_store_is_one_for_risingwave_and_postgresql(where: str, query: str) -> None:
    tables = {table.name for table in TABLES} | {view.name for view in VIEWS}
    for dialect in ("risingwave", "postgres"):
        statement = parsed(query, dialect)
        assert {table.name for table in statement.find_all(exp.Table)} <= tables, where
        assert not list(statement.find_all(exp.Anonymous)), f"{where}: a function that is not of both"


def test_postgresql_answers_every_query() -> None:
    """With one, several and all chosen. A store with one row has every table and column; a wrong one is an error."""
    psycopg = pytest.importorskip("psycopg", reason="the extra featurestore[postgres] is not installed")
    try:
        with running_postgres() as url:
            with open_store(url) as writer:
                writer.write([example(Pnl)])
            with psycopg.connect(url, autocommit=True) as store:
                for (where, query), some in product(
                    queries(POSTGRES_TYPE), (["60"], ["60", "300"], ["60", "300", "5"])
                ):
                    try:
                        store.execute(filled(query, POSTGRES_TYPE, dict.fromkeys(used_in(query), some)).encode())
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
    texts = {name: text.replace('"type": "regex"', '"type": MappingType.RegexToText') for name, text in texts.items()}
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


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_brokers_give_each_metric_that_panels_and_rules_ask_of_them(environment: str) -> None:
    """Kafka's exporter gives those of groups and topics; a broker only what `allowList` names."""
    asked = {name for _, query in queries(PROMETHEUS_TYPE) for name in _OF_KAFKA.findall(query)}
    asked |= {name for rule in rules() for name in _OF_KAFKA.findall(rule["expr"])}
    of_brokers = {name for name in asked if not name.startswith(_OF_EXPORTER)}
    assert len(of_brokers) >= 3, "the dashboard of brokers asks brokers"
    patterns = allowed(environment)
    missing = {name for name in of_brokers if not any(re.fullmatch(pattern, name) for pattern in patterns)}
    assert not missing, f"no broker of {environment} gives {missing}: allowList is {patterns}"
