"""What a cluster has for each service: an account, its settings, its manifest, and in prod a user on Kafka."""

from __future__ import annotations

import json

from deployments.graph.settings import has_settings

from contracts.services import SERVICES

_ACCOUNT = """\
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {app}
  labels: {{app: tradestream, app.kubernetes.io/part-of: tradestream}}
automountServiceAccountToken: false
"""
_ACCESS = """\
  - target: {{kind: Deployment|Job, labelSelector: app={app}}}
    patch: |
      apiVersion: apps/v1
      kind: Deployment
      metadata: {{name: any}}
      spec:
        template:
          spec:
            containers:
              - name: service
                env:
                  - {{name: TRADESTREAM_SASL_USERNAME, value: {name}-prod}}
                  - name: TRADESTREAM_SASL_PASSWORD
                    valueFrom: {{secretKeyRef: {{name: {name}-prod, key: password}}}}
"""


def files() -> dict[str, str]:
    """Return the list of services for deploy.py, which has the standard library alone."""
    listed = [{"name": each.name, "app": each.app, "variants": each.variants} for each in SERVICES]
    return {"deployments/services.json": json.dumps(listed, indent=2) + "\n"}


def parts() -> dict[str, dict[str, str]]:
    """Return accounts, settings, resources and access to Kafka."""
    named = [{"app": each.app, "name": each.name} for each in SERVICES]
    settings = (
        f"  - {{name: {each.app}, envs: [settings/{each.name}.env]}}\n" for each in SERVICES if has_settings(each)
    )
    return {
        "deployments/base/services/accounts.yaml": {"accounts": "".join(_ACCOUNT.format(**each) for each in named)},
        "deployments/base/services/kustomization.yaml": {"settings": "".join(settings)},
        "deployments/base/live/kustomization.yaml": {
            "resources": "".join(f"  - {each.app}.yaml\n" for each in SERVICES)
        },
        "deployments/prod/kafka-access/kustomization.yaml": {
            "users": "".join(_ACCESS.format(**each) for each in named)
        },
    }
