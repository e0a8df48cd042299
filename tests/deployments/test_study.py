"""A study in the cluster: its words and files as the pod has them, and what it wrote, here again."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import check
import deploy
import platform_manifests
import pod_rules
import pytest
import study
from study import Asked

TARGET = deploy.Target(deploy.STUDY, "dev", deploy.STUDY)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a strategy, an account and no results yet."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("class Mine: ...\n", encoding="utf-8")
    (tmp_path / "accounts.toml").write_text("", encoding="utf-8")
    return tmp_path


def test_files_go_along_and_folders_are_the_volumes() -> None:
    words = ["luck", "--strategy=mine.py", "--accounts=accounts.toml", "--winner=runs/optimise", "--pairs=BTC/USD"]
    asked = Asked([*words, "--out=runs/mine", "--replace"])
    assert asked.arguments == [
        "luck",
        "--strategy=/study/mine.py",
        "--accounts=/study/accounts.toml",
        "--winner=/data/optimise",
        "--pairs=BTC/USD",
        "--out=/data/mine",
        "--replace",
    ]
    assert asked.files == {"mine.py": Path("mine.py"), "accounts.toml": Path("accounts.toml")}
    assert asked.out == Path("runs/mine")
    assert Asked(["backtest", "--strategy=sma_cross"]).arguments[-1] == "--out=/data/backtest"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "expected one of backtest, optimise, luck, walk-forward, nothing came"),
        (["demo"], "expected one of backtest, .*, was 'demo'"),
        (
            ["backtest", "--run=runs/demo"],
            "run= is of this machine: expected the candles in the cluster's RisingWave",
        ),
        (["backtest", "--strategy=their.py"], "strategy=their.py: expected a file, there is none"),
        (["backtest", "--models=folder"], "models=folder: a folder stays on this machine: expected an address"),
        (["backtest", "--bars=big.csv"], "big.csv: expected at most 1,000,000 bytes to go along, was 1,000,001"),
        (["backtest", "--out=folder"], "out=folder: expected a folder that is not there yet, or replace=yes"),
        (["backtest", "--strategy=mine.py", "--accounts=folder/mine.py"], "mine.py and folder/mine.py have the same"),
    ],
)
def test_what_the_cluster_cannot_have_is_told(words: list[str], told: str, here: Path) -> None:
    (here / "folder").mkdir()
    (here / "folder/mine.py").touch()
    (here / "big.csv").write_bytes(b" " * 1_000_001)
    with pytest.raises(deploy.DeployError, match=told):
        Asked(words)


def _job(asked: Asked, target: deploy.Target = TARGET) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    manifests = check.render(study.write_study(target, "tradestream/study", "dev-0123", asked))
    assert not check.validate(manifests)
    (job,) = (each for each in manifests if each["kind"] == "Job")
    return job, manifests


@pytest.mark.parametrize("env", deploy.ENVIRONMENTS)
def test_what_is_applied_is_this_study(env: str) -> None:
    asked = Asked(["optimise", "--strategy=mine.py", "--range=fast=5:60"])
    job, manifests = _job(asked, deploy.Target(deploy.STUDY, env, deploy.STUDY))
    assert job["metadata"]["name"] == "study-optimise"
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["args"] == asked.arguments and container["image"] == "tradestream/study:dev-0123"
    volumes = {each["name"]: each for each in pod["volumes"]}
    files = {each["metadata"]["name"]: each.get("data", {}) for each in manifests if each["kind"] == "ConfigMap"}
    assert files[volumes["files"]["configMap"]["name"]] == {"mine.py": "class Mine: ...\n"}
    assert volumes["data"]["persistentVolumeClaim"] == {"claimName": "studies"} and "emptyDir" not in volumes["data"]
    named = {each["name"] for each in container["env"]}
    assert ("STORE_PASSWORD" in named) == (env == "prod")


def test_its_command_is_told_where_candles_are_unless_it_has_bars(here: Path) -> None:
    (container,) = _job(Asked(["backtest", "--strategy=mine.py"]))[0]["spec"]["template"]["spec"]["containers"]
    program = here / "tradestream"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    program.chmod(0o755)

    def said(*words: str, **variables: str) -> list[str]:
        environment = {"PATH": f"{here}:{os.environ['PATH']}", **variables}
        command = [*container["command"], *words]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True
        ).stdout.splitlines()

    store = "risingwave-frontend.risingwave.svc:4567/dev"
    assert said("backtest", "--strategy=a b") == [
        "backtest",
        "--strategy=a b",
        f"--from-store=risingwave://root@{store}",
    ]
    word = "p4ss"  # pragma: allowlist secret
    assert said("luck", STORE_PASSWORD=word)[-1] == f"--from-store=risingwave://root:{word}@{store}"
    assert said("backtest", "--bars=/study/x.csv") == ["backtest", "--bars=/study/x.csv"]


def test_the_pod_that_brings_results_may_no_more_than_the_job() -> None:
    job, manifests = _job(Asked(["backtest", "--strategy=mine.py"]))
    pod = study.reader(job["spec"]["template"])
    assert not check.validate([pod])
    assert pod["spec"]["containers"][0]["command"][0] == "sleep" and not pod["spec"]["containers"][0]["args"]
    policies = [each["spec"]["podSelector"] for each in manifests if each["kind"] == "NetworkPolicy"]
    assert {"matchLabels": {"app": pod["metadata"]["labels"]["app"]}} in policies
    theirs = job["spec"]["template"]["spec"]
    for kept in ("serviceAccountName", "securityContext", "volumes", "automountServiceAccountToken"):
        assert pod["spec"][kept] == theirs[kept]
    assert pod["spec"]["containers"][0]["securityContext"] == theirs["containers"][0]["securityContext"]
    as_a_job = {"kind": "Job", "metadata": job["metadata"], "spec": {"template": pod}}
    (rules,) = platform_manifests.pods([as_a_job])
    assert not [*pod_rules.without_requests([rules]), *pod_rules.without_a_number([rules])]
    assert not pod_rules.refused([rules], {rules.namespace: "restricted"})


KUBECTL = """#!{python}
import json, shutil, sys
words = sys.argv[1:]
open("{log}", "a").write(json.dumps(words) + "\\n")
if "get" in words:
    print(open("{job}").read())
elif "exec" in words:
    shutil.copyfileobj(open("{archive}", "rb"), sys.stdout.buffer)
    sys.exit({broken})
elif words[-2:] == ["-f", "-"]:
    sys.stdin.read()
elif "config" in words:
    print("elsewhere")
"""


@pytest.mark.parametrize("broken", [0, 1])
def test_what_it_wrote_is_here_again(here: Path, monkeypatch: pytest.MonkeyPatch, broken: int) -> None:
    asked = Asked(["backtest", "--strategy=mine.py", "--out=runs/mine"])
    job, _ = _job(asked)
    job["status"] = {
        "conditions": [{"type": "Complete", "status": "True"}],
        "startTime": "then",
        "completionTime": "later",
    }
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as written:
        text = b"{}"
        entry = tarfile.TarInfo("mine/summary.json")
        entry.size = len(text)
        written.addfile(entry, io.BytesIO(text))
    (here / "archive").write_bytes(archive.getvalue())
    (here / "job").write_text(json.dumps(job), encoding="utf-8")
    places = {name: here / name for name in ("log", "job", "archive")}
    kubectl = here / "kubectl"
    kubectl.write_text(KUBECTL.format(python=os.sys.executable, broken=broken, **places), encoding="utf-8")  # type: ignore[attr-defined]
    kubectl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{here}:{os.environ['PATH']}")
    monkeypatch.setattr(study, "image_of", lambda _: ("tradestream/study", "dev-0123"))
    if broken:
        with pytest.raises(deploy.DeployError, match="mine could not be read from the volume"):
            study.run_study(TARGET, asked, 5)
    else:
        study.run_study(TARGET, asked, 5)
        assert (here / "runs/mine/summary.json").read_text(encoding="utf-8") == "{}"
    told = [json.loads(line)[2:] for line in (here / "log").read_text(encoding="utf-8").splitlines()]
    verbs = [words[0] for words in told if words]
    assert verbs.index("delete") < verbs.index("apply") < verbs.index("logs") < verbs.index("exec")
    assert told[-1][:2] == ["delete", "pod/study-results"], "the pod that brings them goes whatever comes"


LOGS = """#!/bin/sh
# The container is not there at first; then its words break off; in the end all are there.
echo call >> {calls}
case $(wc -l < {calls}) in
1 | 2) echo 'container "service" is waiting to start: ContainerCreating' >&2; exit 1 ;;
3) printf 'Bars 9\nAccount\n' ;;
*) printf 'Bars 9\nAccount\nEquity\n' ;;
esac
"""


def test_what_it_says_is_shown_once_whenever_its_container_begins(
    here: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (here / "kubectl").write_text(LOGS.format(calls=here / "calls"), encoding="utf-8")
    (here / "kubectl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{here}:{os.environ['PATH']}")
    shown = study.Shown("job/study-backtest")
    for _ in range(3):
        shown.more("--follow")
    shown.more()
    told = capfd.readouterr()
    assert told.out.endswith("Bars 9\nAccount\nEquity\n")
    assert told.out.count("Bars") == told.out.count("ContainerCreating") == 1


def test_a_study_is_not_deployed_without_words() -> None:
    with pytest.raises(deploy.DeployError, match="make backtest, optimise, luck or walk-forward where=cluster"):
        deploy.deploy(TARGET)


def test_the_program_says_what_is_wrong_and_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert study.main(["--", "demo"]) == 2
    assert "expected one of backtest" in capsys.readouterr().err


def test_without_a_cluster_nothing_is_built(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "kubectl").write_text("#!/bin/sh\necho error: current-context is not set >&2\nexit 1\n", encoding="utf-8")
    (here / "kubectl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{here}:{os.environ['PATH']}")
    assert study.main(["--only-check", "--", "backtest", "--strategy=mine.py"]) == 2
    assert "there is no cluster: make doctor, make cluster, or where=here" in capsys.readouterr().err
    (here / "kubectl").write_text("#!/bin/sh\necho mine\n", encoding="utf-8")
    assert study.main(["--only-check", "--", "backtest", "--strategy=mine.py"]) == 0
