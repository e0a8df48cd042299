"""The alerts that ask whether every service is there."""

from __future__ import annotations

from textwrap import wrap

from contracts.services import SERVICES

_ALERTS = """\
      - alert: ServiceDown
        expr: up{{app=~"{apps}"}} == 0
        for: 2m
        labels: {{severity: critical}}
        annotations:
          summary: "{{{{ $labels.app }}}} does not answer"
          runbook_url: {runbook}#servicedown
      - alert: ServiceMissing
        expr: |
{missing}
        for: 5m
        labels: {{severity: critical}}
        annotations:
          summary: "there is no {{{{ $labels.app }}}}"
          runbook_url: {runbook}#servicemissing
"""
_RUNBOOK = "docs/how-to/runbook.md"


def parts() -> dict[str, dict[str, str]]:
    """Return the alerts."""
    apps = [each.app for each in SERVICES]
    absent = " or ".join(f'absent(up{{app="{app}"}})' for app in apps)
    lines = [f"          {line}" for line in wrap(absent, 100, break_long_words=False, break_on_hyphens=False)]
    text = _ALERTS.format(apps="|".join(apps), missing="\n".join(lines), runbook=_RUNBOOK)
    return {"deployments/platform/prometheus/rules/alerts.yaml": {"alerts": text}}
