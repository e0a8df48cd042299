#!/usr/bin/env python3
"""Services on a Kubernetes cluster: `deploy.py deploy --service candles`, and what goes with it.

Standard library only. Works on kubectl's current context. What is applied is written to `runs/deploy/` first, as a
kustomization on top of `deployments/<env>/<variant>` that says which images.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waiting import explain, watched

ROOT = Path(__file__).resolve().parents[1]
NAMESPACE = "tradestream"
ENVIRONMENTS = ("dev", "prod")
#: What is asked for once, with arguments of its own: study.py.
STUDY = "study"
VARIANTS = ("historical", "live", "scheduled", STUDY)
#: The first is that of settings/market.env unless somebody has written another one there.
MARKETS = ("kraken", "coinbase", "binance", "simulator")
ROLLOUT_SECONDS = 300
#: The services of contracts, as `make graph` has written them: here is the standard library alone.
LISTED = json.loads((ROOT / "deployments/services.json").read_text(encoding="utf-8"))
#: The stages whose history is written before anything is live, in flow order.
BACKFILL = tuple(each["name"] for each in LISTED if "historical" in each["variants"])


@dataclass(frozen=True)
class Service:
    """A service as the cluster knows it.

    Parameters
    ----------
    app
        Label and stem of the names: `<app>-live`, `<app>-historical`; a CronJob is called `<app>`.
    images
        Image by variant; a variant that is not there does not exist.
    """

    app: str
    images: dict[str, str]


#: Whose rows people query in RisingWave: the tables are applied with it, from its image.
TABLES_FROM = "indicators"
#: Where RisingWave is, when it is there.
STORE = ("risingwave", "risingwave-frontend")
TABLES_SECONDS = 300
SERVICES = {each["name"]: Service(each["app"], dict.fromkeys(each["variants"], each["name"])) for each in LISTED} | {
    "tables": Service("tables", {"historical": TABLES_FROM}),
    "training": Service("training", {"scheduled": "train"}),
    "check-topics": Service("check-topics", {"scheduled": "candles"}),
    "check-data": Service("check-data", {"scheduled": "candles"}),
    "simulator": Service("simulator", {"live": "simulator"}),
    STUDY: Service("study", {STUDY: "study"}),
}
SERVICES["predictions"].images["historical"] = "train"  # history for a model is training
#: What the topic and the deployment of a service are called, where that is not its name.
ALIASES = {app: each["name"] for each in LISTED for app in (each["app"], each["app"].replace("-", "_"))}
FORWARDS = (
    ("Kafka UI", "kafka", "kafka-ui", "8182:8080", "http://localhost:8182"),
    ("RisingWave", "risingwave", "risingwave-frontend", "4567:4567", "psql -h localhost -p 4567 -d dev -U root"),
    ("MLflow", "mlflow", "mlflow", "5000:5000", "http://localhost:5000"),
    ("Grafana", "grafana", "grafana", "3000:3000", "http://localhost:3000"),
    ("Prometheus", "monitoring", "prometheus-operated", "9090:9090", "http://localhost:9090"),
    ("Alertmanager", "monitoring", "alertmanager-operated", "9093:9093", "http://localhost:9093"),
)


class DeployError(Exception):
    """Something that the person at the keyboard can mend."""


@dataclass(frozen=True)
class Target:
    """What is deployed, and as what."""

    name: str
    env: str
    variant: str
    market: str = "kraken"
    registry: str = ""
    tag: str = ""

    @property
    def service(self) -> Service:
        """The service."""
        return SERVICES[self.name]

    @property
    def app(self) -> str:
        """The label of its objects."""
        return self.service.app

    @property
    def resource(self) -> str:
        """Its Deployment, Job or CronJob, as kubectl names it."""
        if self.variant == "scheduled":
            return f"cronjob/{self.app}"
        return f"{'job' if self.variant == 'historical' else 'deployment'}/{self.app}-{self.variant}"

    @property
    def image(self) -> str:
        """Its image, without registry and tag."""
        return f"tradestream/{self.service.images[self.variant]}"


# --- arguments ------------------------------------------------------------------------------------------------------


def target(asked: argparse.Namespace, variant: str | None = None) -> Target:
    """Return what was asked for, or say what there is.

    Raises
    ------
    DeployError
        If there is no such service, environment, variant or market.
    """
    name = ALIASES.get(asked.service, asked.service)
    _one_of("service", name, SERVICES)
    _one_of("env", asked.env, ENVIRONMENTS)
    variant = variant or asked.variant
    _one_of("variant", variant, VARIANTS)
    _one_of("market", asked.market, MARKETS)
    if variant not in SERVICES[name].images:
        others = ", ".join(each for each, service in SERVICES.items() if variant in service.images)
        raise DeployError(f"{name} has no {variant} variant; those that have one: {others}")
    market = "simulator" if name == "simulator" else asked.market
    return Target(name, asked.env, variant, market, asked.registry, asked.tag)


def _one_of(argument: str, given: str, known: object) -> None:
    names = [str(each) for each in known]  # type: ignore[attr-defined]
    if given not in names:
        raise DeployError(f"expected {argument}= one of {', '.join(names)}, was '{given}'")


# --- images ---------------------------------------------------------------------------------------------------------


def image_of(wanted: Target) -> tuple[str, str]:
    """Return name and tag of the image: those given, or those of the image built last on this machine."""
    if wanted.registry or wanted.env == "prod":
        if not (wanted.registry and wanted.tag):
            raise DeployError("expected registry= and tag= (make build-and-push says which): prod runs pushed images")
        return f"{wanted.registry}/{wanted.image}", wanted.tag
    if wanted.tag:
        return wanted.image, wanted.tag
    try:
        # As docker/build.sh does: pods are replaced exactly when the image has changed.
        tag = output(str(ROOT / "docker/content.sh"), f"{wanted.image}:dev").strip()
    except DeployError as error:
        raise DeployError(f"no image {wanted.image}:dev on this machine: make build-and-deploy builds it") from error
    output("docker", "tag", f"{wanted.image}:dev", f"{wanted.image}:{tag}")
    return wanted.image, tag


def load_into_kind(image: str) -> None:
    """Give the image to the nodes of the kind cluster, if that is where we are."""
    context = output("kubectl", "config", "current-context").strip()
    if context.startswith("kind-"):
        run("kind", "load", "docker-image", image, "--name", context.removeprefix("kind-"))


# --- commands -------------------------------------------------------------------------------------------------------


def deploy(wanted: Target) -> None:
    """Apply it; a Deployment is waited for until its pods are ready."""
    if wanted.variant == STUDY:
        raise DeployError(
            "a study is begun by what asks for it: make backtest, optimise, luck or walk-forward where=cluster"
        )
    started = time.monotonic()
    name, tag = image_of(wanted)
    if wanted.env == "dev" and not wanted.registry:
        load_into_kind(f"{name}:{tag}")
    folder = write_kustomization(wanted, name, tag)
    if wanted.variant == "historical":  # the template of a Job cannot be changed
        kubectl("delete", wanted.resource, "--ignore-not-found", "--wait")
    kubectl("apply", "-k", str(folder), "-l", f"app in (tradestream, {wanted.app})")
    if wanted.variant == "live":
        rollout(wanted)
    say(f"{wanted.resource} with {name}:{tag}, {time.monotonic() - started:.0f} s")
    if wanted.name == TABLES_FROM:
        apply_tables(wanted)
    if wanted.variant == "historical":
        say(f"it is running; to follow it: make logs service={wanted.name} variant=historical")


def rollout(wanted: Target) -> None:
    """Wait until the pods of a Deployment are ready, and say what hinders them if they do not become so.

    Raises
    ------
    DeployError
        If they are not ready in time.
    """
    command = ["kubectl", "-n", NAMESPACE, "rollout", "status", wanted.resource, f"--timeout={ROLLOUT_SECONDS}s"]
    if watched(wanted.resource, command, namespace=NAMESPACE, minutes=ROLLOUT_SECONDS / 60):
        raise DeployError(f"{wanted.resource} is not ready after {ROLLOUT_SECONDS} s, see above")


def apply_tables(beside: Target) -> None:
    """Make RisingWave's tables and views, if there is a RisingWave; those that are there stay as they are.

    Parameters
    ----------
    beside
        The target that they come with: environment and image are its own.
    """
    namespace, service = STORE
    command = ["kubectl", "-n", namespace, "get", "service", service]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        say("no RisingWave in this cluster, so no tables: make cluster parts=risingwave brings one")
        return
    tables = Target("tables", beside.env, "historical", beside.market, beside.registry, beside.tag)
    deploy(tables)
    wait_for_job(tables.resource, TABLES_SECONDS)


def write_kustomization(wanted: Target, name: str, tag: str) -> Path:
    """Write what is applied, and return its folder."""
    folder = ROOT / "runs" / "deploy" / f"{wanted.env}-{wanted.app}-{wanted.variant}"
    folder.mkdir(parents=True, exist_ok=True)
    above = os.path.relpath(ROOT / "deployments", folder)
    image = {"name": wanted.image, "newName": name, "newTag": tag}
    content = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": NAMESPACE,
        "resources": [f"{above}/{wanted.env}/{wanted.variant}"],
        "components": [f"{above}/components/simulated-market"] if wanted.market == "simulator" else [],
        "configMapGenerator": _market_settings(wanted.market),
        "images": [image],
    }
    # JSON is YAML.
    (folder / "kustomization.yaml").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return folder


def _market_settings(market: str) -> list[dict[str, Any]]:
    """Return what settings/market.env says otherwise: whose trades, and where orders go."""
    if market in (MARKETS[0], "simulator"):
        return []
    literals = [f"TRADES_EXCHANGE={market}", f"GATEWAY_EXCHANGE={market}"]
    return [{"name": "market", "behavior": "merge", "literals": literals}]


def status_of(job: str) -> dict[str, Any]:
    """Return the status of a Job."""
    status: dict[str, Any] = json.loads(output("kubectl", "-n", NAMESPACE, "get", job, "-o", "json"))["status"]
    return status


def conditions(status: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the conditions of a status that hold, by type."""
    return {each["type"]: each for each in status.get("conditions", []) if each["status"] == "True"}


def wait_for_job(job: str, seconds: int) -> None:
    """Return when the Job is complete.

    Raises
    ------
    DeployError
        If it failed, or has not ended in time.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        status = status_of(job)
        ended = conditions(status)
        if "Complete" in ended:
            say(f"{job} is complete: {status['startTime']} to {status['completionTime']}")
            return
        if "Failed" in ended:
            raise DeployError(f"{job} failed: {ended['Failed'].get('message', '')}")
        time.sleep(1)
    say(explain(NAMESPACE))
    raise DeployError(f"{job} has not ended after {seconds} s: kubectl -n {NAMESPACE} logs {job}")


def backfill(asked: argparse.Namespace) -> None:
    """The Jobs of history, all at work at once; when all have ended, their live services."""
    names = [asked.service] if asked.service else list(BACKFILL)
    jobs = [target(argparse.Namespace(**{**vars(asked), "service": name}), "historical") for name in names]
    for job in jobs:
        deploy(job)
    for job in jobs:
        wait_for_job(job.resource, asked.timeout)
    for job in reversed(jobs):  # readers before writers
        deploy(Target(job.name, job.env, "live", job.market, job.registry, job.tag))


def run_now(wanted: Target, seconds: int) -> None:
    """Do now, once, what is scheduled; what it says is shown, and it is waited for."""
    job = f"job/{wanted.app}-now"
    kubectl("delete", job, "--ignore-not-found", "--wait")
    kubectl("create", "job", job.removeprefix("job/"), f"--from={wanted.resource}")
    try:
        wait_for_job(job, seconds)
    finally:
        kubectl("logs", job, "--tail=100")


def shutdown(wanted: Target) -> None:
    """Take it away; topics, state and files of history stay."""
    if wanted.variant == STUDY:  # its results stay on their volume
        kubectl("delete", "jobs,configmaps", "-l", f"app={wanted.app}")
        return
    budget = f"poddisruptionbudget/{wanted.app}-{wanted.variant}"
    kubectl("delete", wanted.resource, budget, "--ignore-not-found")


def logs(wanted: Target, follow: bool) -> None:
    """Print what its pods have said."""
    kubectl(
        "logs",
        "-l",
        f"app={wanted.app},variant={wanted.variant}",
        "--tail=100",
        "--prefix",
        "--max-log-requests=12",
        *(["--follow"] if follow else []),
    )


def status() -> None:
    """Print what runs, how much it takes where that is measured, and what happened last."""
    kubectl("get", "deployments,jobs,cronjobs,pods", "-o", "wide")
    subprocess.run(["kubectl", "-n", NAMESPACE, "top", "pods"], check=False)


def port_forward() -> None:
    """Forward what the cluster has to this machine until Ctrl-C."""
    running = []
    for title, namespace, service, ports, address in FORWARDS:
        found = subprocess.run(
            ["kubectl", "-n", namespace, "get", "service", service], capture_output=True, check=False
        )
        if found.returncode:
            say(f"{title}: no service {service} in namespace {namespace}")
            continue
        command = ["kubectl", "-n", namespace, "port-forward", f"service/{service}", ports]
        running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
        say(f"{title}: {address}")
    try:
        for each in running:
            each.wait()
    except KeyboardInterrupt:
        for each in running:
            each.terminate()


def print_settings() -> None:
    """Print what live services are set to, for a shell to read; addresses are those of the cluster."""
    deployments = json.loads(output("kubectl", "-n", NAMESPACE, "get", "deployments", "-o", "json"))["items"]
    maps = {
        source["configMapRef"]["name"]
        for each in deployments
        for container in each["spec"]["template"]["spec"]["containers"]
        for source in container.get("envFrom", ())
    }
    for name in sorted(maps):
        data = json.loads(output("kubectl", "-n", NAMESPACE, "get", "configmap", name, "-o", "json"))["data"]
        for variable, value in sorted(data.items()):
            say(f"{variable}={shlex.quote(value)}")


# --- shell ----------------------------------------------------------------------------------------------------------


def say(text: str) -> None:
    """Print at once, so that it stands before what the next command prints."""
    print(text, flush=True)


def kubectl(*arguments: str) -> None:
    """Run kubectl in our namespace and show what it is asked."""
    run("kubectl", "-n", NAMESPACE, *arguments)


def run(*command: str) -> None:
    """Run a command and show it.

    Raises
    ------
    DeployError
        If it is not there or fails.
    """
    _there(command[0])
    say("+ " + " ".join(command))
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise DeployError(f"{command[0]} failed, see above")


def output(*command: str) -> str:
    """Return what a command prints."""
    _there(command[0])
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DeployError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def _there(program: str) -> None:
    if shutil.which(program) is None:
        raise DeployError(f"{program} is needed, and is not on the PATH")


def main(arguments: list[str]) -> int:
    """Run a command and return its exit code: 2 for wrong arguments, a missing tool, or a failure."""
    parser = argparse.ArgumentParser(prog="deploy.py", description=__doc__.split("\n")[0])
    commands = (
        "known",
        "image",
        "deploy",
        "backfill",
        "run-now",
        "shutdown",
        "logs",
        "status",
        "settings",
        "port-forward",
    )
    parser.add_argument("command", choices=commands)
    for name, default in (("service", ""), ("env", "dev"), ("variant", "live"), ("market", "kraken")):
        parser.add_argument(f"--{name}", default=default)
    parser.add_argument("--registry", default="")
    parser.add_argument("--tag", default="")
    parser.add_argument("--timeout", type=int, default=3600, help="seconds that a Job may take")
    parser.add_argument("--follow", action="store_true")
    asked = parser.parse_args(arguments)
    try:
        match asked.command:
            case "known":  # wrong arguments are told before anything is built
                target(asked)
            case "image":
                say(target(asked).image.removeprefix("tradestream/"))
            case "deploy":
                deploy(target(asked))
            case "backfill":
                backfill(asked)
            case "run-now":
                run_now(target(asked, "scheduled"), asked.timeout)
            case "shutdown":
                shutdown(target(asked))
            case "logs":
                logs(target(asked), asked.follow)
            case "status":
                status()
            case "settings":
                print_settings()
            case "port-forward":
                port_forward()
    except DeployError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
