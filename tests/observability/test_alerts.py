"""Rules are what Prometheus takes, every alert fires when it should and is silent otherwise, and has its page."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from tests.observability.alert_cases import CASES, Case, Series
from tests.observability.rule_files import ALERTMANAGER, REPOSITORY, RULES, RUNBOOK, alerts, program

_MISSING = "is not installed: tests/observability/install.sh fetches it"
PROMTOOL = pytest.mark.skipif(program("promtool") is None, reason=f"promtool {_MISSING}")
AMTOOL = pytest.mark.skipif(program("amtool") is None, reason=f"amtool {_MISSING}")
_MOST_SUMMARY = 120
SITE = yaml.safe_load((REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8"))
PUBLISHED = SITE["site_url"]


def told_by(name: str, *arguments: str) -> str:
    """Run a checker; fail with what it says."""
    done = subprocess.run([str(program(name)), *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@PROMTOOL
def test_prometheus_takes_the_rules() -> None:
    told_by("promtool", "check", "rules", *map(str, sorted(RULES.glob("*.yaml"))))


@PROMTOOL
def test_every_alert_fires_and_is_silent(tmp_path: Path) -> None:
    file = tmp_path / "cases.yaml"
    tests = [test for case in CASES for test in unit_tests(case)]
    content = {"rule_files": [str(rules) for rules in sorted(RULES.glob("*.yaml"))], "tests": tests}
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    told_by("promtool", "test", "rules", str(file))


def unit_tests(case: Case) -> list[dict[str, Any]]:
    """Return promtool's tests of one case."""
    fired = dict.fromkeys((case.severity, *case.also), 1)
    fires = [firing(case.alert, case.at_minute, fired)]
    if case.before_minute is not None:
        fires.append(firing(case.alert, case.before_minute, {}))
    # A severity that is not the case's own may fire in its silent part: 90 seconds of lag are a warning.
    silent = firing(case.alert, case.at_minute, {}, severity=case.severity)
    return [unit_test(case.fires, fires), unit_test(case.silent, [silent])]


def unit_test(series: Series, expected: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": expected,
    }


def firing(alert: str, minute: int, expected: dict[str, int], severity: str = ".+") -> dict[str, Any]:
    query = f'count by (severity) (ALERTS{{alertname="{alert}",alertstate="firing",severity=~"{severity}"}})'
    samples = [{"labels": f'{{severity="{name}"}}', "value": value} for name, value in expected.items()]
    return {"expr": query, "eval_time": f"{minute}m", "exp_samples": samples}


def test_every_alert_has_a_case() -> None:
    assert {(case.alert, case.severity) for case in CASES} == {
        (alert["alert"], alert["labels"]["severity"]) for alert in alerts()
    }


def test_every_alert_says_what_it_is_and_where_its_page_is() -> None:
    for alert in alerts():
        name, annotations = alert["alert"], alert["annotations"]
        assert alert["labels"]["severity"] in ("critical", "warning"), name
        assert 0 < len(annotations["summary"]) <= _MOST_SUMMARY, name
        address = urlsplit(annotations["runbook_url"])
        assert address.scheme in ("http", "https") and address.netloc, f"{name}: not an address that a browser opens"
        assert annotations["runbook_url"] == f"{PUBLISHED}how-to/runbook.html#{name.lower()}", name


def test_the_address_of_a_page_is_the_one_that_the_site_has() -> None:
    """Its file and its heading's anchor are those of the site, with the settings of mkdocs.yml."""
    assert SITE["use_directory_urls"] is False and (RUNBOOK.parents[1] / "how-to/runbook.md") == RUNBOOK
    assert PUBLISHED.endswith("/")


def test_the_runbook_has_a_section_for_every_alert_and_no_other() -> None:
    text = RUNBOOK.read_text(encoding="utf-8")
    sections = re.findall(r"^## (\w+)$", text, re.MULTILINE)
    assert sections == list(dict.fromkeys(alert["alert"] for alert in alerts())), "in the order of the rules"
    for name, section in zip(sections, re.split(r"^## \w+$", text, flags=re.MULTILINE)[1:], strict=True):
        for part in ("Means:", "Look:", "Do:"):
            assert f"**{part}**" in section, f"{name} without {part}"


@AMTOOL
def test_alertmanager_takes_its_configuration_and_routes_by_severity(tmp_path: Path) -> None:
    # `url_file` is younger than Debian's Alertmanager; addresses in its place, it is read like any other.
    configuration = tmp_path / "alertmanager.yaml"
    text = ALERTMANAGER.read_text(encoding="utf-8").replace("url_file: /", "url: http://localhost/")
    configuration.write_text(text, encoding="utf-8")
    told_by("amtool", "check-config", str(configuration))
    for alert in alerts():
        severity = alert["labels"]["severity"]
        route = ("amtool", "config", "routes", "test", f"--config.file={configuration}")
        receiver = told_by(*route, f"alertname={alert['alert']}", f"severity={severity}").strip()
        assert receiver == {"critical": "page", "warning": "tickets"}[severity]
