"""Write the dashboards, and the rules as Kubernetes objects: `make dashboards`.

Seven dashboards of thousands of lines of JSON are made of the few lines here. What is made is what Grafana and
Kubernetes are given; a test holds it against this.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

import yaml
from brokers import brokers
from forecasts import predictions
from links import runbook_url
from live import live
from market import market
from system import system
from trading import trading

from features import features

PLATFORM = Path(__file__).resolve().parents[2]
DASHBOARDS = {
    "market": market,
    "features": features,
    "predictions": predictions,
    "trading": trading,
    "live": live,
    "system": system,
    "brokers": brokers,
}
_WRITTEN = "# Written by `make dashboards` from rules/{name}: change that, not this file.\n"


def files() -> dict[Path, str]:
    """Return the text of each file, by its path below deployments/platform."""
    made = {
        Path(f"grafana/dashboards/{name}.json"): json.dumps(make(), indent=1, ensure_ascii=False) + "\n"
        for name, make in DASHBOARDS.items()
    }
    for rules in sorted((PLATFORM / "prometheus/rules").glob("*.yaml")):
        text = with_pages(rules.read_text(encoding="utf-8"))
        made[Path(f"prometheus/rules/{rules.name}")] = text
        resource = {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": {"name": f"tradestream-{rules.stem}", "namespace": "tradestream"},
            "spec": yaml.safe_load(text),
        }
        copy = yaml.safe_dump(resource, sort_keys=False, width=200)
        made[Path(f"prometheus/kubernetes/{rules.name}")] = _WRITTEN.format(name=rules.name) + copy
    return made


def with_pages(rules: str) -> str:
    """Return the text of rules in which each alert names its page where the documentation is published."""
    alert = ""
    lines = []
    for line in rules.splitlines(keepends=True):
        if named := re.match(r"\s*- alert: (\w+)$", line):
            alert = named[1]
        lines.append(re.sub(r"(runbook_url: ).*", rf"\g<1>{runbook_url(alert)}", line))
    return "".join(lines)


def main() -> int:
    """Write all files, or with --check say which differ and return 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file differs")
    check = parser.parse_args().check
    differing = 0
    for path, text in files().items():
        place = PLATFORM / path
        if place.exists() and place.read_text(encoding="utf-8") == text:
            continue
        differing += 1
        print(f"{'differs' if check else 'written'}: deployments/platform/{path}")
        if not check:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
    return 1 if check and differing else 0


if __name__ == "__main__":
    raise SystemExit(main())
