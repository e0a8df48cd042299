"""Images for several platforms, and PyTorch for the CPU alone: what docker and uv are asked for."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from deployments.graph.images import PLATFORMS
from tests.deployments.planted_faults import _programs
from tests.docker.dockerfile import DOCKER, instructions
from tests.support.workspace import ROOT, SERVICES

BAKE = json.loads((DOCKER / "bake.json").read_text(encoding="utf-8"))
IMAGES = (*SERVICES, "simulator", "train", "study", "mlflow")
#: What each platform is called in a wheel's name.
MACHINES = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}
PYTHON = re.compile(r"-cp311-|-abi3-|-py3-none-|\.py3-none-")


def built_for(package: dict[str, Any], machine: str) -> bool:
    """Whether a locked package needs no compiler on Debian's Python 3.11 of this machine."""
    names = [each["url"].rpartition("/")[2] for each in package.get("wheels", [])]
    return any(
        name.endswith("-any.whl") or ("manylinux" in name and machine in name and PYTHON.search(name))
        for name in names
    )


def lacking(lock: dict[str, Any]) -> Iterator[str]:
    """Return which locked packages have a wheel for Debian on one platform of ours and not on another."""
    for package in lock["package"]:
        has = [platform for platform in PLATFORMS if built_for(package, MACHINES[platform])]
        if has and len(has) < len(PLATFORMS):
            yield f"{package['name']} {package['version']}: {', '.join(has)} alone"


def test_every_locked_package_has_wheels_for_all_platforms() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    assert set(MACHINES) == set(PLATFORMS)
    assert not list(lacking(lock))
    talib = next(each for each in lock["package"] if each["name"] == "ta-lib")
    talib["wheels"] = [each for each in talib["wheels"] if "aarch64" not in each["url"]]
    assert list(lacking(lock)) == [f"ta-lib {talib['version']}: linux/amd64 alone"]


@pytest.mark.parametrize("name", IMAGES)
def test_buildx_builds_what_build_does(name: str) -> None:
    docker = 'case "$*" in *RootFS.Layers*) echo a ;; *.Size*) echo 1000000 ;; esac'
    with _programs(docker=docker) as calls:
        subprocess.run([str(DOCKER / "build.sh"), name, "lstm"], check=True, capture_output=True)
        built = next(line for line in calls.read_text().splitlines() if line.startswith("docker build "))
    target = BAKE["target"][name]
    given = {
        each: value.replace("${MODEL}", "lstm").replace("${TORCH_INDEX}", "")
        for each, value in target["args"].items()
    }
    assert dict(re.findall(r"--build-arg (\w+)=(\S*)", built)) == given
    assert f"--file {target['dockerfile']} " in built and built.endswith(f"{target['context']}")
    assert f"--tag {target['tags'][0].replace('${TAG}', 'dev')} " in built
    assert target["platforms"] == list(PLATFORMS)


def test_every_image_is_among_them_with_arguments_that_its_file_takes() -> None:
    assert tuple(BAKE["target"]) == IMAGES == tuple(BAKE["group"]["default"]["targets"])
    for target in BAKE["target"].values():
        taken = {
            argument.partition("=")[0]
            for name, argument in instructions(ROOT / target["dockerfile"])
            if name == "ARG"
        }
        assert set(target["args"]) == taken


def test_one_name_is_pushed_for_all_platforms_and_follows_from_their_contents() -> None:
    def pushed(content: str) -> list[str]:
        docker = f'case "$*" in *RootFS.Layers*) echo "{content} ${{3}} $5" ;; esac'
        with _programs(docker=docker) as calls:
            environment = {**os.environ, "PATH": f"{calls.parent}:{os.environ['PATH']}"}
            environment |= {"PLATFORMS": ",".join(PLATFORMS), "TAG": "v0.2.0"}
            subprocess.run(
                [str(DOCKER / "push.sh"), "candles", "ghcr.io/me"], check=True, env=environment, capture_output=True
            )
            return calls.read_text().splitlines()

    said = pushed("a")
    bakes = [line for line in said if " bake " in line]
    assert [re.findall(r"candles\.platform=(\S+)", line) for line in bakes] == [[each] for each in PLATFORMS]
    parts = [line.split()[-1] for line in said if line.startswith("docker push")]
    assert len(set(parts)) == len(PLATFORMS)
    together = [line.split() for line in said if "imagetools create" in line]
    assert [words[-len(parts) :] for words in together] == [parts, parts]
    names = [words[words.index("--tag") + 1] for words in together]
    assert re.fullmatch(r"ghcr\.io/me/tradestream/candles:dev-[0-9a-f]{12}", names[0]) and names[0] not in parts
    assert names[1] == "ghcr.io/me/tradestream/candles:v0.2.0"
    assert pushed("a") == said, "unchanged contents have the same name"
    assert [line for line in pushed("b") if "imagetools" in line] != [line for line in said if "imagetools" in line]


LOCKED = "numpy==2.4.0\ntorch==2.15.0\nnvidia-cublas==13.4 ; x == 'linux'\ncuda-toolkit==13.2\ntriton==3.9.0 ; x\n"


def synced(index: str, locked: str) -> list[str]:
    """Return what torch.sh asks uv for."""
    with _programs(uv=f'[ "$1" != export ] || printf "{locked}"') as calls:
        environment = {**os.environ, "PATH": f"{calls.parent}:{os.environ['PATH']}"}
        command = ["sh", str(DOCKER / "torch.sh"), index, "--no-editable", "--package", "tradestream-training"]
        subprocess.run(command, check=True, env=environment, capture_output=True)
        return [line for line in calls.read_text().splitlines() if " export " not in line]


def test_pytorch_of_another_index_brings_nothing_of_cuda() -> None:
    without, install = synced("https://download.pytorch.org/whl/cpu", LOCKED)
    left_out = re.findall(r"--no-install-package (\S+)", without)
    assert left_out == ["torch", "nvidia-cublas", "cuda-toolkit", "triton"]
    assert (
        "--frozen" in without
        and "--inexact" in without
        and without.endswith("--no-editable --package tradestream-training")
    )
    assert "--no-deps --index https://download.pytorch.org/whl/cpu" in install and install.endswith(" torch==2.15.0")


def test_without_an_index_or_pytorch_all_is_as_it_is_locked() -> None:
    plain = ["uv sync --frozen --no-dev --no-editable --package tradestream-training"]
    assert synced("", LOCKED) == plain
    assert synced("https://download.pytorch.org/whl/cpu", "numpy==2.4.0\n") == plain
