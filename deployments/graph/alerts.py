"""The alerts that ask whether every service is there."""

from __future__ import annotations

import re
from pathlib import Path

from contracts.services import SERVICES

_ALERTS = """\
      - alert: ServiceDown
        expr: up{{app=~"{apps}"}} == 0
        for: 2m
        labels: {{severity: critical, part_of: tradestream}}
        annotations:
          summary: "{{{{ $labels.app }}}} does not answer"
          runbook_url: {runbook}#servicedown
      - alert: ServiceMissing
        expr: |
          count by (app) (count_over_time(up{{app=~"{apps}"}}[1d]))
          unless on (app) count by (app) (up{{app=~"{apps}"}})
        for: 5m
        labels: {{severity: critical, part_of: tradestream}}
        annotations:
          summary: "there is no {{{{ $labels.app }}}}, and there was one within a day"
          runbook_url: {runbook}#servicemissing
"""
_ROOT = Path(__file__).resolve().parents[2]
#: Where the documentation is published: an alert's page opens from Alertmanager.
_SITE = re.findall(r"^site_url: (\S+)$", (_ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)[0]
_RUNBOOK = f"{_SITE}how-to/runbook.html"


def parts() -> dict[str, dict[str, str]]:
    """Return the alerts."""
    apps = [each.app for each in SERVICES]
    text = _ALERTS.format(apps="|".join(apps), runbook=_RUNBOOK)
    return {"deployments/platform/prometheus/rules/alerts.yaml": {"alerts": text}}
