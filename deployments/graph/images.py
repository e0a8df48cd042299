"""What an image is made of, what make may be asked for, and the containers of compose.yaml."""

from __future__ import annotations

import json

from deployments.graph import HEADER

from contracts.services import SERVICE_NAMES, SERVICES, ServiceSpec

#: What only containers are told, as compose.yaml's anchors have it, beside what every service is.
_ANCHORS = {"trades": "market", "indicators": "indicators"}
_SETTINGS = {
    "trades-historical": "TRADES_HISTORY_DAYS: ${TRADES_HISTORY_DAYS:-2.5}",
    "signals-live": "TRADES_EXCHANGE: ${TRADES_EXCHANGE:-kraken}",
    "gateway-live": "GATEWAY_API_KEY: ${GATEWAY_API_KEY:-}\n      GATEWAY_API_SECRET: ${GATEWAY_API_SECRET:-}",
}
#: What images are built for; every locked package has wheels for both (a test).
PLATFORMS = ("linux/amd64", "linux/arm64")


def files() -> dict[str, str]:
    """Return the names that make knows, and how buildx builds each for several platforms."""
    names = " ".join(SERVICE_NAMES)
    return {
        "make/graph.mk": f"{HEADER}SERVICES := {names}\nIMAGES   := $(SERVICES) simulator train study mlflow\n",
        "docker/bake.json": json.dumps(_bake(), indent=2) + "\n",
    }


def _bake() -> dict[str, object]:
    targets = {name: _target(name, "service", {"SERVICE": name}) for name in (*SERVICE_NAMES, "simulator")}
    targets["train"] = _target("train", "train", {"MODEL": "${MODEL}", "TORCH_INDEX": "${TORCH_INDEX}"})
    targets["study"] = _target("study", "study", {})
    targets["mlflow"] = _target("mlflow", "mlflow", {})
    return {
        "//": HEADER.removeprefix("# ").strip(),
        "variable": {"TAG": {"default": "dev"}, "MODEL": {"default": ""}, "TORCH_INDEX": {"default": ""}},
        "group": {"default": {"targets": list(targets)}},
        "target": targets,
    }


def _target(name: str, dockerfile: str, arguments: dict[str, str]) -> dict[str, object]:
    return {
        "context": ".",
        "dockerfile": f"docker/{dockerfile}.Dockerfile",
        "args": arguments,
        "platforms": list(PLATFORMS),
        "tags": [f"tradestream/{name}:${{TAG}}"],
    }


def parts() -> dict[str, dict[str, str]]:
    """Return images.sh's cases, compose.yaml's containers and what its Prometheus asks."""
    plain = " | ".join(each.name for each in SERVICES if "store" not in each.needs)
    stored = " | ".join(each.name for each in SERVICES if "store" in each.needs)
    jobs = [each for each in SERVICES if "historical" in each.variants]
    before = ["topics", *(f"{each.app}-historical" for each in jobs)]
    history = [_job(each, waits_for) for each, waits_for in zip(jobs, before, strict=False)]
    return {
        "docker/images.sh": {
            "services": f'  {plain}) echo "--package tradestream-$1" ;;\n'
            f'  {stored}) echo "--package tradestream-$1 $store" ;;\n',
            "names": f'services="{", ".join(SERVICE_NAMES)}"\n',
        },
        "docker/compose.yaml": {
            "jobs": "\n".join(history),
            "services": "\n".join(map(_live, SERVICES)),
            "volumes": "".join(f"  {each.name}:\n" for each in SERVICES if each.input),
        },
        "docker/prometheus.yaml": {"targets": "".join(f"          - {each.app}-live:9100\n" for each in SERVICES)},
        "services/embedded/pyproject.toml": {
            "services": "".join(f'    "tradestream-{each.name}",\n' for each in SERVICES),
            "sources": "".join(f"tradestream-{each.name} = {{ workspace = true }}\n" for each in SERVICES),
        },
    }


def _job(service: ServiceSpec, waits_for: str) -> str:
    told = f"      {service.name.upper()}_VARIANT: historical\n"
    waits = f"      {waits_for}: {{ condition: service_completed_successfully }}\n"
    return _container(service, "historical", "job", told, waits)


def _live(service: ServiceSpec) -> str:
    before = f"{service.app}-historical" if "historical" in service.variants else "topics"
    before = "train" if "models" in service.needs else before
    waits = "      kafka: { condition: service_healthy }\n"
    waits += f"      {before}: {{ condition: service_completed_successfully }}\n"
    return _container(service, "live", "service", "", waits)


def _container(service: ServiceSpec, variant: str, kind: str, told: str, waits: str) -> str:
    own = _ANCHORS.get(service.name)
    anchors = ["settings", *(["store"] if "store" in service.needs else [])]
    anchors += ["mlflow"] if "models" in service.needs else []
    anchors += [own] if own else []
    extra = _SETTINGS.get(f"{service.name}-{variant}")
    told += f"      {extra}\n" if extra else ""
    merged = f"      <<: [{', '.join(f'*{each}' for each in anchors)}]\n{told}"
    settings = f"    environment:\n{merged}" if len(anchors) > 1 or told else "    environment: *settings\n"
    return f"""\
  {service.app}-{variant}:
    <<: *{kind}
    image: tradestream/{service.name}:${{TAG:-dev}}
{settings}{f'    volumes: ["{service.name}:/data"]{chr(10)}' if service.input else ""}\
    depends_on:
{waits}"""
