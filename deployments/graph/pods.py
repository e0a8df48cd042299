"""The Deployment of each live service, and how large its pod is; a service that is not listed has the default."""

from __future__ import annotations

from dataclasses import dataclass

from deployments.graph import HEADER
from deployments.graph.settings import has_settings

from contracts.services import SERVICES, ServiceSpec

#: Partitions move once for each pod, and never to one that is about to end.
_ONE_BY_ONE = "{type: RollingUpdate, rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}"
#: Two writers of one pair do no harm (candles drops by trade id): the new one is connected before the old one ends.
_SURGE = "{type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}"
#: One process for a folder of files, or for the keys of a venue.
_RECREATE = "{type: Recreate}"


@dataclass(frozen=True)
class Pod:
    """What a pod asks for, and how it is replaced."""

    cpu: str = "100m"
    memory: str = "192Mi"
    memory_limit: str = "512Mi"
    grace_seconds: int = 60
    strategy: str = _ONE_BY_ONE
    market: bool = False
    claim: str = ""


#: What a Secret of private keys holds.
KEYS = ("api-key", "api-secret")
PODS = {
    "trades": Pod(grace_seconds=40, strategy=_SURGE, market=True),
    "candles": Pod(cpu="200m", memory_limit="768Mi"),
    "indicators": Pod(cpu="200m", memory="256Mi", memory_limit="1Gi"),
    "predictions": Pod(cpu="200m", memory="384Mi", memory_limit="1Gi"),
    "signals": Pod(market=True),
    "execution": Pod(market=True),
    "gateway": Pod(grace_seconds=40, strategy=_RECREATE, market=True),
    "history": Pod(memory="256Mi", memory_limit="768Mi", grace_seconds=120, strategy=_RECREATE, claim="10Gi"),
}


def files() -> dict[str, str]:
    """Return the manifest of each live service."""
    return {
        f"deployments/base/live/{each.app}.yaml": HEADER + _deployment(each, PODS.get(each.name, Pod()))
        for each in SERVICES
    }


def _deployment(service: ServiceSpec, pod: Pod) -> str:
    app = service.app
    maps = ["tradestream", *(["market"] if pod.market else []), *([app] if has_settings(service) else [])]
    settings = "".join(f"            - configMapRef: {{name: {name}}}\n" for name in maps)
    env = f"            - {{name: {service.name.upper()}_VARIANT, value: live}}\n" if service.variants[1:] else ""
    env += "".join(_key(service, name) for name in KEYS) if "keys" in service.needs else ""
    return f"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {app}-live
  labels: {{app: {app}, variant: live, app.kubernetes.io/part-of: tradestream}}
spec:
  replicas: 1
  strategy: {pod.strategy}
  selector:
    matchLabels: {{app: {app}, variant: live}}
  template:
    metadata:
      labels: {{app: {app}, variant: live}}
    spec:
      serviceAccountName: {app}
      terminationGracePeriodSeconds: {pod.grace_seconds}
      containers:
        - name: service
          image: tradestream/{service.name}
          envFrom:
{settings}{"          env:" + chr(10) + env if env else ""}\
          resources:
            requests: {{cpu: {pod.cpu}, memory: {pod.memory}, ephemeral-storage: 256Mi}}
            limits: {{memory: {pod.memory_limit}, ephemeral-storage: 3Gi}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {app}-live
  labels: {{app: {app}, variant: live, app.kubernetes.io/part-of: tradestream}}
spec:
  maxUnavailable: 1
  selector:
    matchLabels: {{app: {app}, variant: live}}
{_claim(app, pod.claim) if pod.claim else ""}"""


def _key(service: ServiceSpec, name: str) -> str:
    """Return a variable whose value is in the Secret that bears the service's name: nothing else mounts it."""
    secret = f"{{name: {service.app}, key: {name}, optional: true}}"
    variable = f"{service.name}_{name}".upper().replace("-", "_")
    return f"            - name: {variable}\n              valueFrom: {{secretKeyRef: {secret}}}\n"


def _claim(app: str, size: str) -> str:
    return f"""\
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {app}
  labels: {{app: {app}, app.kubernetes.io/part-of: tradestream}}
spec:
  accessModes: [ReadWriteOnce]
  resources: {{requests: {{storage: {size}}}}}
"""
