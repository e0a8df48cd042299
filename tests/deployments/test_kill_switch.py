"""The words of docs/how-to/control.md for a cluster, run as they stand: `kubectl exec` runs them here."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.deployments.planted_faults import _programs
from tests.support.pod_templates import pods
from tests.support.workspace import ROOT

from contracts.account import Account
from contracts.operator_command import OperatorCommand
from contracts.topics import CONTROL, SIGNALS
from streaming.clients import create_topics, read_topic
from streaming.control import ControlSettings

SAID = "it's a $(word)"
#: Fails where the account that is meant does not hold what the real one would be given.
_KUBECTL = """
case "$*" in
*"get secret operator-prod -o jsonpath={.data.password}") printf %s "$ENCODED" ;;
*"exec "*deployment/execution-live*) while [ "$1" != -- ]; do shift; done; shift; PATH="$PODS:$PATH" exec "$@" ;;
*) exit 9 ;;
esac"""


def commands() -> list[str]:
    """Return the commands of the page that go through kubectl, each with its continuation lines."""
    lines = (ROOT / "docs/how-to/control.md").read_text(encoding="utf-8").splitlines()
    found: list[str] = []
    for before, line in zip(["", *lines], lines, strict=False):
        if line.startswith("    kubectl "):
            found.append(line)
        elif found and line.startswith("      ") and before.startswith("    "):
            found[-1] += f"\n{line}"
    return found


def test_the_page_has_one_for_dev_and_one_for_prod() -> None:
    dev, prod = commands()
    assert "operator-prod" in prod and "operator" not in dev


@pytest.mark.parametrize("command", commands(), ids=["dev", "prod"])
def test_a_halt_from_kubectl_reaches_the_accounts(command: str, tmp_path: Path) -> None:
    account = Account(name="demo", pairs=("BTC/USD",))
    settings = ControlSettings(broker_address=f"embedded://{tmp_path}/log", data_dir=tmp_path, accounts=(account,))
    create_topics(settings, [CONTROL, SIGNALS])
    told = {
        "TRADESTREAM_BROKER_ADDRESS": settings.broker_address,
        "TRADESTREAM_DATA_DIR": str(tmp_path),
        "TRADESTREAM_ACCOUNTS": json.dumps([account.model_dump(mode="json")]),
        "ENCODED": base64.b64encode(SAID.encode()).decode(),
    }
    # In the pod, python is that of the image; it says what password it was given.
    python = f'printf %s "$TRADESTREAM_SASL_PASSWORD" >"{tmp_path}/password"; exec "{sys.executable}" "$@"'
    with _programs(kubectl=_KUBECTL) as calls, _programs(python=python) as inside:
        path = f"{calls.parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, **told, "PODS": str(inside.parent), "PATH": path}
        done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (command_on_signals,) = [record.message() for record in read_topic(settings, SIGNALS)]
    assert isinstance(command_on_signals, OperatorCommand)
    assert (command_on_signals.action, command_on_signals.account) == ("halt", "demo")
    assert (command_on_signals.issued_by, command_on_signals.reason) == ("alice", "the feed looks wrong")
    assert [record.message() for record in read_topic(settings, CONTROL)] == [command_on_signals]
    assert (tmp_path / "password").read_text() == (SAID if "operator-prod" in command else "")


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_there_is_a_pod_to_say_it_in(rendered, env: str) -> None:
    live = {owner["metadata"]["name"]: pod for owner, _, pod in pods(rendered[f"{env}/live"])}
    (container,) = live["execution-live"]["containers"]
    assert container["image"].startswith("tradestream/execution")
